"""Time zone changes to an earlier local date: backorders are allocated from lots valid again."""

import asyncio
from datetime import timedelta

import pytest

from shared.messaging import scheduler
from shared.messaging.dispatcher import dispatch
from shared.messaging.scheduler import JobRunner
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
    count_rechecks,
    run_recheck_job,
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
    await harness.handle(warehouse_in(harness, "Etc/GMT-14", 2))
    assert (await count_rechecks(harness), await run_recheck_job(harness)) == (0, 0), "the local date is unchanged"
    await harness.handle(warehouse_in(harness, SAME_DAY_ZONE, 3))
    assert (await run_recheck_job(harness), await count_rechecks(harness)) == (1, 0)
    assert await reservations_by_demand(harness) == {"1": ("L5", 3), "2": ("L5", 2), "4": ("L0", 9)}
    await harness.handle(warehouse_in(harness, NEXT_DAY_ZONE, 4), warehouse_in(harness, NEXT_DAY_ZONE, 3))
    assert await count_rechecks(harness) == 0, "a later date allocates nothing"


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
    await change_task
    assert await reservations_by_demand(harness) == {}
    await run_recheck_job(harness)
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
    await harness.handle(warehouse_in(harness, "America/Los_Angeles", 1))
    await run_recheck_job(harness)
    assert await reservations_by_demand(harness) == {"1": ("L0", 3)}


async def test_rechecks_run_in_bounded_transactions(harness: LotsHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rechecks of 500 products are recorded by one statement and run in bounded batches (S27)."""
    await put_away_dated_lots(harness, 0)
    skus = [f"{harness.sku}-{number}" for number in range(500)]
    await harness.handle(*(product_changed(sku, "LOT") for sku in skus))
    empty_result = await harness.handle(warehouse_in(harness, SAME_DAY_ZONE, 2))
    await harness.handle(warehouse_in(harness, NEXT_DAY_ZONE, 3))
    await harness.handle(
        *(OrderMessages(sku).request_allocation(1, 3, warehouse=harness.scoped_id("W")) for sku in skus)
    )
    full_result = await harness.handle(warehouse_in(harness, SAME_DAY_ZONE, 4))
    assert full_result.statement_count == empty_result.statement_count
    max_batch, run_transaction = 0, JobRunner._run_transaction  # noqa: SLF001 - counts the batches of the real method

    async def counting_transaction(self: JobRunner, after: object, size: int, found: list[object]) -> bool:
        nonlocal max_batch
        done = await run_transaction(self, after, size, found)  # type: ignore[arg-type]
        max_batch = max(max_batch, len(found))
        return done

    monkeypatch.setattr(JobRunner, "_run_transaction", counting_transaction)
    assert (await run_recheck_job(harness), max_batch, await count_rechecks(harness)) == (500, scheduler.BATCH_SIZE, 0)
