"""Everything our services say, as a downstream system would hear it: all topics of ours, from their beginning."""

import asyncio
import json
from collections import defaultdict
from typing import Any

from aiokafka import AIOKafkaConsumer

from shared.contracts.topics import TOPICS

OURS = tuple(topic.name for topic in TOPICS if topic.kind in ("events", "reference"))
Event = dict[str, Any]


class Listener:
    """Keeps what was heard by topic and key, in the order of the partition."""

    def __init__(self, bootstrap: str) -> None:
        self.said: dict[tuple[str, str], list[Event]] = defaultdict(list)
        self._caused: dict[tuple[str, str], list[Event]] = defaultdict(list)
        self._consumer = AIOKafkaConsumer(
            *OURS, bootstrap_servers=bootstrap, auto_offset_reset="earliest", fetch_max_wait_ms=50
        )
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to listen, without a group: nothing is missed and nobody is disturbed."""
        await self._consumer.start()
        self._task = asyncio.create_task(self._listen())

    async def stop(self) -> None:
        """Hang up; what went wrong while listening is raised."""
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
            self.said[record.topic, record.key.decode()].append(event)
            if cause := event["data"].get("cause"):
                self._caused[record.topic, cause["id"]].append(event)

    def heard(self, topic: str, key: str, type_: str | None = None, **data: Any) -> list[Event]:
        """What was said under a key, of a type and with these values in its data, each message once."""
        found: dict[str, Event] = {}
        for event in self.said[topic, key]:
            if type_ in (None, event["type"]) and data.items() <= {k: event["data"].get(k) for k in data}.items():
                found.setdefault(event["id"], event)
        return list(found.values())

    def caused(self, topic: str, cause: str) -> list[Event]:
        """What was said on a topic because of a message, by the message's id; each once."""
        return list({event["id"]: event for event in self._caused[topic, cause]}.values())
