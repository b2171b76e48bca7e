"""Time zone changes to an earlier local date: backorders are allocated from lots valid again."""

import asyncio
from datetime import timedelta

import pytest

from shared.contracts.commands.lots import ReallocateLotBackorders
from shared.messaging.dispatcher import dispatch
from shared.messaging.work import MAX_COST
from shared.persistence.database import Transaction, transaction
from tests.integration.lots.conftest import LotsHarness
from tests.support.events import to_event
from tests.support.messages.lot_orders import OrderMessages
from tests.support.messages.reference import location_changed, product_changed
from tests.support.time_zones import (
    DAY,
    NEXT_DAY_ZONE,
    NOON,
    SAME_DAY_ZONE,
    change_time_zone,
    reallocation_requests,
    storage_and_dock,
    warehouse_in,
)

pytestmark = pytest.mark.usefixtures("at_noon")


async def put_away_dated_lots(harness: LotsHarness, *days: int) -> OrderMessages:
    """Put away lots that expire after these numbers of days in a warehouse where it is tomorrow."""
    messages, (shelf, dock) = OrderMessages(harness.sku), storage_and_dock(harness)
    await harness.handle(warehouse_in(harness, NEXT_DAY_ZONE, 1), shelf, dock)
    lots = [messages.received_lot(f"L{offset}", 10, DAY + timedelta(offset)) for offset in days]
    await harness.handle(messages.receive(*lots, location=dock.location))
    for number, offset in enumerate(days):
        location = f"{shelf.location}{number or ''}"
        await harness.handle(location_changed(location))
        await harness.handle(messages.put_away(f"L{offset}", 10, location, dock.location))
    return messages


async def reservations_by_demand(harness: LotsHarness) -> dict[str, tuple[str, int]]:
    """The reservations by demand number: lot and quantity."""
    rows = await harness.fetch_all("SELECT * FROM reservation WHERE sku = :sku AND quantity > 0", sku=harness.sku)
    return {row["demand_id"].rpartition("-")[2]: (row["lot"], row["quantity"]) for row in rows}


async def test_earlier_local_day_allocates_backorders(harness: LotsHarness) -> None:
    """Lots that are valid again on the earlier date are allocated to backorders (S27, S28)."""
    messages, test_warehouse = await put_away_dated_lots(harness, 0, 5), {"warehouse": harness.scoped_id("W")}
    await harness.handle(
        messages.request_allocation(1, 3, **test_warehouse),
        messages.request_allocation(2, 2, min_remaining_shelf_life_days=5, **test_warehouse),
        messages.request_allocation(3, 9),
    )
    assert await reservations_by_demand(harness) == {"1": ("L5", 3)}
    await harness.handle(messages.request_allocation(4, 9, lots=["L0"], **test_warehouse))
    assert await change_time_zone(harness, "Etc/GMT-14", 2) == 0, "the local date is unchanged"
    assert await change_time_zone(harness, SAME_DAY_ZONE, 3) == 1
    assert await reservations_by_demand(harness) == {"1": ("L5", 3), "2": ("L5", 2), "4": ("L0", 9)}
    later = await harness.handle(warehouse_in(harness, NEXT_DAY_ZONE, 4), warehouse_in(harness, NEXT_DAY_ZONE, 3))
    assert reallocation_requests(harness, later) == [], "a later date allocates nothing"


async def test_demand_skipped_during_a_time_zone_change_is_reallocated(harness: LotsHarness) -> None:
    """A time zone change concurrent with a demand waits for it and then fills it (S27)."""
    messages = await put_away_dated_lots(harness, 0)
    async with transaction(harness.engine) as tx:
        await dispatch(
            tx, harness.registry, [to_event(messages.request_allocation(1, 3, warehouse=harness.scoped_id("W")))]
        )
        change_task = asyncio.create_task(harness.handle(warehouse_in(harness, SAME_DAY_ZONE, 2)))
        await harness.wait_for_blocked_transaction()
        assert not change_task.done()
    requests = reallocation_requests(harness, await change_task)
    assert await reservations_by_demand(harness) == {}
    await harness.handle(*requests)
    assert await reservations_by_demand(harness) == {"1": ("L0", 3)}


async def test_unknown_warehouse_uses_the_utc_day(harness: LotsHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """A warehouse without a known time zone uses the UTC date; a later zone fills its backorders (S27, S28)."""
    monkeypatch.setattr(Transaction, "clock", staticmethod(lambda: NOON - timedelta(hours=6)))
    messages, (shelf, dock) = OrderMessages(harness.sku), storage_and_dock(harness)
    receipt = messages.receive(messages.received_lot("L0", 5, DAY - timedelta(1)), location=dock.location)
    await harness.handle(shelf, dock, receipt)
    await harness.handle(
        messages.put_away("L0", 5, shelf.location, dock.location),
        messages.request_allocation(1, 3, warehouse=harness.scoped_id("W")),
    )
    assert await reservations_by_demand(harness) == {}
    await change_time_zone(harness, "America/Los_Angeles", 1)
    assert await reservations_by_demand(harness) == {"1": ("L0", 3)}


async def test_reallocation_waits_for_a_time_zone_change(harness: LotsHarness) -> None:
    """A reallocation concurrent with a time zone change waits for it and judges by its date, without deadlock (S27)."""
    messages = await put_away_dated_lots(harness, 0)
    await harness.handle(messages.request_allocation(1, 3, warehouse=harness.scoped_id("W")))
    request = ReallocateLotBackorders(sku=harness.sku, warehouse=harness.scoped_id("W"))
    async with transaction(harness.engine) as tx:
        await dispatch(tx, harness.registry, [to_event(warehouse_in(harness, SAME_DAY_ZONE, 2))])
        reallocation = asyncio.create_task(harness.handle(request))
        await harness.wait_for_blocked_transaction()
        assert not reallocation.done()
    await reallocation
    assert await reservations_by_demand(harness) == {"1": ("L0", 3)}


async def test_reallocations_are_set_based_and_bounded(harness: LotsHarness) -> None:
    """Reallocations of 500 products take as many statements as of one, in transactions of 200 products (S27)."""
    await put_away_dated_lots(harness, 0)
    skus = [f"{harness.sku}-{number}" for number in range(500)]
    products = [product_changed(sku, "LOT") for sku in skus]
    await harness.handle(*products)
    test_warehouse = {"warehouse": harness.scoped_id("W")}
    await harness.handle(OrderMessages(skus[0]).request_allocation(1, 3, **test_warehouse))
    one = await harness.handle(warehouse_in(harness, SAME_DAY_ZONE, 2))
    await harness.handle(
        warehouse_in(harness, NEXT_DAY_ZONE, 3),
        *(OrderMessages(sku).request_allocation(1, 3, **test_warehouse) for sku in skus[1:]),
    )
    all_products = await harness.handle(warehouse_in(harness, SAME_DAY_ZONE, 4))
    assert all_products.statement_count == one.statement_count
    requests = reallocation_requests(harness, all_products)
    assert [request.key() for request in requests] == sorted(skus)
    assert sum(request.cost() for request in requests[:200]) == MAX_COST
    counts = {(await harness.handle(*part)).statement_count for part in (requests[:1], requests[1:201])}
    assert len(counts) == 1
