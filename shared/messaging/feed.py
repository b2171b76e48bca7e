"""Reads the events of all services from now on, without a consumer group: for screens, never for effects."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer
from pydantic_core import from_json

from shared.contracts.topics import TOPICS
from shared.ops.telemetry import describe_error
from shared.settings import KafkaSettings

log = logging.getLogger(__name__)
EVENT_TOPICS = tuple(topic.name for topic in TOPICS if topic.kind == "events")
RETRY_SECONDS, MAX_RETRY_SECONDS = 0.5, 10.0


class FeedEvent(NamedTuple):
    """Type and data of an event."""

    type: str
    data: dict[str, Any]


class EventFeed:
    """Follows the event topics from their ends; what happens while Kafka is away is not seen."""

    def __init__(self, settings: KafkaSettings, receive: Callable[[FeedEvent], None]) -> None:
        self._settings, self._receive = settings, receive
        self.is_live = False

    async def run(self) -> None:
        """Follow until cancelled, with a new connection after an error."""
        pause = RETRY_SECONDS
        while True:
            consumer = AIOKafkaConsumer(
                *(self._settings.topic_name(name) for name in EVENT_TOPICS),
                bootstrap_servers=self._settings.kafka_bootstrap_servers.split(","),
                client_id="tracelot-feed", group_id=None, enable_auto_commit=False, auto_offset_reset="latest",
                isolation_level="read_committed", metadata_max_age_ms=5_000,
            )  # fmt: skip
            try:
                await consumer.start()
                await consumer.seek_to_end()
                self.is_live, pause = True, RETRY_SECONDS
                while True:
                    records = await consumer.getmany(timeout_ms=500)
                    for batch in records.values():
                        self._pass_on(record.value for record in batch)
            except Exception as error:  # noqa: BLE001 - for example, Kafka is unavailable
                log.info("feed interrupted, retrying: %s", describe_error(error))
            finally:
                self.is_live = False
                await consumer.stop()
            await asyncio.sleep(pause)
            pause = min(MAX_RETRY_SECONDS, 2 * pause)

    def _pass_on(self, values: Iterable[bytes | None]) -> None:
        for value in values:
            if (event := read_event(value or b"")) is not None:
                self._receive(event)


def read_event(value: bytes) -> FeedEvent | None:
    """Read type and data of a record; None if it is no event."""
    try:
        event = from_json(value)
    except ValueError:
        return None
    if not isinstance(event, dict) or not isinstance(event.get("data"), dict):
        return None
    return FeedEvent(str(event.get("type", "")), event["data"])
