"""Which partitions this replica may work on now; a rebalance waits for the running transaction and its ack."""

import asyncio
from collections.abc import Iterable

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError

Places = dict[TopicPartition, int]
"""An offset a partition."""


class Assignment(ConsumerRebalanceListener):
    """What Kafka has assigned to us, and whether we may still work on it."""

    def __init__(self) -> None:
        self.working = asyncio.Lock()
        """Held from BEGIN to ack, never during a wait for something to come back."""
        self.partitions: frozenset[TopicPartition] = frozenset()
        self.joined = False
        self.epoch = 0
        """Counts assignments: what stood in the way of an earlier one says nothing of this one."""
        self.stands: Places = {}
        """The next offset of each partition we acked."""

    async def on_partitions_revoked(self, _: Iterable[TopicPartition]) -> None:
        """Let what is running finish before the partitions go to another replica."""
        async with self.working:
            self.joined, self.partitions = False, frozenset()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Begin with what is ours now."""
        self.joined, self.partitions, self.stands = True, frozenset(assigned), {}
        self.epoch += 1

    def covers(self, partitions: Iterable[TopicPartition]) -> bool:
        """Whether all of these are ours; a batch from before a rebalance may not be."""
        return self.joined and self.partitions.issuperset(partitions)

    async def commit(self, consumer: AIOKafkaConsumer, done: Places) -> bool:
        """Tell Kafka what is done; when it does not take that, nothing more is taken before the next assignment."""
        try:
            await consumer.commit(done)
        except (CommitFailedError, IllegalStateError):
            self.joined = False
            return False
        self.stands.update(done)
        return True


def take_back(consumer: AIOKafkaConsumer, first: Places) -> None:
    """Put every partition of a batch back to its first record; one that is not ours any more is another's work."""
    for partition, offset in first.items():
        if partition in consumer.assignment():
            consumer.seek(partition, offset)
