"""Reads what is written down: every record of every topic, every group's offsets, every table of every database."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient

from deploy.databases import SERVICES
from shared.contracts.topics import TOPICS
from shared.decision import Map


@dataclass(frozen=True)
class Record:
    """One record as it lies on a topic."""

    topic: str
    partition: int
    offset: int
    key: str
    event: Mapping[str, Any]


@asynccontextmanager
async def database(environment: Mapping[str, str], service: str) -> AsyncIterator[asyncpg.Connection]:
    """Connect to a service's database, as its owner."""
    connection = await asyncpg.connect(environment[f"{service.upper()}_OWNER_URL"])
    try:
        yield connection
    finally:
        await connection.close()


async def rows(environment: Mapping[str, str], service: str, query: str, *values: Any) -> Sequence[asyncpg.Record]:
    """Run a query on a service's database."""
    async with database(environment, service) as connection:
        return await connection.fetch(query, *values)


async def at_rest(environment: Mapping[str, str]) -> list[str]:
    """Say what has still to be published or taken; nothing when all is at rest."""
    waiting = []
    for service in SERVICES:
        ((count,),) = await rows(environment, service, "SELECT count(*) FROM outbox")
        if count:
            waiting.append(f"{count} rows in the outbox of {service}")
    return waiting + [
        f"{group} lags {lag} on {partition}" for (group, partition), lag in (await lags(environment)).items()
    ]


def map_of(service: str) -> Map:
    """Find a service's map in its app."""
    of = import_module(f"services.{service}.app").app.state.map
    assert isinstance(of, Map)
    return of


async def lags(environment: Mapping[str, str]) -> dict[tuple[str, str], int]:
    """Count what each service's group has not taken yet, by service and partition, where it is anything."""
    admin = AIOKafkaAdminClient(bootstrap_servers=environment["KAFKA_BOOTSTRAP_SERVERS"])
    await admin.start()
    try:
        taken = {service: await admin.list_consumer_group_offsets(service) for service in SERVICES}
    finally:
        await admin.close()
    async with _reader(environment) as consumer:
        ends = await consumer.end_offsets(list(consumer.assignment()))
    found = {}
    for service, offsets in taken.items():
        heard = {row.message.TOPIC.name for row in map_of(service).rows}
        for partition, end in ends.items():
            at = max(offsets[partition].offset, 0) if partition in offsets else 0
            if partition.topic in heard and end > at:
                found[service, f"{partition.topic}/{partition.partition}"] = end - at
    return found


def _reader(environment: Mapping[str, str]) -> AIOKafkaConsumer:
    """Make a consumer of all topics that belongs to no group."""
    return AIOKafkaConsumer(
        *(topic.name for topic in TOPICS),
        bootstrap_servers=environment["KAFKA_BOOTSTRAP_SERVERS"],
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=4 * 1024 * 1024,
    )


async def records(environment: Mapping[str, str]) -> list[Record]:
    """Read every record of every topic of ours, from the beginning, in the order of each partition."""
    found = []
    async with _reader(environment) as consumer:
        ends = await consumer.end_offsets(list(consumer.assignment()))
        left = {partition for partition, end in ends.items() if end > 0}
        while left:
            for partition, batch in (await consumer.getmany(timeout_ms=1000)).items():
                for each in batch:
                    key, event = (each.key or b"").decode(errors="replace"), _event(each.value)
                    found.append(Record(each.topic, each.partition, each.offset, key, event))
                if batch[-1].offset + 1 >= ends[partition]:
                    left.discard(partition)
    return found


def _event(value: bytes | None) -> Mapping[str, Any]:
    try:
        event = json.loads(value or b"")
    except ValueError:
        return {}
    return event if isinstance(event, dict) else {}
