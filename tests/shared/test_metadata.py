"""What a consumer does when a broker that has just come back says for a moment that there are no topics."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncEngine

from shared.consumer import Line
from shared.consumer.subscriber import Subscription
from shared.settings import load
from tests.shared.toy.app import app
from tests.shared.toy.messages import Arrived
from tests.shared.watching import has, has_partitions, new_box, until
from tests.timing import PATIENCE

UNKNOWN_TOPIC = 3


async def test_topics_that_a_broker_did_not_know_are_taken_up_again(
    engine: AsyncEngine, publish: Callable[..., Any]
) -> None:
    """The group is assigned nothing from metadata without topics; within seconds it has them again and goes on."""
    line, topics = Line(app.state.map, engine, lambda: None), ["toy.news"]
    subscription = Subscription(f"toy-{uuid4()}", topics, line, load("toy"))
    await subscription.start()
    try:
        await until(has_partitions(line))
        cluster = subscription.consumer._client.cluster  # noqa: SLF001 - what a broker answered goes in nowhere else
        brokers = [(broker.nodeId, broker.host, broker.port, None) for broker in cluster.brokers()]
        nothing: list[Any] = [(UNKNOWN_TOPIC, topic, False, []) for topic in topics]
        controller = brokers[0][0]
        answer = SimpleNamespace(brokers=brokers, controller_id=controller, topics=nothing, API_VERSION=1)

        async def has_nothing() -> bool:
            cluster.update_metadata(answer)  # again and again: the broker's own answer may come before the assignment
            return line.assignment.joined and not line.assignment.partitions

        await until(has_nothing)
        box = new_box()
        await publish(Arrived(box=box, serials=["1"]))
        await until(has(engine, box, 1))
    finally:
        line.stop()
        await asyncio.wait_for(subscription.stop(), PATIENCE)
