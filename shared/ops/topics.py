"""Creates the Kafka topics of the contracts and compares them with their declaration."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import for_code

from shared.contracts.topics import TOPICS, Topic
from shared.ops.incremental_configs import IncrementalAlterConfigsRequest
from shared.settings import BROKER_DEFAULT, KafkaSettings


@dataclass(frozen=True)
class TopicState:
    """Partition count, replication factor and effective configuration of a topic on the broker."""

    partitions: int
    replication_factor: int
    configs: Mapping[str, str]


def declared_configs(topic: Topic, settings: KafkaSettings) -> dict[str, str]:
    """Return the declared Kafka configuration of a topic; all other settings belong to the operator."""
    configs = {
        "max.message.bytes": str(topic.max_message_bytes),
        "retention.ms": str(topic.retention_ms),
        "cleanup.policy": "delete",
    }
    if topic.is_incoming:  # the time at which a token must be valid is not the sender's to choose
        configs["message.timestamp.type"] = "LogAppendTime"
    if settings.min_insync_replicas != BROKER_DEFAULT:
        configs["min.insync.replicas"] = str(settings.min_insync_replicas)
    return configs


async def create(settings: KafkaSettings, topics: Iterable[Topic] = TOPICS) -> list[str]:
    """Create missing topics and correct declared settings; returns the differences that it cannot correct."""
    required_topics = list(topics)
    async with _admin(settings) as admin:
        states = await _load_states(admin, settings, required_topics)
        missing = [topic for topic in required_topics if topic not in states]
        if missing:
            creation: Any = await admin.create_topics(
                [
                    NewTopic(
                        settings.topic_name(topic.name),
                        settings.topic_partitions,
                        settings.replication_factor,
                        # aiokafka accepts the default of the broker only with replica assignments, even empty ones
                        replica_assignments={} if settings.replication_factor == BROKER_DEFAULT else None,
                        topic_configs=declared_configs(topic, settings),
                    )
                    for topic in missing
                ]
            )
            _raise_first_error((name, code, message) for name, code, message, *_ in creation.topic_errors)
        changes = {
            settings.topic_name(topic.name): changed
            for topic, state in states.items()
            if (changed := dict(declared_configs(topic, settings).items() - state.configs.items()))
        }
        if changes:
            response: Any = await admin._send_request(IncrementalAlterConfigsRequest(changes))  # noqa: SLF001
            _raise_first_error((name, code, message) for code, message, _, name in response.resources)
    return [
        difference
        for topic, state in states.items()
        for difference in _layout_differences(settings.topic_name(topic.name), state, settings)
    ]


async def compare(settings: KafkaSettings, topics: Iterable[Topic] = TOPICS) -> list[str]:
    """Describe each difference between the topics on the broker and their declaration."""
    required_topics = list(topics)
    async with _admin(settings) as admin:
        states = await _load_states(admin, settings, required_topics)
    differences: list[str] = []
    for topic in required_topics:
        name = settings.topic_name(topic.name)
        if topic not in states:
            differences.append(f"{name}: the topic is missing")
            continue
        differences += _layout_differences(name, states[topic], settings)
        for key, declared in declared_configs(topic, settings).items():
            if (actual := states[topic].configs.get(key)) != declared:
                differences.append(f"{name}: {key} is {actual}, declared {declared}")
    return differences


async def find_unreplicated(settings: KafkaSettings, topic_names: Iterable[str]) -> list[str]:
    """List topics with a single replica although the cluster has several brokers; names are those on the broker."""
    names = set(topic_names)
    async with _admin(settings) as admin:
        if len((await admin.describe_cluster())["brokers"]) < 2:
            return []
        return sorted(
            topic["topic"]
            for topic in await admin.describe_topics()
            if topic["topic"] in names and any(len(partition["replicas"]) == 1 for partition in topic["partitions"])
        )


def unreplicated_warning(topic_names: Iterable[str]) -> str:
    """Describe topics with a single replica and the remedy."""
    return (
        f"one replica only, although the cluster has several brokers: {', '.join(topic_names)}; "
        "the loss of one broker loses records: reassign the partitions to more brokers"
    )


@asynccontextmanager
async def _admin(settings: KafkaSettings) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka_bootstrap_servers)
    try:
        await admin.start()
        yield admin
    finally:
        await admin.close()


async def _load_states(
    admin: AIOKafkaAdminClient, settings: KafkaSettings, topics: Iterable[Topic]
) -> dict[Topic, TopicState]:
    # Of all topics: a request that names a missing topic may create it.
    described = {topic["topic"]: topic["partitions"] for topic in await admin.describe_topics()}
    existing = {name: topic for topic in topics if (name := settings.topic_name(topic.name)) in described}
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in existing]
    responses: list[Any] = list(await admin.describe_configs(resources)) if resources else []
    states: dict[Topic, TopicState] = {}
    for response in responses:
        for code, message, _, name, entries in response.resources:
            _raise_first_error([(name, code, message)])
            partitions = described[name]
            replication_factor = min((len(partition["replicas"]) for partition in partitions), default=0)
            configs = {key: value for key, value, *_ in entries}
            states[existing[name]] = TopicState(len(partitions), replication_factor, configs)
    return states


def _layout_differences(name: str, state: TopicState, settings: KafkaSettings) -> list[str]:
    """Describe differences that only an operator can correct, since a correction moves records."""
    differences: list[str] = []
    if state.partitions != settings.topic_partitions:
        differences.append(f"{name}: partitions is {state.partitions}, declared {settings.topic_partitions}")
    if settings.replication_factor not in (BROKER_DEFAULT, state.replication_factor):
        differences.append(
            f"{name}: replication factor is {state.replication_factor}, declared {settings.replication_factor}"
        )
    return differences


def _raise_first_error(results: Iterable[tuple[str, int, str | None]]) -> None:
    """Raise the first error in the per-topic results of the broker."""
    for name, code, message in results:
        if code:
            raise for_code(code)(f"topic {name}: {message or code}")
