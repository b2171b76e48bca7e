"""A client of Kafka one of whose tasks has died: every poll fails from then on, and nobody joins the group again."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.consumer import Line, subscriber
from shared.consumer.subscriber import Subscription
from shared.settings import load
from tests.shared.toy.app import app
from tests.shared.toy.messages import Arrived
from tests.shared.watching import has, has_partitions, new_box, until
from tests.timing import PATIENCE


@pytest.mark.parametrize("dies", ["_do_heartbeat", "_maybe_do_autocommit", "_maybe_refresh_commit_offsets"])
async def test_a_client_that_died_is_replaced(
    engine: AsyncEngine, publish: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, dies: str
) -> None:
    """Its heartbeat, its coordination or its watch over offsets dies: that is told, and a new client goes on."""
    monkeypatch.setattr(subscriber, "PATIENCE", 10.0)  # long enough to be seen in trouble
    line, box = Line(app.state.map, engine, lambda: None), new_box()
    subscription = Subscription(f"toy-{uuid4()}", ["toy.news"], line, load("toy"))
    await subscription.start()
    try:
        await until(has_partitions(line))
        await publish(Arrived(box=box, serials=["1"]))
        await until(has(engine, box, 1))
        client: Any = subscription.consumer
        coordinator = client._coordinator  # noqa: SLF001 - what dies there dies by no public way
        monkeypatch.setattr(coordinator, dies, broken)
        client._subscription.subscription.assignment.commit_refresh_needed.set()  # noqa: SLF001
        if dies == "_maybe_do_autocommit":
            coordinator.request_rejoin()  # wakes the routine
        await until(told(subscription))
        monkeypatch.setattr(subscriber, "PATIENCE", 1.0)
        await until(replaced(subscription, client))
        await publish(Arrived(box=box, serials=["2"]))
        await until(has(engine, box, 2))
        assert subscription.trouble is None
    finally:
        line.stop()
        await asyncio.wait_for(subscription.stop(), PATIENCE)


async def broken(*_: Any) -> Any:
    """Do what a mistake in the client would."""
    raise ValueError("broken by a test")


def told(subscription: Subscription) -> Callable[[], Any]:
    """Whether what is wrong is told."""

    async def look() -> bool:
        return "broken by a test" in (subscription.trouble or "")

    return look


def replaced(subscription: Subscription, client: Any) -> Callable[[], Any]:
    """Whether another client is at work."""

    async def look() -> bool:
        return subscription.trouble is None and subscription.consumer is not client

    return look
