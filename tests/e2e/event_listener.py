"""A downstream consumer: records all events of the services from the beginning of their topics."""

import asyncio
import json
from collections import defaultdict
from typing import Any

from aiokafka import AIOKafkaConsumer

from shared.contracts.topics import TOPICS

EVENT_TOPICS = tuple(topic.name for topic in TOPICS if topic.kind in ("events", "reference"))
Event = dict[str, Any]


class EventListener:
    """Stores events by topic and key, in partition order."""

    def __init__(self, bootstrap: str) -> None:
        self.events: dict[tuple[str, str], list[Event]] = defaultdict(list)
        self._events_by_cause: dict[tuple[str, str], list[Event]] = defaultdict(list)
        self._consumer = AIOKafkaConsumer(
            *EVENT_TOPICS, bootstrap_servers=bootstrap, auto_offset_reset="earliest", fetch_max_wait_ms=50
        )
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start consuming without a consumer group."""
        await self._consumer.start()
        self._task = asyncio.create_task(self._listen())

    async def stop(self) -> None:
        """Stop consuming; errors of the consumer task are raised."""
        if self._task is not None:
            if self._task.done():
                self._task.result()
            self._task.cancel()
        await self._consumer.stop()

    async def _listen(self) -> None:
        async for record in self._consumer:
            assert record.key is not None, f"{record.topic} {record.partition} {record.offset} has no key"
            assert record.value is not None, f"{record.topic} {record.partition} {record.offset} is empty"
            event = json.loads(record.value)
            self.events[record.topic, record.key.decode()].append(event)
            if cause := event["data"].get("cause"):
                self._events_by_cause[record.topic, cause["id"]].append(event)

    def events_of(self, topic: str, key: str, type_: str | None = None, **data: Any) -> list[Event]:
        """Return the events of a key, by type and data values, without duplicates."""
        by_id: dict[str, Event] = {}
        for event in self.events[topic, key]:
            if (
                type_ in (None, event["type"])
                and data.items() <= {name: event["data"].get(name) for name in data}.items()
            ):
                by_id.setdefault(event["id"], event)
        return list(by_id.values())

    def events_caused_by(self, topic: str, cause_id: str) -> list[Event]:
        """Return the events of a topic that a message caused, without duplicates."""
        return list({event["id"]: event for event in self._events_by_cause[topic, cause_id]}.values())
