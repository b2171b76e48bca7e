"""The toy service's database and topics, and records as Kafka would hand them over."""

import json
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer, ConsumerRecord
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy import processes, topics
from deploy.local.stack import Stack, run_apart
from deploy.processes import Service
from shared.contracts.envelope import Fact
from shared.database import create_engine
from shared.migrate import migrate
from tests.shared.toy.app import app
from tests.shared.toy.messages import COMMANDS, EVENTS, NEWS
from tests.timing import PATIENCE

Record = ConsumerRecord[bytes | None, bytes | None]
Send = Callable[..., Record]
Start = Callable[..., Service]
NAME = "tests.shared.toy.app"


async def _database(superuser_url: str) -> dict[str, str]:
    server = await asyncpg.connect(superuser_url)
    await server.execute("CREATE ROLE toy_owner LOGIN PASSWORD 'toy'; CREATE ROLE toy_app LOGIN PASSWORD 'toy'")
    await server.execute("CREATE DATABASE toy OWNER toy_owner")
    await server.close()
    address = superuser_url.rpartition("@")[2].rpartition("/")[0]
    return {
        "TOY_DATABASE_URL": f"postgresql://toy_app:toy@{address}/toy",
        "TOY_OWNER_URL": f"postgresql://toy_owner:toy@{address}/toy",
    }


@pytest.fixture(scope="session")
def toy(stack: Stack) -> Iterator[Mapping[str, str]]:
    """Make the toy service's database and topics; its environment."""
    if stack.postgres is None:
        pytest.skip("the toy service's database is made in a PostgreSQL of our own")
    servers = stack.env["KAFKA_BOOTSTRAP_SERVERS"]
    run_apart(topics.create(servers, [COMMANDS, NEWS, EVENTS], partitions=4))
    made = run_apart(_database(stack.postgres.superuser_url)) | {"KAFKA_BOOTSTRAP_SERVERS": servers}
    before = dict(os.environ)
    os.environ.update(made)
    run_apart(migrate("toy", app.state.versions))
    yield made
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
async def engine(toy: Mapping[str, str]) -> AsyncIterator[AsyncEngine]:
    """Connect to the toy service's database, emptied, as its login role."""
    owner = await asyncpg.connect(toy["TOY_OWNER_URL"])
    await owner.execute("TRUNCATE unit, lock, inbox, outbox, dead_letter, skip, idempotency, rejection")
    await owner.close()
    made = create_engine(toy["TOY_DATABASE_URL"], "test", 5)
    yield made
    await made.dispose()


def message(fact: Fact, **frame: Any) -> bytes:
    """A fact as a sender would write it."""
    whole = {
        "specversion": "1.0", "id": str(uuid4()), "source": "tests", "type": fact.TYPE,
        "time": "2026-01-02T03:04:05Z", "data": json.loads(fact.model_dump_json(exclude_none=True)),
    }  # fmt: skip
    return json.dumps(whole | frame).encode()


@pytest.fixture
def record() -> Send:
    """Make records with offsets that count up, keyed by their document unless said otherwise."""
    offset = 0

    def make(topic: str, value: bytes | None, key: bytes | None = None, partition: int = 0) -> Record:
        nonlocal offset
        offset += 1
        return ConsumerRecord(topic, partition, offset, 1_700_000_000_000, 0, key, value, None, 0, 0, ())

    return make


@pytest.fixture
def start(toy: Mapping[str, str], tmp_path: Path) -> Iterator[Start]:
    """Start replicas of the toy service, ready to work; they end with the test."""
    started: list[Service] = []
    (tmp_path / "failpoints").mkdir()

    def one(**extra: str) -> Service:
        environment = {**toy, "KAFKA_SESSION_TIMEOUT_MS": "2000", "TRACELOT_FAILPOINTS": str(tmp_path / "failpoints")}
        service = processes.start(NAME, environment, tmp_path, replica=len(started) + 1, extra=extra)
        started.append(service)
        service.wait_ready(PATIENCE)
        return service

    yield one
    for service in started:
        service.kill()


@pytest.fixture
async def publish(toy: Mapping[str, str]) -> AsyncIterator[Callable[..., Any]]:
    """Publish a fact, or bytes under a key."""
    async with AIOKafkaProducer(
        bootstrap_servers=toy["KAFKA_BOOTSTRAP_SERVERS"], max_request_size=4 * 1024 * 1024
    ) as producer:

        async def send(
            fact: Fact | None = None, *, topic: str = "toy.news", key: str = "", value: bytes | None = None, **more: Any
        ) -> Any:
            if fact is not None:
                topic, key, value = fact.TOPIC.name, fact.key(), message(fact)
            return await producer.send_and_wait(topic, value, key.encode() or None, **more)

        yield send
