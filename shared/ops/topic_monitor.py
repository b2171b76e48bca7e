"""Monitor of a service's topics, whose warnings appear in readiness."""

import asyncio
import logging

from shared.messaging.registry import HandlerRegistry
from shared.ops import topics
from shared.ops.asyncapi import published_by
from shared.ops.telemetry import describe_error
from shared.settings import KafkaSettings

log = logging.getLogger(__name__)
CHECK_INTERVAL = 600.0
"""Seconds between two checks."""
RETRY_INTERVAL = 10.0
"""Seconds after a failed check."""


class TopicMonitor:
    """Checks the replication of the topics that a service consumes and publishes."""

    def __init__(self, registry: HandlerRegistry, settings: KafkaSettings) -> None:
        self._settings = settings
        self.warnings: list[str] = []
        messages = [*(handler.message for handler in registry.handlers), *published_by(registry.service)]
        self._topic_names = {settings.topic_name(message.TOPIC.name) for message in messages}

    async def run(self) -> None:
        """Check until cancelled."""
        while True:
            succeeded = await self.check()
            await asyncio.sleep(CHECK_INTERVAL if succeeded else RETRY_INTERVAL)

    async def check(self) -> bool:
        """Update the warnings; returns whether the check succeeded."""
        try:
            unreplicated = await topics.find_unreplicated(self._settings, self._topic_names)
        except Exception as error:  # noqa: BLE001 - for example, Kafka is unavailable
            log.warning("topic check failed, retrying: %s", describe_error(error))
            return False
        warnings = [topics.unreplicated_warning(unreplicated)] if unreplicated else []
        if warnings != self.warnings:
            log.warning("topics: %s", "; ".join(warnings) or "no more warnings")
        self.warnings = warnings
        return True
