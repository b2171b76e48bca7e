"""Memory of consumed batches."""

import asyncio
import gc
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from aiokafka import ConsumerRecord
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.messaging.batch_consumer import BatchConsumer
from shared.messaging.subscriber import Subscription
from shared.settings import load_settings
from tests.integration.shared.probes import has_partitions, has_units, new_box_id
from tests.support.polling import wait_until
from tests.support.timing import MAX_WAIT_SECONDS
from tests.support.toy.app import app
from tests.support.toy.messages import Arrived

BATCHES = 50


async def test_processed_batches_are_released(engine: AsyncEngine, publish: Callable[..., Any]) -> None:
    """After 50 batches no record is alive, without a run of the garbage collector, which services run rarely."""
    consumer, box = BatchConsumer(app.state.registry, engine, lambda: None), new_box_id()
    subscription = Subscription(f"toy-{uuid4()}", ["toy.arrivals"], consumer, load_settings("toy"))
    await subscription.start()
    try:
        await wait_until(has_partitions(consumer))
        await publish(Arrived(box=box, serials=["0"]))
        await wait_until(has_units(engine, box, 1))
        gc.collect()
        gc.disable()
        for number in range(1, BATCHES + 1):
            await publish(Arrived(box=box, serials=[str(number)]))
            await wait_until(has_units(engine, box, number + 1))
        living_records = sum(isinstance(tracked, ConsumerRecord) for tracked in gc.get_objects())
    finally:
        gc.enable()
        consumer.stop()
        await asyncio.wait_for(subscription.stop(), MAX_WAIT_SECONDS)
    assert living_records <= 2
