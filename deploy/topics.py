"""Creates Kafka's topics from the contracts; services and their consumers never do."""

from collections.abc import Iterable
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import for_code

from shared.contracts.topics import TOPICS, Topic

PARTITIONS = 12


def settings(topic: Topic) -> dict[str, str]:
    """Give a topic's settings as Kafka names them."""
    return {
        "max.message.bytes": str(topic.max_message_bytes),
        "retention.ms": str(topic.retention_ms),
        "cleanup.policy": "delete",
    }


async def create(bootstrap_servers: str, topics: Iterable[Topic] = TOPICS, *, partitions: int = PARTITIONS) -> None:
    """Create the topics that are missing and correct the settings of those that are there."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    try:
        there = set(await admin.list_topics())
        wanted = list(topics)
        missing = [
            NewTopic(each.name, partitions, 1, topic_configs=settings(each))
            for each in wanted
            if each.name not in there
        ]
        kept = [
            ConfigResource(ConfigResourceType.TOPIC, each.name, settings(each)) for each in wanted if each.name in there
        ]
        if missing:
            created: Any = await admin.create_topics(missing)
            _check((name, code, message) for name, code, message, *_ in created.topic_errors)
        if kept:
            corrected: Any = await admin.alter_configs(kept)
            _check((name, code, message) for answer in corrected for code, message, _, name in answer.resources)
    finally:
        await admin.close()


def _check(results: Iterable[tuple[str, int, str | None]]) -> None:
    """Raise the broker's first complaint; it answers per topic instead of failing."""
    for name, code, message in results:
        if code:
            raise for_code(code)(f"topic {name}: {message or code}")
