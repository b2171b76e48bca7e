"""The local stack for real: it survives being killed, keeps its data, and leaves nothing behind."""

import json
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from deploy import topics
from deploy.local.children import StartError
from deploy.local.stack import VARIABLES, Stack
from shared.contracts.topics import ERP_PRODUCTS
from tests.timing import PATIENCE, judge

TOPIC = ERP_PRODUCTS

STARTS_A_STACK = """
import sys, time
from pathlib import Path
from deploy.local.stack import Stack
stack = Stack(Path(sys.argv[1]), keep=True)
stack.start()
print(stack.postgres.process.pid, stack.kafka.process.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture(autouse=True)
def _nothing_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a stack of this file start its own servers, whatever the session uses."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


async def say(stack: Stack, text: bytes) -> None:
    """Publish one record, acknowledged."""
    servers = stack.env["KAFKA_BOOTSTRAP_SERVERS"]
    async with AIOKafkaProducer(bootstrap_servers=servers, max_request_size=3_000_000) as producer:
        await producer.send_and_wait(TOPIC.name, text, partition=0)


async def said(stack: Stack) -> list[bytes | None]:
    """Read the topic from its beginning."""
    servers = stack.env["KAFKA_BOOTSTRAP_SERVERS"]
    async with AIOKafkaConsumer(bootstrap_servers=servers, auto_offset_reset="earliest") as consumer:
        consumer.assign([partition := TopicPartition(TOPIC.name, 0)])
        end = (await consumer.end_offsets([partition]))[partition]
        return [(await consumer.getone()).value for _ in range(end)]


async def test_what_was_acknowledged_survives_crashes_and_a_second_start(tmp_path: Path) -> None:
    """Kafka is killed, PostgreSQL crashes, the stack is stopped and started: ports change, data does not."""
    with Stack(tmp_path / "stack", keep=True) as stack:
        await topics.create(stack.env["KAFKA_BOOTSTRAP_SERVERS"], [TOPIC], partitions=1)
        owner = await asyncpg.connect(stack.env["SERIALS_OWNER_URL"])
        await owner.execute("CREATE TABLE kept (n int); INSERT INTO kept VALUES (1)")
        await say(stack, b"before")
        stack.kill_kafka()
        stack.restart_postgres("immediate")
        stack.start_kafka()
        await topics.create(stack.env["KAFKA_BOOTSTRAP_SERVERS"], [TOPIC], partitions=1)
        await say(stack, b"x" * 2_000_000)
        with pytest.raises(StartError, match="already"):
            Stack(tmp_path / "stack", keep=True).start()
        written = tmp_path / "stack" / "stack.json"
        assert json.loads(written.read_text())["environment"] == stack.env
        assert stat.S_IMODE(written.stat().st_mode) == 0o600
    started = time.monotonic()
    with Stack(tmp_path / "stack", keep=False) as stack:
        judge("start of the stack on kept data", time.monotonic() - started, 15)
        assert await said(stack) == [b"before", b"x" * 2_000_000]
        owner = await asyncpg.connect(stack.env["SERIALS_OWNER_URL"])
        assert await owner.fetchval("SELECT n FROM kept") == 1
        await owner.close()
    assert not (tmp_path / "stack").exists()


async def test_a_login_may_do_only_what_it_is_granted(stack: Stack) -> None:
    """The service's login makes no table, sees no table of its owner's and enters no sibling's database."""
    login = await asyncpg.connect(stack.env["SERIALS_DATABASE_URL"])
    owner = await asyncpg.connect(stack.env["SERIALS_OWNER_URL"])
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


def alive(pid: int) -> bool:
    """Say whether a process runs; one that ended and waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has the parent's death signal")
def test_the_servers_die_with_a_killed_parent(tmp_path: Path) -> None:
    """SIGKILL of whoever started the stack ends both servers, and the next start takes over."""
    command = [sys.executable, "-c", STARTS_A_STACK, str(tmp_path / "stack")]
    parent = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    children = [int(pid) for pid in parent.stdout.readline().split()]
    parent.kill()
    parent.wait()
    assert len(children) == 2
    deadline = time.monotonic() + PATIENCE
    while any(map(alive, children)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    with Stack(tmp_path / "stack", keep=False) as stack:
        assert stack.ours


@pytest.mark.skipif(os.geteuid() != 0, reason="only root changes its user")
def test_root_runs_postgres_in_a_folder_closed_to_others(tmp_path: Path) -> None:
    """A project in a closed home works for root as well, without changing the home."""
    closed = tmp_path / "home"
    closed.mkdir(mode=0o700)
    with Stack(closed / "stack", keep=False) as stack:
        assert stack.postgres is not None
        assert stack.postgres.process is not None
        assert Path(f"/proc/{stack.postgres.process.pid}").stat().st_uid != 0
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
