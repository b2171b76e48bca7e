"""Fixtures of the toy service: database, topics, Kafka records, running replicas."""

import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy import processes
from deploy.local.stack import Stack, run_in_new_loop
from deploy.processes import Service
from shared.contracts.envelope import Message
from shared.ops import topics
from shared.persistence.database import create_engine
from shared.persistence.migrate import migrate
from shared.settings import KafkaSettings
from tests.support.events import encode_message
from tests.support.records import Record, build_record
from tests.support.timing import MAX_WAIT_SECONDS
from tests.support.toy.app import app
from tests.support.toy.messages import ARRIVALS, COMMANDS, EVENTS

MakeRecord = Callable[..., Record]
StartService = Callable[..., Service]
SERVICE_NAME = "tests.support.toy.app"


async def _create_database(superuser_url: str) -> dict[str, str]:
    server = await asyncpg.connect(superuser_url)
    await server.execute("CREATE ROLE toy_owner LOGIN PASSWORD 'toy'; CREATE ROLE toy_app LOGIN PASSWORD 'toy'")
    await server.execute("CREATE DATABASE toy OWNER toy_owner")
    await server.close()
    address = superuser_url.rpartition("@")[2].rpartition("/")[0]
    return {
        "TOY_DATABASE_URL": f"postgresql://toy_app:toy@{address}/toy",
        "TOY_MIGRATION_DATABASE_URL": f"postgresql://toy_owner:toy@{address}/toy",
    }


@pytest.fixture(scope="session")
def toy(stack: Stack) -> Iterator[Mapping[str, str]]:
    """Create the database and topics of the toy service and return its environment."""
    if stack.postgres is None:
        pytest.skip("the toy service requires a PostgreSQL started by the tests")
    servers = stack.env["KAFKA_BOOTSTRAP_SERVERS"]
    settings = KafkaSettings(kafka_bootstrap_servers=servers, topic_partitions=4)
    run_in_new_loop(topics.create(settings, [COMMANDS, ARRIVALS, EVENTS]))
    toy_environment = run_in_new_loop(_create_database(stack.postgres.superuser_url)) | {
        "KAFKA_BOOTSTRAP_SERVERS": servers
    }
    previous = dict(os.environ)
    os.environ.update(toy_environment)
    run_in_new_loop(migrate("toy", app.state.versions))
    yield toy_environment
    os.environ.clear()
    os.environ.update(previous)


@pytest.fixture
async def engine(toy: Mapping[str, str]) -> AsyncIterator[AsyncEngine]:
    """Empty the database of the toy service and connect as its login role."""
    owner = await asyncpg.connect(toy["TOY_MIGRATION_DATABASE_URL"])
    await owner.execute("TRUNCATE unit, lock_key, inbox, outbox, dead_letter, offset_skip, idempotency, rejection")
    await owner.close()
    test_engine = create_engine(toy["TOY_DATABASE_URL"], "test", 5)
    yield test_engine
    await test_engine.dispose()


@pytest.fixture
def record() -> MakeRecord:
    """Create records with increasing offsets."""
    offset = 0

    def make(topic: str, value: bytes | None, key: bytes | None = None, partition: int = 0) -> Record:
        nonlocal offset
        offset += 1
        return build_record(value, key=key, topic=topic, partition=partition, offset=offset)

    return make


@pytest.fixture
def start(toy: Mapping[str, str], tmp_path: Path) -> Iterator[StartService]:
    """Start ready replicas of the toy service; they are killed after the test."""
    started: list[Service] = []
    (tmp_path / "failpoints").mkdir()

    def start_replica(**extra: str) -> Service:
        environment = {**toy, "KAFKA_SESSION_TIMEOUT_MS": "2000", "TRACELOT_FAILPOINTS": str(tmp_path / "failpoints")}
        service = processes.start(SERVICE_NAME, environment, tmp_path, replica=len(started) + 1, extra=extra)
        started.append(service)
        service.wait_ready(MAX_WAIT_SECONDS)
        return service

    yield start_replica
    for service in started:
        service.kill()


@pytest.fixture
async def publish(toy: Mapping[str, str]) -> AsyncIterator[Callable[..., Any]]:
    """Publish a payload, or bytes with a key."""
    async with AIOKafkaProducer(
        bootstrap_servers=toy["KAFKA_BOOTSTRAP_SERVERS"], max_request_size=4 * 1024 * 1024
    ) as producer:

        async def send(
            payload: Message | None = None,
            *,
            topic: str = "toy.arrivals",
            key: str = "",
            value: bytes | None = None,
            **overrides: Any,
        ) -> Any:
            if payload is not None:
                topic, key, value = payload.TOPIC.name, payload.key(), encode_message(payload)
            return await producer.send_and_wait(topic, value, key.encode() or None, **overrides)

        yield send


@pytest.fixture(params=["lots", "serials"])
async def kept_service(
    request: pytest.FixtureRequest, stack: Stack, toy: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> str:
    """Create an empty database of a service, set its variables and return the name of the service."""
    name: str = request.param
    assert stack.postgres is not None
    server = await asyncpg.connect(stack.postgres.superuser_url)
    await server.execute(f"DROP DATABASE IF EXISTS kept_{name}")
    await server.execute(f"CREATE DATABASE kept_{name} OWNER toy_owner")
    await server.close()
    for variable in ("DATABASE_URL", "MIGRATION_DATABASE_URL"):
        url = toy[f"TOY_{variable}"].removesuffix("toy")
        monkeypatch.setenv(f"{name.upper()}_{variable}", f"{url}kept_{name}")
    return name
