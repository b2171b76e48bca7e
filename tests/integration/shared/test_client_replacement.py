"""Replacement of a Kafka client with a dead task, whose polls all fail."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.messaging import subscriber
from shared.messaging.batch_consumer import BatchConsumer
from shared.messaging.subscriber import Subscription
from shared.settings import load_settings
from tests.integration.shared.probes import has_partitions, has_units, new_box_id
from tests.support.polling import wait_until
from tests.support.timing import MAX_WAIT_SECONDS
from tests.support.toy.app import app
from tests.support.toy.messages import Arrived


@pytest.mark.parametrize("task", ["_do_heartbeat", "_maybe_do_autocommit", "_maybe_refresh_commit_offsets"])
async def test_failed_kafka_client_is_replaced(
    engine: AsyncEngine, publish: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, task: str
) -> None:
    """After the death of a client task the error is reported and a new client continues."""
    monkeypatch.setattr(subscriber, "POLL_FAILURE_TIMEOUT", 10.0)  # long enough to observe the error
    consumer, box = BatchConsumer(app.state.registry, engine, lambda: None), new_box_id()
    subscription = Subscription(f"toy-{uuid4()}", ["toy.arrivals"], consumer, load_settings("toy"))
    await subscription.start()
    try:
        await wait_until(has_partitions(consumer))
        await publish(Arrived(box=box, serials=["1"]))
        await wait_until(has_units(engine, box, 1))
        client: Any = subscription.consumer
        coordinator = client._coordinator  # noqa: SLF001 - no public way to fail a task
        monkeypatch.setattr(coordinator, task, fail)
        client._subscription.subscription.assignment.commit_refresh_needed.set()  # noqa: SLF001
        if task == "_maybe_do_autocommit":
            coordinator.request_rejoin()  # wakes the task
        await wait_until(error_reported(subscription))
        monkeypatch.setattr(subscriber, "POLL_FAILURE_TIMEOUT", 1.0)
        await wait_until(client_replaced(subscription, client))
        await publish(Arrived(box=box, serials=["2"]))
        await wait_until(has_units(engine, box, 2))
        assert subscription.last_error is None
    finally:
        consumer.stop()
        await asyncio.wait_for(subscription.stop(), MAX_WAIT_SECONDS)


async def fail(*_: Any) -> Any:
    """Fail like a bug in the client."""
    raise ValueError("broken by a test")


def error_reported(subscription: Subscription) -> Callable[[], Any]:
    """Return a condition: the error is reported."""

    async def check() -> bool:
        return "broken by a test" in (subscription.last_error or "")

    return check


def client_replaced(subscription: Subscription, client: Any) -> Callable[[], Any]:
    """Return a condition: a new client works without errors."""

    async def check() -> bool:
        return subscription.last_error is None and subscription.consumer is not client

    return check
