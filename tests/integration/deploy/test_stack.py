"""The local stack with real servers: crashes, restarts, cleanup, privileges."""

import json
import os
import stat
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from deploy.local.children import StartError
from deploy.local.stack import ENVIRONMENT_VARIABLES, Stack, run_in_new_loop
from deploy.prepare import prepare
from shared.contracts.topics import ERP_PRODUCTS, TOPICS
from shared.ops import topics
from shared.settings import KafkaSettings
from tests.support.polling import wait_until
from tests.support.timing import MAX_WAIT_SECONDS, assert_duration

TOPIC = ERP_PRODUCTS

START_STACK_SCRIPT = """
import sys, time
from pathlib import Path
from deploy.local.stack import ENVIRONMENT_VARIABLES, Stack, run_in_new_loop
from deploy.prepare import prepare
stack = Stack(Path(sys.argv[1]), keep_data=True)
stack.start()
print(stack.postgres.process.pid, stack.kafka.process.pid, flush=True)
time.sleep(600)
"""


async def publish(stack: Stack, value: bytes) -> None:
    """Publish one record and wait for its acknowledgement."""
    servers = stack.env["KAFKA_BOOTSTRAP_SERVERS"]
    async with AIOKafkaProducer(bootstrap_servers=servers, max_request_size=3_000_000) as producer:
        await producer.send_and_wait(TOPIC.name, value, partition=0)


async def read_topic(stack: Stack) -> list[bytes | None]:
    """Read the topic from the beginning."""
    servers = stack.env["KAFKA_BOOTSTRAP_SERVERS"]
    async with AIOKafkaConsumer(bootstrap_servers=servers, auto_offset_reset="earliest") as consumer:
        consumer.assign([partition := TopicPartition(TOPIC.name, 0)])
        end = (await consumer.end_offsets([partition]))[partition]
        return [(await consumer.getone()).value for _ in range(end)]


async def test_acknowledged_data_survives_crashes_and_restart(tmp_path: Path) -> None:
    """Data survives a kill of Kafka, a crash of PostgreSQL and a restart of the stack."""
    with Stack(tmp_path / "stack", keep_data=True) as stack:
        settings = KafkaSettings(kafka_bootstrap_servers=stack.env["KAFKA_BOOTSTRAP_SERVERS"], topic_partitions=1)
        await topics.create(settings, [TOPIC])
        owner = await asyncpg.connect(stack.env["SERIALS_MIGRATION_DATABASE_URL"])
        await owner.execute("CREATE TABLE kept (n int); INSERT INTO kept VALUES (1)")
        await publish(stack, b"before")
        stack.kill_kafka()
        stack.restart_postgres("immediate")
        stack.start_kafka()
        await topics.create(settings, [TOPIC])
        await publish(stack, b"x" * 2_000_000)
        with pytest.raises(StartError, match="already"):
            Stack(tmp_path / "stack", keep_data=True).start()
        state_file = tmp_path / "stack" / "stack.json"
        assert json.loads(state_file.read_text())["environment"] == stack.env
        assert stat.S_IMODE(state_file.stat().st_mode) == 0o600
    started_at = time.monotonic()
    with Stack(tmp_path / "stack", keep_data=False) as stack:
        assert_duration("start of the stack on kept data", time.monotonic() - started_at, 15)
        assert await read_topic(stack) == [b"before", b"x" * 2_000_000]
        owner = await asyncpg.connect(stack.env["SERIALS_MIGRATION_DATABASE_URL"])
        assert await owner.fetchval("SELECT n FROM kept") == 1
        await owner.close()
    assert not (tmp_path / "stack").exists()


