"""Detects when all messages and their consequences are processed."""

from collections.abc import Mapping
from typing import Self

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from shared.contracts.topics import TOPICS
from tests.e2e import handlers

EndOffsets = dict[TopicPartition, int]


class QuiescenceMonitor:
    """Compares consumer offsets with topic ends and checks the outboxes."""

    def __init__(self, bootstrap: str, databases: Mapping[str, asyncpg.Pool]) -> None:
        self.databases = databases
        self.consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
        self.admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
        self.partitions: list[TopicPartition] = []

    async def __aenter__(self) -> Self:
        """Connect to Kafka."""
        await self.consumer.start()
        await self.admin.start()
        described = await self.admin.describe_topics([topic.name for topic in TOPICS])
        self.partitions = [
            TopicPartition(topic["topic"], partition["partition"])
            for topic in described
            for partition in topic["partitions"]
        ]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connections."""
        await self.admin.close()
        await self.consumer.stop()

    async def end_offsets(self) -> EndOffsets:
        """Return the end offset of each partition."""
        ends: EndOffsets = await self.consumer.end_offsets(self.partitions)
        return ends

    async def lag(self, service: str, ends: EndOffsets) -> EndOffsets:
        """Return the lag of a service per partition, in records."""
        topics = handlers.topics_of(service)
        committed = await self.admin.list_consumer_group_offsets(service)
        lags = {}
        for partition, end in ends.items():
            position = max(committed[partition].offset, 0) if partition in committed else 0
            if partition.topic in topics and position < end:
                lags[partition] = end - position
        return lags

    async def outbox_counts(self) -> dict[str, int]:
        """Return the number of unpublished messages of each service."""
        return {name: await pool.fetchval("SELECT count(*) FROM outbox") for name, pool in self.databases.items()}

    async def is_quiescent(self) -> bool:
        """Return whether nothing is unprocessed or unpublished, and nothing was published meanwhile."""
        ends = await self.end_offsets()
        for service in self.databases:
            lag = await self.lag(service, ends)
            assert not lag, f"{service} has lag: {lag}"
        unpublished = {name: rows for name, rows in (await self.outbox_counts()).items() if rows}
        assert not unpublished, f"unpublished: {unpublished}"
        return await self.end_offsets() == ends
