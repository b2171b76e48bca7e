"""The world outside while things go wrong inside: says what ERP, OMS and the floor would, and hears the answers."""

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

from shared.contracts.envelope import CloudEvent, Fact
from shared.contracts.topics import FULFILLMENT, LOCATIONS, LOTS, PRODUCTS, RECEIVING, SERIALS
from tests.timing import PATIENCE

SOURCE = "outside"
ACTOR = "lena"
UNDER_WAY = 0.1
"""Seconds that a message published before a fault may take to reach us."""
HEARD = (RECEIVING, SERIALS, LOTS, FULFILLMENT, PRODUCTS, LOCATIONS)

Event = CloudEvent[Any]


def decode(value: bytes) -> Event | None:
    """Read a CloudEvent of one of our topics; None where it is none of a declared type."""
    raw = json.loads(value)
    for topic in HEARD:
        if model := topic.messages.get(raw["type"]):
            return CloudEvent[model].model_validate(raw)  # type: ignore[valid-type]
    return None


@dataclass
class Silence:
    """How long nothing new was heard of a source, from a fault on."""

    source: str
    began: float = field(default_factory=time.monotonic)
    ended: float | None = None

    def hear(self, source: str) -> None:
        """End it, unless that was still under way when it began."""
        if self.ended is None and source == self.source and time.monotonic() - self.began > UNDER_WAY:
            self.ended = time.monotonic()

    @property
    def seconds(self) -> float:
        """Its length; a silence that lasts counts till now."""
        return (self.ended or time.monotonic()) - self.began


class Outside:
    """A producer and an ear; both outlive a broker that is killed and comes back."""

    def __init__(self, name: str, bootstrap_servers: str) -> None:
        self.name = name
        self.sent: dict[str, Fact] = {}
        """Every message we sent, by its id."""
        self.heard: dict[str, Event] = {}
        """Every event we heard, once, by its id, in the order of its first delivery."""
        self.repeated: Counter[str] = Counter()
        """Deliveries beyond the first of an event, by its source."""
        self.listeners: list[Callable[[Event], None]] = []
        self._silences: list[Silence] = []
        self._ids = itertools.count(1)
        self._news = asyncio.Event()
        self._listening: asyncio.Task[None]
        self._producer = AIOKafkaProducer(
            bootstrap_servers=bootstrap_servers, enable_idempotence=True, request_timeout_ms=60_000, retry_backoff_ms=50
        )
        self._consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap_servers, retry_backoff_ms=50)

    async def say(self, fact: Fact, message_id: str = "") -> str:
        """Hand a message to the producer, after all that were said before it under its key, and give its id."""
        message_id = message_id or f"{self.name}-{next(self._ids)}"
        self.sent[message_id] = fact
        event = CloudEvent[Any](id=message_id, source=SOURCE, type=fact.TYPE, time=datetime.now(UTC), data=fact)
        value = event.model_dump_json(exclude_none=True).encode()
        await self._producer.send(fact.TOPIC.name, value, key=fact.key().encode())
        return message_id

    def silence(self, source: str) -> Silence:
        """Measure how long a source is silent from now on."""
        self._silences.append(Silence(source))
        return self._silences[-1]

    async def until(self, done: Callable[[], bool], what: str) -> None:
        """Wait until what was heard makes it so; `what` says what failed to happen."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not done():
                    if self._listening.done():
                        self._listening.result()
                    self._news.clear()
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self._news.wait(), 0.2)
        except TimeoutError:
            raise AssertionError(f"not within {PATIENCE:.0f} s: {what}") from None

    async def _listen(self) -> None:
        async for record in self._consumer:
            event = decode(record.value)
            if event is None:
                continue
            if event.id in self.heard:
                self.repeated[event.source] += 1
                continue
            self.heard[event.id] = event
            for silence in self._silences:
                silence.hear(event.source)
            for listener in self.listeners:
                listener(event)
            self._news.set()

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Outside"]:
        """Connect, and listen from now on."""
        async with self._producer, self._consumer:
            partitions: list[TopicPartition] = []
            for topic in HEARD:
                known = await self._producer.partitions_for(topic.name)
                partitions += [TopicPartition(topic.name, each) for each in known]
            self._consumer.assign(partitions)
            await self._consumer.seek_to_end(*partitions)
            for partition in partitions:
                await self._consumer.position(partition)
            self._listening = asyncio.create_task(self._listen())
            try:
                yield self
            finally:
                self._listening.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await self._listening
