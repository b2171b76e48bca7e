"""Partition assignment of a replica; a rebalance waits for the running batch and its offset commit."""

import asyncio
from collections.abc import Iterable

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError

Offsets = dict[TopicPartition, int]
"""Offsets by partition."""


class Assignment(ConsumerRebalanceListener):
    """The assigned partitions, and whether this replica still owns them."""

    def __init__(self) -> None:
        self.processing_lock = asyncio.Lock()
        """Held from BEGIN to offset commit, never during a back-off."""
        self.partitions: frozenset[TopicPartition] = frozenset()
        self.is_joined = False
        """False after a revocation or a rejected offset commit, until the next assignment."""
        self.epoch = 0
        """Number of assignments; errors and halts of earlier assignments are ignored."""
        self.committed_offsets: Offsets = {}
        """Last committed offset by partition."""

    async def on_partitions_revoked(self, _: Iterable[TopicPartition]) -> None:
        """Wait for the running batch before the partitions are reassigned."""
        async with self.processing_lock:
            self.is_joined, self.partitions = False, frozenset()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Start with the new assignment."""
        self.is_joined, self.partitions, self.committed_offsets = True, frozenset(assigned), {}
        self.epoch += 1

    def owns(self, partitions: Iterable[TopicPartition]) -> bool:
        """Return whether all partitions are assigned; after a rebalance, those of an earlier batch may not be."""
        return self.is_joined and self.partitions.issuperset(partitions)

    async def commit(self, consumer: AIOKafkaConsumer, offsets: Offsets) -> bool:
        """Commit offsets; if Kafka rejects them, no batch is processed before the next assignment."""
        try:
            await consumer.commit(offsets)
        except (CommitFailedError, IllegalStateError):
            self.is_joined = False
            return False
        self.committed_offsets.update(offsets)
        return True


def rewind(consumer: AIOKafkaConsumer, offsets: Offsets) -> None:
    """Seek each assigned partition of a batch to its first record."""
    for partition, offset in offsets.items():
        if partition in consumer.assignment():
            consumer.seek(partition, offset)