async def test_service_role_has_only_granted_privileges(stack: Stack) -> None:
    """The login role creates no tables, reads no ungranted table and connects to no other service's database."""
    login = await asyncpg.connect(stack.env["SERIALS_DATABASE_URL"])
    owner = await asyncpg.connect(stack.env["SERIALS_MIGRATION_DATABASE_URL"])
    try:
        await owner.execute("CREATE TABLE secret (n int)")
        for statement in ("CREATE TABLE mine (n int)", "CREATE TEMP TABLE mine (n int)", "SELECT * FROM secret"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await login.execute(statement)
        assert await login.fetchval("SHOW idle_in_transaction_session_timeout") == "5s"
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await asyncpg.connect(stack.env["SERIALS_DATABASE_URL"], database="lots")
    finally:
        await owner.execute("DROP TABLE IF EXISTS secret")
        await owner.close()
        await login.close()


def is_alive(pid: int) -> bool:
    """Return whether a process is running; a zombie is not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has the parent's death signal")
def test_servers_die_with_killed_parent(tmp_path: Path) -> None:
    """SIGKILL of the parent ends both servers, and the stack can be started again."""
    command = [sys.executable, "-c", START_STACK_SCRIPT, str(tmp_path / "stack")]
    parent = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    children = [int(pid) for pid in parent.stdout.readline().split()]
    parent.kill()
    parent.wait()
    assert len(children) == 2
    deadline = time.monotonic() + MAX_WAIT_SECONDS
    while any(map(is_alive, children)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    with Stack(tmp_path / "stack", keep_data=False) as stack:
        assert stack.is_managed


@pytest.mark.skipif(os.geteuid() != 0, reason="only root changes its user")
def test_root_runs_postgres_in_a_private_folder(tmp_path: Path) -> None:
    """Root can run the stack in a private home folder without changing its permissions."""
    private_folder = tmp_path / "home"
    private_folder.mkdir(mode=0o700)
    with Stack(private_folder / "stack", keep_data=False) as stack:
        assert stack.postgres is not None
        assert stack.postgres.process is not None
        assert Path(f"/proc/{stack.postgres.process.pid}").stat().st_uid != 0
    assert stat.S_IMODE(private_folder.stat().st_mode) == 0o700


def test_stack_kind_is_chosen_by_name_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: Mapping[str, str]
) -> None:
    """Variables of the services alone never redirect a stack; `external` needs all of them."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with Stack(tmp_path / "stack", keep_data=False) as stack:
        assert stack.is_managed
        assert stack.env != environment
    monkeypatch.setenv("TRACELOT_STACK", "external")
    with Stack(tmp_path / "stack", keep_data=False) as stack:
        assert not stack.is_managed
        servers = {name: environment[name] for name in (*ENVIRONMENT_VARIABLES, "AUTH_FOLDER", "AUTH_ISSUERS")}
        assert stack.env == servers | {"KAFKA_TOPIC_PREFIX": ""}
    monkeypatch.delenv("LOTS_DATABASE_URL")
    with pytest.raises(StartError, match="needs LOTS_DATABASE_URL; set"):
        Stack(tmp_path / "stack", keep_data=False).start()
    monkeypatch.setenv("TRACELOT_STACK", "kubernetes")
    with pytest.raises(StartError, match="kubernetes is unknown; use one of local, docker, external"):
        Stack(tmp_path / "stack", keep_data=False).start()


def test_kafka_settings_of_the_shell_do_not_reach_a_local_stack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Topic settings of a production shell, such as three replicas, do not apply to the only broker."""
    for name, value in (("REPLICATION_FACTOR", "3"), ("MIN_INSYNC_REPLICAS", "2"), ("TOPIC_PREFIX", "north.")):
        monkeypatch.setenv(f"KAFKA_{name}", value)
    with Stack(tmp_path / "stack", keep_data=False) as stack:
        prepare(stack.env)
        run_in_new_loop(wait_for_topics(stack.env["KAFKA_BOOTSTRAP_SERVERS"]))


async def wait_for_topics(servers: str) -> None:
    """Wait until a broker lists all topics, which it does shortly after their creation."""
    async with AIOKafkaConsumer(bootstrap_servers=servers) as consumer:

        async def are_listed() -> bool:
            return {topic.name for topic in TOPICS} <= set(await consumer.topics())

        await wait_until(are_listed)
