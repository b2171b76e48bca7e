"""FastStream's part: the broker's life, the group, the loop that hands us batches; none of its decoding or acks."""

from collections.abc import Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage

from shared.consumer.line import Line
from shared.dead_letters import Record
from shared.settings import Settings

GRACE = 3.0
"""Seconds that a stop waits for the running batch and its ack."""

METADATA_AGE = 5_000
"""Milliseconds after which topics are asked for again.

A broker that has just come back may say for a moment that it knows no topics; the group is then assigned nothing, and
nobody asks again before this is over. The client's default is five minutes.
"""


class Subscription:
    """A service's broker and the one batch subscriber on it."""

    def __init__(self, service: str, topics: Sequence[str], line: Line, settings: Settings) -> None:
        self.topics, self._line = topics, line
        self.broker = KafkaBroker(
            settings.kafka_bootstrap_servers.split(","),
            client_id=f"tracelot-{service}",
            consumer_only=True,
            allow_auto_create_topics=False,
            metadata_max_age_ms=METADATA_AGE,
            graceful_timeout=GRACE,
            logger=None,
            apply_types=False,
        )
        self._subscriber = self.broker.subscriber(
            *topics,
            batch=True,
            group_id=service,
            ack_policy=AckPolicy.MANUAL,
            auto_offset_reset="earliest",
            max_records=1000,  # of one unit each a transaction of 0.1 s; of more, it is cut by weight
            batch_timeout_ms=20,  # also how long the loop sleeps after an empty poll
            fetch_max_wait_ms=200,
            session_timeout_ms=settings.session_timeout_ms,
            heartbeat_interval_ms=settings.session_timeout_ms // 4,
            rebalance_timeout_ms=60_000,
            isolation_level="read_committed",
            listener=line.assignment,
            parser=self._parse,
            decoder=_undecoded,
            include_in_schema=False,
        )
        self._subscriber(self._take)

    @property
    def consumer(self) -> AIOKafkaConsumer:
        """The client under the subscriber; it exists once the broker was started."""
        consumer = self._subscriber.consumer
        if consumer is None:
            raise RuntimeError("the broker is not started")
        return consumer

    async def start(self) -> None:
        """Connect and join the group. Raises without a broker, and without topics: consumers never create them."""
        await self.broker.start()
        if missing := set(self.topics) - await self.consumer.topics():
            raise RuntimeError(f"topics are missing: {', '.join(sorted(missing))}; `deploy` creates them")

    async def _parse(self, records: tuple[Record, ...]) -> KafkaMessage:
        # FastStream's own parser decodes headers as UTF-8, and raises before we are asked where one is not.
        return KafkaMessage(raw_message=records, body=b"", consumer=self.consumer)

    async def _take(self, message: Any) -> None:
        await self._line.take(self.consumer, message.raw_message)


async def _undecoded(message: KafkaMessage) -> Any:
    return message
