"""Looks at the toy service from outside: its table, its topic, its readiness."""

import asyncio
import json
import os
import time
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
from shared.consumer import Line
from shared.database import reading
from tests.shared.toy.messages import Arrived
from tests.timing import PATIENCE


async def published(box: str) -> list[dict[str, Any]]:
    """Every message on the toy service's topic about a box, as often as it stands there."""
    servers = os.environ["KAFKA_BOOTSTRAP_SERVERS"]
    async with AIOKafkaConsumer(bootstrap_servers=servers, auto_offset_reset="earliest") as consumer:
        partitions = [TopicPartition("toy.events", number) for number in range(4)]
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        found = []
        while any([await consumer.position(at) < ends[at] for at in partitions]):
            for records in (await consumer.getmany(timeout_ms=200)).values():
                found += [json.loads(record.value) for record in records if record.key == box.encode()]
    return found


async def until(condition: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """Wait for something to hold, and give what it found."""
    deadline = time.monotonic() + seconds
    while not (found := await condition()):
        assert time.monotonic() < deadline, "it did not come to hold in time"
        await asyncio.sleep(0.05)
    return found


async def units(engine: AsyncEngine, box: str) -> list[str]:
    """What lies in a box, in order."""
    async with reading(engine) as tx:
        found = await tx.rows(text("SELECT serial FROM unit WHERE box = :box ORDER BY place"), {"box": box})
    return [row.serial for row in found]


def has(engine: AsyncEngine, box: str, count: int) -> Callable[[], Any]:
    """Whether a box has so many units by now."""

    async def filled() -> bool:
        return len(await units(engine, box)) >= count

    return filled


async def readiness(service: Service) -> tuple[int, dict[str, Any]]:
    """What /ready says."""
    async with httpx.AsyncClient(timeout=PATIENCE) as client:
        answer = await client.get(f"{service.url}/ready")
    return answer.status_code, answer.json()


def has_partitions(line: Line) -> Callable[[], Any]:
    """Whether a line is in its group and has something to read."""

    async def assigned() -> bool:
        return line.assignment.joined and bool(line.assignment.partitions)

    return assigned


@contextmanager
def failpoint(tmp_path: Path, name: str, wish: str) -> Iterator[Path]:
    """Arm a failpoint."""
    file = tmp_path / "failpoints" / name
    file.write_text(wish)
    yield file
    file.unlink(missing_ok=True)


def new_box() -> str:
    """A box no other test uses: topics are not emptied between tests."""
    return f"box-{uuid4()}"


async def pour(publish: Callable[..., Any], box: str, count: int) -> None:
    """Publish so many units, one a message, in order."""
    for number in range(count):
        await publish(Arrived(box=box, serials=[str(number)]))


async def all_said_once(engine: AsyncEngine, box: str, count: int) -> None:
    """Every unit is there once, in order, and was said under one id, however often."""
    await until(emptied(engine))
    assert await units(engine, box) == [str(number) for number in range(count)]
    said = await published(box)
    ids = {event["id"]: event["data"]["serials"] for event in said}
    assert sorted(ids.values()) == sorted([str(number)] for number in range(count))


def emptied(engine: AsyncEngine) -> Callable[[], Any]:
    """Whether all was published that was to be said."""

    async def nothing_left() -> bool:
        async with reading(engine) as tx:
            return not await tx.rows(text("SELECT 1 FROM outbox"))

    return nothing_left
