"""Detects quiescence: all records are consumed and all outboxes are empty.

Only the committed offsets in Kafka and the outbox tables are read, which costs little and needs no domain table.
"""

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from typing import Any, Self

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from deploy.databases import SERVICES
from shared.messaging.registry import HandlerRegistry
from shared.settings import DEFAULT_PARTITIONS

EndOffsets = dict[TopicPartition, int]

SELECT_LAST_COMMIT = "SELECT extract(epoch FROM timestamp)::float FROM pg_last_committed_xact()"
"""Time of the last commit in any database of the server."""


def partitions(topic: str) -> list[TopicPartition]:
    """Return all partitions of a topic."""
    return [TopicPartition(topic, number) for number in range(DEFAULT_PARTITIONS)]


def topics_of(service: str) -> set[str]:
    """Return the topics that a service consumes, from its handler registry."""
    registry: HandlerRegistry = import_module(f"services.{service}.app").app.state.registry
    return {handler.message.TOPIC.name for handler in registry.handlers}


class QuiescenceMonitor:
    """Observes Kafka and the databases (as their owners) while the services run."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = environment
        self.admin = AIOKafkaAdminClient(bootstrap_servers=environment["KAFKA_BOOTSTRAP_SERVERS"])
        self.consumer = AIOKafkaConsumer(bootstrap_servers=environment["KAFKA_BOOTSTRAP_SERVERS"])
        self.databases: dict[str, asyncpg.Connection] = {}
        self.groups = {service: topics_of(service) for service in SERVICES}
        """Consumed topics by consumer group."""

    async def __aenter__(self) -> Self:
        await self.admin.start()
        await self.consumer.start()
        for service in SERVICES:
            self.databases[service] = await asyncpg.connect(
                self.environment[f"{service.upper()}_MIGRATION_DATABASE_URL"]
            )
        return self

    async def __aexit__(self, *_: object) -> None:
        for database in self.databases.values():
            await database.close()
        await self.consumer.stop()
        await self.admin.close()

    async def end_offsets(self, topics: set[str]) -> EndOffsets:
        """Return the current end offset of each partition."""
        offsets: EndOffsets = await self.consumer.end_offsets(
            [partition for topic in topics for partition in partitions(topic)]
        )
        return offsets

    async def _lag(self, group: str, ends: EndOffsets) -> int:
        """Return the number of records before `ends` that a group has not committed."""
        relevant = {partition: end for partition, end in ends.items() if partition.topic in self.groups[group] and end}
        if not relevant:
            return 0
        committed = await self._committed(group, list(relevant))
        return sum(max(0, end - max(0, committed[partition].offset)) for partition, end in relevant.items())

    async def _committed(self, group: str, relevant: list[TopicPartition]) -> dict[TopicPartition, Any]:
        """Return the committed offsets of a group; retry while the broker elects the coordinator."""
        for _ in range(50):
            with suppress(KafkaError):
                offsets: dict[TopicPartition, Any] = await self.admin.list_consumer_group_offsets(
                    group, partitions=relevant
                )
                return offsets
            await asyncio.sleep(0.1)
        raise TimeoutError(f"no committed offsets of group {group}")

    async def _outboxes_empty(self) -> bool:
        for database in self.databases.values():
            if await database.fetchval("SELECT EXISTS (SELECT FROM outbox)"):
                return False
        return True

    async def is_quiescent(self) -> bool:
        """Return whether all records are consumed and no new record was published or is pending."""
        topics = {topic for topics_read in self.groups.values() for topic in topics_read}
        if not await self._outboxes_empty():
            return False
        ends = await self.end_offsets(topics)
        for group in self.groups:
            if await self._lag(group, ends):
                return False
        return await self._outboxes_empty() and await self.end_offsets(topics) == ends

    async def wait_until_quiescent(self, topic: str, seconds: float = 600) -> float:
        """Wait until all records of a topic and all their consequences are committed; return that time.

        It is the server's own time of the last commit, independent of the polling delay.
        """
        deadline = time.perf_counter() + seconds
        ends = await self.end_offsets({topic})
        (group,) = (group for group, topics_read in self.groups.items() if topic in topics_read)
        while await self._lag(group, ends):
            await self._sleep(0.05, deadline)
        while not await self.is_quiescent():
            await self._sleep(0.02, deadline)
        database = next(iter(self.databases.values()))
        last_commit: float = await database.fetchval(SELECT_LAST_COMMIT)
        return last_commit

    async def _sleep(self, pause: float, deadline: float) -> None:
        if time.perf_counter() > deadline:
            raise TimeoutError(f"services did not become quiescent; lag: {await self.lags()}")
        await asyncio.sleep(pause)

    async def lags(self) -> dict[str, dict[str, int]]:
        """Return the non-zero lags by group and topic."""
        lags_by_group: dict[str, dict[str, int]] = {}
        for group, topics in self.groups.items():
            lag = {topic: await self._lag(group, await self.end_offsets({topic})) for topic in topics}
            lags_by_group[group] = {topic: records for topic, records in lag.items() if records}
        return lags_by_group

    async def rejections(self) -> str:
        """Describe all rejections and dead letters so far, with an example of each; empty if there are none."""
        descriptions = []
        for service, database in self.databases.items():
            for table, column in (("rejection", "violations"), ("dead_letter", "error")):
                for count, example in await database.fetch(
                    f"SELECT count(*), min({column}::text) FROM {table} HAVING count(*) > 0"  # noqa: S608
                ):
                    descriptions.append(f"{service}: {count} in {table}, for example {example}")
        return "; ".join(descriptions)
