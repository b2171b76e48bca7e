"""Reads the state of the system: topic records, consumer offsets and database rows."""

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
from shared.messaging.registry import HandlerRegistry


@dataclass(frozen=True)
class TopicRecord:
    """A record of a topic."""

    topic: str
    partition: int
    offset: int
    key: str
    event: Mapping[str, Any]


@asynccontextmanager
async def database(environment: Mapping[str, str], service: str) -> AsyncIterator[asyncpg.Connection]:
    """Connect to the database of a service, as its owner."""
    connection = await asyncpg.connect(environment[f"{service.upper()}_MIGRATION_DATABASE_URL"])
    try:
        yield connection
    finally:
        await connection.close()


async def fetch_rows(
    environment: Mapping[str, str], service: str, query: str, *values: Any
) -> Sequence[asyncpg.Record]:
    """Run a query on the database of a service."""
    async with database(environment, service) as connection:
        return await connection.fetch(query, *values)


async def pending_work(environment: Mapping[str, str]) -> list[str]:
    """Describe unpublished and unconsumed messages; empty if the system is quiescent."""
    pending = []
    for service in SERVICES:
        ((count,),) = await fetch_rows(environment, service, "SELECT count(*) FROM outbox")
        if count:
            pending.append(f"{count} rows in the outbox of {service}")
    return pending + [
        f"{group} lags {lag} on {partition}" for (group, partition), lag in (await consumer_lags(environment)).items()
    ]


def registry_of(service: str) -> HandlerRegistry:
    """Return the handler registry of a service."""
    registry = import_module(f"services.{service}.app").app.state.registry
    assert isinstance(registry, HandlerRegistry)
    return registry


async def consumer_lags(environment: Mapping[str, str]) -> dict[tuple[str, str], int]:
    """Return the non-zero consumer lags by service and partition."""
    admin = AIOKafkaAdminClient(bootstrap_servers=environment["KAFKA_BOOTSTRAP_SERVERS"])
    await admin.start()
    try:
        committed = {service: await admin.list_consumer_group_offsets(service) for service in SERVICES}
    finally:
        await admin.close()
    async with _topic_consumer(environment) as consumer:
        ends = await consumer.end_offsets(list(consumer.assignment()))
    result = {}
    for service, offsets in committed.items():
        topics = {handler.message.TOPIC.name for handler in registry_of(service).handlers}
        for partition, end in ends.items():
            position = max(offsets[partition].offset, 0) if partition in offsets else 0
            if partition.topic in topics and end > position:
                result[service, f"{partition.topic}/{partition.partition}"] = end - position
    return result


def _topic_consumer(environment: Mapping[str, str]) -> AIOKafkaConsumer:
    """Create a consumer of all topics without a group."""
    return AIOKafkaConsumer(
        *(topic.name for topic in TOPICS),
        bootstrap_servers=environment["KAFKA_BOOTSTRAP_SERVERS"],
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=4 * 1024 * 1024,
    )


async def read_records(environment: Mapping[str, str]) -> list[TopicRecord]:
    """Read all records of all topics, in order within each partition."""
    result = []
    async with _topic_consumer(environment) as consumer:
        ends = await consumer.end_offsets(list(consumer.assignment()))
        remaining = {partition for partition, end in ends.items() if end > 0}
        while remaining:
            for partition, batch in (await consumer.getmany(timeout_ms=1000)).items():
                for record in batch:
                    key, event = (record.key or b"").decode(errors="replace"), _event(record.value)
                    result.append(TopicRecord(record.topic, record.partition, record.offset, key, event))
                if batch[-1].offset + 1 >= ends[partition]:
                    remaining.discard(partition)
    return result


def _event(value: bytes | None) -> Mapping[str, Any]:
    try:
        event = json.loads(value or b"")
    except ValueError:
        return {}
    return event if isinstance(event, dict) else {}
