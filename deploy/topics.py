"""Creates the Kafka topics of the contracts; services and consumers never create topics."""

from collections.abc import Iterable
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import for_code

from shared.contracts.topics import TOPICS, Topic

PARTITIONS = 12


def settings(topic: Topic) -> dict[str, str]:
    """Return the Kafka configuration of a topic."""
    return {
        "max.message.bytes": str(topic.max_message_bytes),
        "retention.ms": str(topic.retention_ms),
        "cleanup.policy": "delete",
    }


async def create(bootstrap_servers: str, topics: Iterable[Topic] = TOPICS, *, partitions: int = PARTITIONS) -> None:
    """Create missing topics and update the configuration of existing ones."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    try:
        existing = set(await admin.list_topics())
        required_topics = list(topics)
        missing = [
            NewTopic(topic.name, partitions, 1, topic_configs=settings(topic))
            for topic in required_topics
            if topic.name not in existing
        ]
        updates = [
            ConfigResource(ConfigResourceType.TOPIC, topic.name, settings(topic))
            for topic in required_topics
            if topic.name in existing
        ]
        if missing:
            creation: Any = await admin.create_topics(missing)
            _raise_first_error((name, code, message) for name, code, message, *_ in creation.topic_errors)
        if updates:
            update_responses: Any = await admin.alter_configs(updates)
            _raise_first_error(
                (name, code, message) for response in update_responses for code, message, _, name in response.resources
            )
    finally:
        await admin.close()


def _raise_first_error(results: Iterable[tuple[str, int, str | None]]) -> None:
    """Raise the first error in the per-topic results of the broker."""
    for name, code, message in results:
        if code:
            raise for_code(code)(f"topic {name}: {message or code}")
