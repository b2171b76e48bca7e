"""Observes the toy service from outside: table, topic, readiness."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from aiokafka import AIOKafkaConsumer, TopicPartition
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.processes import Service
from shared.messaging.batch_consumer import BatchConsumer
from shared.persistence.database import read_only
from tests.support.auth import bearer
from tests.support.polling import wait_until
from tests.support.timing import MAX_WAIT_SECONDS
from tests.support.toy.messages import Arrived


async def published_events(box: str) -> list[dict[str, Any]]:
    """Read all messages about a box from the topic of the toy service, including duplicates."""
    servers = os.environ["KAFKA_BOOTSTRAP_SERVERS"]
    async with AIOKafkaConsumer(bootstrap_servers=servers, auto_offset_reset="earliest") as consumer:
        partitions = [TopicPartition("toy.events", number) for number in range(4)]
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        events = []
        while any([await consumer.position(partition) < ends[partition] for partition in partitions]):
            for records in (await consumer.getmany(timeout_ms=200)).values():
                events += [json.loads(record.value) for record in records if record.key == box.encode()]
    return events


async def box_contents(engine: AsyncEngine, box: str) -> list[str]:
    """List the units in a box in order."""
    async with read_only(engine) as tx:
        rows = await tx.fetch_all(text("SELECT serial FROM unit WHERE box = :box ORDER BY position"), {"box": box})
    return [row.serial for row in rows]


def has_units(engine: AsyncEngine, box: str, count: int) -> Callable[[], Any]:
    """Return a condition: the box contains at least `count` units."""

    async def check() -> bool:
        return len(await box_contents(engine, box)) >= count

    return check


async def get_readiness(service: Service) -> tuple[int, dict[str, Any]]:
    """Request /ready and return status and body."""
    async with httpx.AsyncClient(timeout=MAX_WAIT_SECONDS, headers=bearer()) as client:
        response = await client.get(f"{service.url}/ready")
    return response.status_code, response.json()


def has_partitions(consumer: BatchConsumer) -> Callable[[], Any]:
    """Return a condition: the consumer has joined its group and has partitions."""

    async def check() -> bool:
        return consumer.assignment.is_joined and bool(consumer.assignment.partitions)

    return check


@contextmanager
def failpoint(tmp_path: Path, name: str, action: str) -> Iterator[Path]:
    """Arm a failpoint; the file disappears when it triggers."""
    file = tmp_path / "failpoints" / name
    file.write_text(action)
    yield file
    file.unlink(missing_ok=True)


def new_box_id() -> str:
    """Return a unique box; topics are not emptied between tests."""
    return f"box-{uuid4()}"


async def publish_units(publish: Callable[..., Any], box: str, count: int) -> None:
    """Publish units in order, one per message."""
    for number in range(count):
        await publish(Arrived(box=box, serials=[str(number)]))


async def assert_published_once(engine: AsyncEngine, box: str, count: int) -> None:
    """Assert that all units exist once, in order, and that duplicate events have the same id."""
    await wait_until(outbox_is_empty(engine))
    assert await box_contents(engine, box) == [str(number) for number in range(count)]
    events = await published_events(box)
    ids = {event["id"]: event["data"]["serials"] for event in events}
    assert sorted(ids.values()) == sorted([str(number)] for number in range(count))


def outbox_is_empty(engine: AsyncEngine) -> Callable[[], Any]:
    """Return a condition: the outbox is empty."""

    async def check() -> bool:
        async with read_only(engine) as tx:
            return not await tx.fetch_all(text("SELECT 1 FROM outbox"))

    return check
