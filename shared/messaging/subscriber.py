"""Kafka subscription via FastStream: broker lifecycle, consumer group and poll loop, without its decoding and acks."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

from aiokafka import AIOKafkaConsumer
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage

from shared.messaging.batch_consumer import BatchConsumer
from shared.messaging.dead_letters import Record
from shared.ops.telemetry import describe_error
from shared.settings import Settings

log = logging.getLogger(__name__)
GRACEFUL_TIMEOUT = 3.0
"""Seconds that a stop waits for the running batch and its offset commit."""

METADATA_MAX_AGE_MS = 5_000
"""Milliseconds after which topic metadata is refreshed.

A restarting broker may briefly report no topics; the group then has no partitions until the next refresh. The default
of the client is five minutes.
"""

POLL_FAILURE_TIMEOUT = 15.0
"""Seconds of failing polls after which the client is replaced: if one of its tasks dies, all its polls fail."""


class Subscription:
    """The Kafka broker connection of a service and its batch subscriber."""

    def __init__(self, service: str, topics: Sequence[str], batch_consumer: BatchConsumer, settings: Settings) -> None:
        self.topics, self._batch_consumer = topics, batch_consumer
        self.broker = KafkaBroker(
            settings.kafka_bootstrap_servers.split(","),
            client_id=f"tracelot-{service}",
            consumer_only=True,
            allow_auto_create_topics=False,
            metadata_max_age_ms=METADATA_MAX_AGE_MS,
            graceful_timeout=GRACEFUL_TIMEOUT,
            logger=None,
            apply_types=False,
        )
        self._subscriber = self.broker.subscriber(
            *topics,
            batch=True,
            group_id=f"{settings.topic_prefix}{service}",
            ack_policy=AckPolicy.MANUAL,
            auto_offset_reset="earliest",
            max_records=1000,  # with one item each, a transaction of 0.1 s; larger batches are split by cost
            batch_timeout_ms=20,  # also the pause after an empty poll
            fetch_max_wait_ms=200,
            session_timeout_ms=settings.session_timeout_ms,
            heartbeat_interval_ms=settings.session_timeout_ms // 4,
            rebalance_timeout_ms=60_000,
            isolation_level="read_committed",
            listener=batch_consumer.assignment,
            parser=self._to_kafka_message,
            decoder=_pass_through,
            include_in_schema=False,
        )
        self._subscriber(self._process)
        self._poll_failure: tuple[float, str] | None = None
        self._watchdog: asyncio.Task[None] | None = None

    @property
    def last_error(self) -> str | None:
        """The error of failing polls since the last successful one."""
        return self._poll_failure[1] if self._poll_failure is not None else None

    @property
    def consumer(self) -> AIOKafkaConsumer:
        """The Kafka client; available after the start of the broker."""
        consumer = self._subscriber.consumer
        if consumer is None:
            raise RuntimeError("the broker is not started")
        return consumer

    async def start(self) -> None:
        """Connect and join the group; raises if the broker is unavailable or topics are missing."""
        await self.broker.start()
        self._monitor_polls()
        if missing_topics := set(self.topics) - await self.consumer.topics():
            raise RuntimeError(f"topics are missing: {', '.join(sorted(missing_topics))}; run `tracelot topics create`")
        self._watchdog = asyncio.create_task(self._replace_failed_client())

    async def stop(self) -> None:
        """Complete the running batch and leave the group."""
        if self._watchdog is not None:
            self._watchdog.cancel()
        await self.broker.stop()

    def _monitor_polls(self) -> None:
        # FastStream suppresses exceptions of a poll and polls again.
        getmany: Callable[..., Awaitable[Any]] = self.consumer.getmany

        async def monitor(*args: Any, **kwargs: Any) -> Any:
            try:
                records = await getmany(*args, **kwargs)
            except Exception as error:
                since = time.monotonic() if self._poll_failure is None else self._poll_failure[0]
                self._poll_failure = (since, describe_error(error))
                raise
            self._poll_failure = None
            return records

        self.consumer.getmany = monitor  # type: ignore[method-assign]

    async def _replace_failed_client(self) -> None:
        """Replace the client after persistent poll failures, with retries."""
        while True:
            await asyncio.sleep(POLL_FAILURE_TIMEOUT / 10)
            if self._poll_failure is None or time.monotonic() - self._poll_failure[0] < POLL_FAILURE_TIMEOUT:
                continue
            log.error("polls keep failing, replacing the client: %s", self._poll_failure[1])
            await self._batch_consumer.assignment.on_partitions_revoked(())
            with suppress(Exception):  # leaving the group may fail with the same error
                await asyncio.wait_for(self._subscriber.stop(), GRACEFUL_TIMEOUT)
            try:
                await self._subscriber.start()
            except Exception as error:  # noqa: BLE001 - Kafka is unavailable: retry later
                self._poll_failure = (time.monotonic(), describe_error(error))
            else:
                self._poll_failure = None
                self._monitor_polls()

    async def _to_kafka_message(self, records: tuple[Record, ...]) -> KafkaMessage:
        # FastStream's parser decodes headers as UTF-8 and raises on invalid ones before our code runs.
        return KafkaMessage(raw_message=records, body=b"", consumer=self.consumer)

    async def _process(self, message: Any) -> None:
        # FastStream's message is part of a reference cycle: with its records it would keep the batch in memory.
        records, message.raw_message = message.raw_message, ()
        await self._batch_consumer.process(self.consumer, records)


async def _pass_through(message: KafkaMessage) -> Any:
    return message
