"""FastStream's part: the broker's life, the group, the loop that hands us batches; none of its decoding or acks."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

from aiokafka import AIOKafkaConsumer
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage

from shared.consumer.line import Line
from shared.dead_letters import Record
from shared.settings import Settings

log = logging.getLogger(__name__)
GRACE = 3.0
"""Seconds that a stop waits for the running batch and its ack."""

METADATA_AGE = 5_000
"""Milliseconds after which topics are asked for again.

A broker that has just come back may say for a moment that it knows no topics; the group is then assigned nothing, and
nobody asks again before this is over. The client's default is five minutes.
"""

PATIENCE = 15.0
"""Seconds of failing polls after which the client is replaced: once one of its tasks has died, each poll fails."""


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
        self._failing: tuple[float, str] | None = None
        self._watching: asyncio.Task[None] | None = None

    @property
    def trouble(self) -> str | None:
        """What polls have failed with since the last that did not."""
        return self._failing[1] if self._failing is not None else None

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
        self._look_at_polls()
        if missing := set(self.topics) - await self.consumer.topics():
            raise RuntimeError(f"topics are missing: {', '.join(sorted(missing))}; `deploy` creates them")
        self._watching = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """Finish the running batch and leave the group."""
        if self._watching is not None:
            self._watching.cancel()
        await self.broker.stop()

    def _look_at_polls(self) -> None:
        # FastStream swallows what a poll raises, and polls again.
        getmany: Callable[..., Awaitable[Any]] = self.consumer.getmany

        async def looked_at(*args: Any, **how: Any) -> Any:
            try:
                found = await getmany(*args, **how)
            except Exception as error:
                since = time.monotonic() if self._failing is None else self._failing[0]
                self._failing = (since, f"{type(error).__name__}: {error}".split("\n", 1)[0][:500])
                raise
            self._failing = None
            return found

        self.consumer.getmany = looked_at  # type: ignore[method-assign]

    async def _watch(self) -> None:
        """Replace the client when its polls have failed for too long, until that succeeds."""
        while True:
            await asyncio.sleep(PATIENCE / 10)
            if self._failing is None or time.monotonic() - self._failing[0] < PATIENCE:
                continue
            log.error("polls fail, the client is replaced: %s", self._failing[1])
            await self._line.assignment.on_partitions_revoked(())
            with suppress(Exception):  # leaving the group may fail with what broke the client
                await asyncio.wait_for(self._subscriber.stop(), GRACE)
            try:
                await self._subscriber.start()
            except Exception as error:  # noqa: BLE001 - Kafka is away, too: again later
                self._failing = (time.monotonic(), f"{type(error).__name__}: {error}".split("\n", 1)[0][:500])
            else:
                self._failing = None
                self._look_at_polls()

    async def _parse(self, records: tuple[Record, ...]) -> KafkaMessage:
        # FastStream's own parser decodes headers as UTF-8, and raises before we are asked where one is not.
        return KafkaMessage(raw_message=records, body=b"", consumer=self.consumer)

    async def _take(self, message: Any) -> None:
        await self._line.take(self.consumer, message.raw_message)


async def _undecoded(message: KafkaMessage) -> Any:
    return message
