"""Time zone changes of a warehouse to an earlier local date: backorders get units that had expired."""

import asyncio
from datetime import timedelta

import pytest

from shared.contracts.receiving import ReceiptSerialsReceived
from shared.messaging.dispatcher import dispatch
from shared.persistence.database import transaction
from tests.integration.serials.conftest import SerialsHarness
from tests.integration.serials.messages import ProductMessages, serial_numbers
from tests.integration.serials.test_backorders import serials_by_demand
from tests.support.events import to_event
from tests.support.time_zones import (
    DAY,
    NEXT_DAY_ZONE,
    SAME_DAY_ZONE,
    change_time_zone,
    reallocation_requests,
    storage_and_dock,
    warehouse_in,
)

pytestmark = pytest.mark.usefixtures("at_noon")


async def put_away_dated_units(harness: SerialsHarness) -> ProductMessages:
    """Store units that expire today and in five days in a warehouse where it is already tomorrow."""
    messages, (shelf, dock) = ProductMessages(harness.sku), storage_and_dock(harness)
    await harness.handle(warehouse_in(harness, NEXT_DAY_ZONE, 1), shelf, dock)
    for first, days in ((1, 0), (11, 5)):
        received: ReceiptSerialsReceived = messages.receive(
            serial_numbers(2, first), expiry=DAY + timedelta(days), lot=f"L{days}"
        )
        await harness.handle(received.model_copy(update={"location": dock.location}))
        await harness.handle(messages.put_away(serial_numbers(2, first), shelf.location))
    return messages


async def test_earlier_local_day_allocates_backorders(harness: SerialsHarness) -> None:
    """Units that had expired, or had too few days left, are allocated after an earlier local date (S27, S28)."""
    messages, test_warehouse = await put_away_dated_units(harness), {"warehouse": harness.scoped_id("W")}
    await harness.handle(
        messages.request_allocation(1, 1, **test_warehouse),
        messages.request_allocation(2, 2, min_remaining_shelf_life_days=5, **test_warehouse),
        messages.request_allocation(3, 9),
        messages.request_allocation(4, 2, lots=["L0"], single_lot=True, **test_warehouse),
        messages.request_allocation(5, 1, serials=serial_numbers(1), **test_warehouse),
    )  # fmt: skip
    assert await serials_by_demand(harness) == {"1": serial_numbers(1, 11)}
    assert await change_time_zone(harness, "Etc/GMT-14", 2) == 0, "it is still tomorrow there"
    assert await change_time_zone(harness, SAME_DAY_ZONE, 3) == 1
    assert await serials_by_demand(harness) == {
        "1": serial_numbers(1, 11),
        "2": serial_numbers(1, 12),
        "4": serial_numbers(2),
    }
    assert await change_time_zone(harness, NEXT_DAY_ZONE, 4) == 0, "a later local date reallocates nothing"


async def test_demand_skipped_during_a_time_zone_change_is_reallocated(harness: SerialsHarness) -> None:
    """A time zone change waits for a concurrent allocation on the later date, and then fills its demand (S27)."""
    messages = await put_away_dated_units(harness)
    async with transaction(harness.engine) as tx:
        await dispatch(
            tx,
            harness.registry,
            [to_event(messages.request_allocation(1, 2, lots=["L0"], warehouse=harness.scoped_id("W")))],
        )
        change = asyncio.create_task(harness.handle(warehouse_in(harness, SAME_DAY_ZONE, 2)))
        await harness.wait_for_blocked_transaction()
        assert not change.done()
    requests = reallocation_requests(harness, await change)
    assert await serials_by_demand(harness) == {}
    await harness.handle(*requests)
    assert await serials_by_demand(harness) == {"1": serial_numbers(2)}
