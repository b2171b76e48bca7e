"""Expiry checks after corrected expiries and changed thresholds: what is published again, and what is not."""

from datetime import timedelta

import pytest

from shared.contracts.commands.lot_corrections import CorrectLotDates
from shared.contracts.product_attributes import ShelfLifePolicy
from tests.integration.expiry_checks import advance_days, published_events, published_thresholds, run_expiry_check
from tests.integration.lots.conftest import LotsHarness
from tests.integration.lots.expiry_checks import correct_expiry, open_hold_ids, receive_dated_lots
from tests.support.messages.lot_orders import OrderMessages
from tests.support.messages.lots import SHELF
from tests.support.messages.reference import product_changed
from tests.support.time_zones import DAY

pytestmark = pytest.mark.usefixtures("at_noon")  # a date that only the tests of expiry checks use


async def test_expiry_correction_rearms_thresholds(harness: LotsHarness) -> None:
    """A corrected expiry releases the hold and rearms the thresholds; the same expiry changes nothing."""
    await receive_dated_lots(harness, -1)
    await run_expiry_check(harness)
    hold_ids = await open_hold_ids(harness)
    assert len(hold_ids) == 1
    same_expiry = CorrectLotDates(sku=harness.sku, lot="B-0", expiry=DAY - timedelta(days=1), reason="label checked")
    await harness.handle(same_expiry)
    assert await open_hold_ids(harness) == hold_ids
    await correct_expiry(harness, 20)
    assert await open_hold_ids(harness) == []
    await run_expiry_check(harness)
    assert await published_thresholds(harness) == [90, 60, 30, 7, 90, 60, 30]


async def test_required_expiry_cannot_be_removed(harness: LotsHarness) -> None:
    """A required expiry cannot be removed, and the expired lot stays on hold (S24, S28)."""
    policy = ShelfLifePolicy(expiry_required=True)
    await harness.handle(product_changed(harness.sku, "LOT", version=2, shelf_life=policy))
    await receive_dated_lots(harness, -1)
    await run_expiry_check(harness)
    result = await harness.handle(CorrectLotDates(sku=harness.sku, lot="B-0", expiry=None, reason="label unreadable"))
    assert result.error_codes() == ["expiry_required"]
    assert len(await open_hold_ids(harness)) == 1


async def test_restored_expiry_is_published_again(harness: LotsHarness) -> None:
    """A restored expiry is published again; a changed best-before date is not (S29)."""
    await receive_dated_lots(harness, -1)
    await run_expiry_check(harness)
    for days in (20, -1):
        await correct_expiry(harness, days)
    await run_expiry_check(harness)
    assert await published_thresholds(harness) == [90, 60, 30, 7] * 2
    assert [event["expiry"] for event in await published_events(harness, "lot.expired.v1")] == [
        str(DAY - timedelta(days=1))
    ] * 2
    assert len(await open_hold_ids(harness)) == 1
    same_expiry = CorrectLotDates(
        sku=harness.sku, lot="B-0", expiry=DAY - timedelta(days=1), best_before=DAY, reason="label checked"
    )
    await harness.handle(same_expiry)
    await run_expiry_check(harness)
    assert len(await published_thresholds(harness)) == 8


async def test_changed_thresholds_are_checked(harness: LotsHarness) -> None:
    """Changed thresholds reset the checks of the product's lots; new crossed thresholds are published (S29)."""
    await receive_dated_lots(harness, 50)
    await run_expiry_check(harness)
    policy = ShelfLifePolicy(expiry_alert_days=[100, 60, 45])
    product = product_changed(harness.sku, "LOT", version=2, shelf_life=policy)
    await harness.handle(product)
    await run_expiry_check(harness)
    assert await published_thresholds(harness) == [90, 60, 100]


async def test_emptied_location_is_checked_after_unpick(harness: LotsHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lot fully picked during a threshold change is checked in time after its unpick (S29)."""
    messages = OrderMessages(harness.sku)
    product = product_changed(harness.sku, "LOT", version=2)
    await harness.handle(product.model_copy(update={"shelf_life": ShelfLifePolicy(expiry_alert_days=[])}))
    await receive_dated_lots(harness, 50)
    await harness.handle(messages.put_away("B-0"), messages.request_allocation(1, 10))
    await run_expiry_check(harness)
    await harness.handle(messages.pick(1, messages.lot_at_location("B-0", 10)))
    await harness.handle(
        product.model_copy(update={"version": 3, "shelf_life": ShelfLifePolicy(expiry_alert_days=[30])})
    )
    await harness.handle(messages.unpick(1, "B-0", 10, SHELF, reallocate=False))
    await run_expiry_check(harness)
    advance_days(monkeypatch, 21)
    await run_expiry_check(harness)
    assert await published_thresholds(harness) == [30]
