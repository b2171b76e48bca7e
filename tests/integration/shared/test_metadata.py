"""Recovery of a consumer after a restarting broker briefly reported no topics."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncEngine

from shared.messaging.batch_consumer import BatchConsumer
from shared.messaging.subscriber import Subscription
from shared.settings import load_settings
from tests.integration.shared.probes import has_partitions, has_units, new_box_id
from tests.support.polling import wait_until
from tests.support.timing import MAX_WAIT_SECONDS
from tests.support.toy.app import app
from tests.support.toy.messages import Arrived

UNKNOWN_TOPIC = 3


async def test_topics_missing_from_metadata_are_picked_up_again(
    engine: AsyncEngine, publish: Callable[..., Any]
) -> None:
    """Metadata without topics leads to an empty assignment; after the next refresh the consumer continues."""
    consumer, topics = BatchConsumer(app.state.registry, engine, lambda: None), ["toy.arrivals"]
    subscription = Subscription(f"toy-{uuid4()}", topics, consumer, load_settings("toy"))
    await subscription.start()
    try:
        await wait_until(has_partitions(consumer))
        cluster = subscription.consumer._client.cluster  # noqa: SLF001 - the only place to inject metadata
        brokers = [(broker.nodeId, broker.host, broker.port, None) for broker in cluster.brokers()]
        unknown_topics: list[Any] = [(UNKNOWN_TOPIC, topic, False, []) for topic in topics]
        controller = brokers[0][0]
        metadata = SimpleNamespace(brokers=brokers, controller_id=controller, topics=unknown_topics, API_VERSION=1)

        async def has_no_partitions() -> bool:
            cluster.update_metadata(metadata)  # repeatedly: the real metadata may arrive before the assignment
            return consumer.assignment.is_joined and not consumer.assignment.partitions

        await wait_until(has_no_partitions)
        box = new_box_id()
        await publish(Arrived(box=box, serials=["1"]))
        await wait_until(has_units(engine, box, 1))
    finally:
        consumer.stop()
        await asyncio.wait_for(subscription.stop(), MAX_WAIT_SECONDS)
