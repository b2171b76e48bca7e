"""Reads the ends of a service's topics and the committed offsets of its consumer group from Kafka."""

import asyncio
import logging
from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from shared.messaging.progress import ConsumerProgress
from shared.messaging.rebalance import Offsets
from shared.messaging.subscriber import Subscription
from shared.ops.telemetry import CONSUMER_AGE, describe_error
from shared.settings import KafkaSettings

log = logging.getLogger(__name__)
CHECK_INTERVAL = 0.5
"""Seconds between two snapshots."""
CHECK_TIMEOUT = 10.0
"""Seconds after which a check is given up."""


class ProgressMonitor:
    """Keeps the progress of a service up to date; while Kafka is unavailable, it is unknown."""

    def __init__(
        self, service: str, progress: ConsumerProgress, subscription: Subscription, settings: KafkaSettings
    ) -> None:
        self._service, self._progress, self._subscription = service, progress, subscription
        self._group = f"{settings.topic_prefix}{service}"
        self._servers = settings.kafka_bootstrap_servers

    async def run(self) -> None:
        """Check until cancelled, with a new connection after an error."""
        while True:
            admin = AIOKafkaAdminClient(bootstrap_servers=self._servers)
            try:
                await admin.start()
                while True:
                    async with asyncio.timeout(CHECK_TIMEOUT):
                        await self.check(admin)
                    await asyncio.sleep(CHECK_INTERVAL)
            except Exception as error:  # noqa: BLE001 - for example, Kafka is unavailable
                log.info("progress of the consumer unknown, retrying: %s", describe_error(error))
            finally:
                await admin.close()
            await asyncio.sleep(CHECK_INTERVAL)

    async def check(self, admin: AIOKafkaAdminClient) -> None:
        """Take a snapshot, and compare the committed offsets with it and the earlier ones."""
        taken_at = self._progress.clock()
        consumer = self._subscription.consumer
        ends = await _read_ends(consumer, self._subscription.topics)
        offsets = await admin.list_consumer_group_offsets(self._group)
        committed = {partition: entry.offset for partition, entry in offsets.items()}
        if missing := ends.keys() - committed.keys():
            committed |= await consumer.beginning_offsets(missing)  # older records were deleted
        self._progress.add_snapshot(taken_at, ends)
        await self._progress.advance(committed)
        if (age := self._progress.lag_seconds) is not None:
            CONSUMER_AGE.labels(self._service).set(age)


async def _read_ends(consumer: AIOKafkaConsumer, topics: Sequence[str]) -> Offsets:
    """Return the end of each partition that ever had records, also of those that other replicas own."""
    partitions = [
        TopicPartition(topic, partition)
        for topic in topics
        for partition in consumer.partitions_for_topic(topic) or _raise_unknown(topic)
    ]
    ends: Offsets = await consumer.end_offsets(partitions)
    return {partition: end for partition, end in ends.items() if end}


def _raise_unknown(topic: str) -> Sequence[int]:
    raise LookupError(f"the partitions of {topic} are not known")
