"""Client of the fault tests: publishes messages as ERP, OMS and staff, and consumes all events."""

import asyncio
import contextlib
import itertools
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from shared.contracts.envelope import CloudEvent, Message
from shared.contracts.topics import FULFILLMENT, LOCATIONS, LOTS, PRODUCTS, RECEIVING, SERIALS
from tests.support.auth import token_headers
from tests.support.timing import MAX_WAIT_SECONDS

SOURCE = "upstream"
ACTOR = "lena"
IN_FLIGHT_SECONDS = 0.1
"""Maximum delivery time of a message published before a fault."""
CONSUMED_TOPICS = (RECEIVING, SERIALS, LOTS, FULFILLMENT, PRODUCTS, LOCATIONS)

Event = CloudEvent[Any]


def decode(value: bytes) -> Event | None:
    """Decode a CloudEvent; return None if its type is not declared."""
    fields = json.loads(value)
    for topic in CONSUMED_TOPICS:
        if model := topic.messages.get(fields["type"]):
            return CloudEvent[model].model_validate(fields)  # type: ignore[valid-type]
    return None


@dataclass
class SilenceTimer:
    """Duration from a fault to the next new event of a source."""

    source: str
    started_at: float = field(default_factory=time.monotonic)
    ended_at: float | None = None

    def record_event(self, source: str) -> None:
        """End the silence, unless the event was in flight at its start."""
        if self.ended_at is None and source == self.source and time.monotonic() - self.started_at > IN_FLIGHT_SECONDS:
            self.ended_at = time.monotonic()

    @property
    def seconds(self) -> float:
        """Return the duration; an open silence counts until now."""
        return (self.ended_at or time.monotonic()) - self.started_at


class UpstreamClient:
    """Producer and consumer that survive a restart of the broker."""

    def __init__(self, name: str, bootstrap_servers: str) -> None:
        self.name = name
        self.sent: dict[str, Message] = {}
        """Sent messages by id."""
        self.sent_at: dict[str, datetime] = {}
        """Times of the sent messages by id."""
        self.events: dict[str, Event] = {}
        """Received events by id, in order of first delivery."""
        self.repeated: Counter[str] = Counter()
        """Number of redeliveries by source."""
        self.listeners: list[Callable[[Event], None]] = []
        self._silences: list[SilenceTimer] = []
        self._ids = itertools.count(1)
        self._new_event = asyncio.Event()
        self._listen_task: asyncio.Task[None]
        self._producer = AIOKafkaProducer(
            bootstrap_servers=bootstrap_servers, enable_idempotence=True, request_timeout_ms=60_000, retry_backoff_ms=50
        )
        self._consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap_servers, retry_backoff_ms=50)

    async def publish(self, message: Message, message_id: str = "") -> str:
        """Publish a message, in order within its key; return its id."""
        message_id = message_id or f"{self.name}-{next(self._ids)}"
        self.sent[message_id] = message
        self.sent_at[message_id] = now = datetime.now(UTC)
        event = CloudEvent[Any](id=message_id, source=SOURCE, type=message.TYPE, time=now, data=message)
        value = event.model_dump_json(exclude_none=True, by_alias=True).encode()
        headers = token_headers(message.TYPE, ACTOR)
        await self._producer.send(message.TOPIC.name, value, key=message.key().encode(), headers=headers)
        return message_id

    def start_silence_timer(self, source: str) -> SilenceTimer:
        """Measure the time until the next new event of a source."""
        self._silences.append(SilenceTimer(source))
        return self._silences[-1]

    async def wait_until(self, condition: Callable[[], bool], description: str) -> None:
        """Wait until received events fulfil a condition; the description is for the failure message."""
        try:
            async with asyncio.timeout(MAX_WAIT_SECONDS):
                while not condition():
                    if self._listen_task.done():
                        self._listen_task.result()
                    self._new_event.clear()
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self._new_event.wait(), 0.2)
        except TimeoutError:
            raise AssertionError(f"not within {MAX_WAIT_SECONDS:.0f} s: {description}") from None

    async def _listen(self) -> None:
        async for record in self._consumer:
            event = decode(record.value)
            if event is None:
                continue
            if event.id in self.events:
                self.repeated[event.source] += 1
                continue
            self.events[event.id] = event
            for silence in self._silences:
                silence.record_event(event.source)
            for listener in self.listeners:
                listener(event)
            self._new_event.set()

    @asynccontextmanager
    async def open(self) -> AsyncIterator["UpstreamClient"]:
        """Connect and consume new events."""
        async with self._producer, self._consumer:
            partitions: list[TopicPartition] = []
            for topic in CONSUMED_TOPICS:
                partition_numbers = await self._producer.partitions_for(topic.name)
                partitions += [TopicPartition(topic.name, number) for number in partition_numbers]
            self._consumer.assign(partitions)
            await self._consumer.seek_to_end(*partitions)
            for partition in partitions:
                await self._consumer.position(partition)
            self._listen_task = asyncio.create_task(self._listen())
            try:
                yield self
            finally:
                self._listen_task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await self._listen_task
