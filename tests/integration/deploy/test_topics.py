"""Topics on one's own cluster: replication, operators' settings, comparison, on three real brokers."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import NotEnoughReplicasError, RequestTimedOutError

from deploy.local.files import PROJECT
from deploy.local.kafka import Kafka
from deploy.local.ports import reserve_port
from shared.contracts.topics import ERP_PRODUCTS, SERIALS
from shared.ops import topics
from shared.ops.topic_monitor import TopicMonitor
from shared.settings import KafkaSettings
from tests.support.timing import MAX_WAIT_SECONDS

TOPICS = (ERP_PRODUCTS, SERIALS)


@pytest.fixture(scope="module")
def brokers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Kafka]]:
    """Run three brokers; the first is also the controller."""
    folder, controller_port = tmp_path_factory.mktemp("brokers"), reserve_port()
    started: list[Kafka] = []
    for node_id in (1, 2, 3):
        cluster_id = started[0].cluster_id if started else None
        started.append(
            Kafka(
                folder / f"kafka-{node_id}", folder / f"kafka-{node_id}.log", reserve_port(), controller_port,
                optimizing_compiler=False, node_id=node_id, cluster_id=cluster_id,
            )
        )  # fmt: skip
    try:
        with ThreadPoolExecutor() as executor:
            list(executor.map(Kafka.start, started))
        yield started
    finally:
        for broker in started:
            broker.kill()


@asynccontextmanager
async def admin_client(broker: Kafka) -> AsyncIterator[AIOKafkaAdminClient]:
    """Connect an administrator to the cluster."""
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap_servers)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


async def topic_configs(admin: AIOKafkaAdminClient, name: str, keys: Collection[str]) -> dict[str, str]:
    """Return some of the effective settings of a topic."""
    (response,) = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)])
    entries: Any = response.resources[0][4]  # type: ignore[attr-defined]
    return {key: value for key, value, *_ in entries if key in keys}


async def replica_counts(admin: AIOKafkaAdminClient, name: str) -> set[int]:
    """Return the numbers of replicas of the partitions of a topic."""
    (topic,) = await admin.describe_topics([name])
    return {len(partition["replicas"]) for partition in topic["partitions"]}


async def wait_for(expected: object, query: Callable[[], Awaitable[object]]) -> None:
    """Wait until a query returns the expected result: brokers learn of changes one after another."""
    deadline = time.monotonic() + MAX_WAIT_SECONDS
    while (result := await query()) != expected:
        assert time.monotonic() < deadline, result
        await asyncio.sleep(0.05)


async def test_settings_of_operators_survive_creation(brokers: list[Kafka]) -> None:
    """A second creation corrects a declared setting and keeps every other one that an operator set."""
    settings = KafkaSettings(kafka_bootstrap_servers=brokers[0].bootstrap_servers, topic_prefix="kept.")
    await topics.create(settings, TOPICS)
    name = "kept.serials.events"
    by_hand = topics.declared_configs(SERIALS, settings) | {
        "min.insync.replicas": "2", "segment.bytes": "20000000", "retention.ms": "1000",
    }  # fmt: skip
    async with admin_client(brokers[0]) as admin:
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, by_hand)])
        difference = f"{name}: retention.ms is 1000, declared {SERIALS.retention_ms}"
        for _ in range(5):  # on all brokers
            await wait_for([difference], lambda: topics.compare(settings, TOPICS))
        assert await topics.create(settings, TOPICS) == []
        corrected = by_hand | {"retention.ms": str(SERIALS.retention_ms)}
        await wait_for(corrected, lambda: topic_configs(admin, name, by_hand))
    await wait_for([], lambda: topics.compare(settings, TOPICS))


async def test_single_replicas_are_reported(brokers: list[Kafka]) -> None:
    """By default the broker chooses; a single replica on several brokers is a warning in readiness."""
    settings = KafkaSettings(kafka_bootstrap_servers=brokers[0].bootstrap_servers, topic_prefix="single.")
    names = [settings.topic_name(topic.name) for topic in TOPICS]
    await topics.create(settings, TOPICS)
    await wait_for(sorted(names), lambda: topics.find_unreplicated(settings, names))
    monitor = TopicMonitor(import_module("services.serials.app").app.state.registry, settings)
    assert await monitor.check()
    assert ["single.serials.events" in warning for warning in monitor.warnings] == [True]
    declared = settings.model_copy(update={"replication_factor": 3})
    expected = [f"{name}: replication factor is 1, declared 3" for name in names]
    await wait_for(expected, lambda: topics.compare(declared, TOPICS))
    await wait_for(expected, lambda: topics.create(declared, TOPICS))


def run_topics(command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `tracelot topics` with the environment of an operator."""
    environment = {**os.environ, **variables}
    arguments = [sys.executable, "-m", "shared.cli", "topics", command]
    return subprocess.run(arguments, env=environment, cwd=PROJECT, capture_output=True, text=True, check=False)


def test_unavailable_cluster_is_named() -> None:
    """A cluster that does not answer is neither a difference nor a success."""
    settings = {"KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{reserve_port()}"}
    result = run_topics("compare", **settings)
    assert result.returncode == 2
    assert result.stderr.splitlines()[-1].startswith(f"Kafka at {settings['KAFKA_BOOTSTRAP_SERVERS']}: ")


async def test_acknowledged_records_have_two_copies(brokers: list[Kafka]) -> None:
    """With factor 3 and 2 in-sync replicas, one lost broker changes nothing; without a second copy nothing is taken."""
    variables = {
        "KAFKA_BOOTSTRAP_SERVERS": brokers[0].bootstrap_servers, "KAFKA_TOPIC_PARTITIONS": "1",
        "KAFKA_REPLICATION_FACTOR": "3", "KAFKA_MIN_INSYNC_REPLICAS": "2", "KAFKA_TOPIC_PREFIX": "safe.",
    }  # fmt: skip
    invalid = run_topics("create", **variables | {"KAFKA_MIN_INSYNC_REPLICAS": "4"})
    assert "KAFKA_MIN_INSYNC_REPLICAS exceeds" in invalid.stderr
    missing = run_topics("compare", **variables)
    assert missing.returncode == 1
    assert "safe.erp.products: the topic is missing" in missing.stdout.splitlines()
    created = run_topics("create", **variables)
    assert (created.returncode, created.stderr) == (0, "")
    async with admin_client(brokers[0]) as admin:
        await wait_for({3}, lambda: replica_counts(admin, "safe.serials.events"))
    compared = run_topics("compare", **variables)
    assert (compared.returncode, compared.stdout) == (0, "15 topics match their declaration\n")
    async with AIOKafkaProducer(
        bootstrap_servers=brokers[0].bootstrap_servers, acks="all", request_timeout_ms=2_000
    ) as producer:
        brokers[2].kill()
        await producer.send_and_wait("safe.serials.events", b"1", partition=0)
        brokers[1].kill()
        with pytest.raises((NotEnoughReplicasError, RequestTimedOutError)):
            await producer.send_and_wait("safe.serials.events", b"2", partition=0)
