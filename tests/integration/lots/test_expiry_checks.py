"""Expiry checks on the database: thresholds and expired lots are published once as days pass."""

from datetime import timedelta

import pytest

from shared.persistence.database import Transaction
from tests.integration.expiry_checks import advance_days, published_events, published_thresholds, run_expiry_check
from tests.integration.lots.conftest import LotsHarness
from tests.integration.lots.expiry_checks import correct_expiry, receive_dated_lots
from tests.support.messages.lot_orders import OrderMessages
from tests.support.messages.lots import SHELF
from tests.support.time_zones import DAY, NOON

pytestmark = pytest.mark.usefixtures("at_noon")  # a date that only the tests of expiry checks use


async def test_lot_expires_as_days_pass(harness: LotsHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each threshold is published on its day; the day after its last, the lot is held and its orders are named."""
    messages = OrderMessages(harness.sku)
    await receive_dated_lots(harness, 40)
    await harness.handle(messages.put_away("B-0"), messages.request_allocation(1, 4))
    thresholds_by_day = {}
    for day in (0, 9, 10, 33, 40, 41, 42):
        advance_days(monkeypatch, day)
        await run_expiry_check(harness)
        thresholds_by_day[day] = await published_thresholds(harness)
    all_thresholds = [90, 60, 30, 7]
    assert thresholds_by_day == {
        **dict.fromkeys((0, 9), all_thresholds[:2]),
        10: all_thresholds[:3],
        **dict.fromkeys((33, 40, 41, 42), all_thresholds),
    }
    (expired,) = await published_events(harness, "lot.expired.v1")
    (hold_event,) = await published_events(harness, "lot.hold_placed.v1")
    assert (expired["lot"], expired["warehouse"], expired["on_hand"]) == ("B-0", "EAST", 10)
    assert (hold_event["hold_id"], hold_event["reason"]) == (expired["hold_id"], "expired")
    assert hold_event["actor"] == "tracelot/lots/scheduler"
    assert [(lot["order"], lot["quantity"]) for lot in hold_event["stock"]] == [(messages.order_id(1), 4)]
    (hold,) = await harness.fetch_all("SELECT kind, released_at FROM hold WHERE sku = :sku", sku=harness.sku)
    assert hold == {"kind": "EXPIRED", "released_at": None}


async def test_fully_picked_lot_is_held_when_it_expires(harness: LotsHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fully picked lot is reported and held until it is shipped or its expiry is corrected (S28)."""
    messages = OrderMessages(harness.sku)
    await receive_dated_lots(harness, 40)
    await harness.handle(messages.put_away("B-0"), messages.request_allocation(1, 10))
    await harness.handle(messages.pick(1, messages.lot_at_location("B-0", 10)))
    for day in (0, 10, 41, 42):
        advance_days(monkeypatch, day)
        await run_expiry_check(harness)
    assert [
        (event["threshold"], event.get("on_hand"), event["picked"])
        for event in await published_events(harness, "lot.expiring.v1")
    ] == [(days, 0, 10) for days in (90, 60, 30, 7)]
    (expired,) = await published_events(harness, "lot.expired.v1")
    (hold_event,) = await published_events(harness, "lot.hold_placed.v1")
    assert (expired["hold_id"], expired["picked"]) == (hold_event["hold_id"], 10)
    assert [(lot["order"], lot["quantity"], lot.get("location")) for lot in hold_event["stock"]] == [
        (messages.order_id(1), 10, None)
    ]
    await correct_expiry(harness, 60)
    await run_expiry_check(harness)
    assert await published_thresholds(harness) == [90, 60, 30, 7, 90, 60, 30]
    await harness.handle(messages.dispatch(1, {"B-0": 10}))
    advance_days(monkeypatch, 99)
    await run_expiry_check(harness)
    assert len(await published_events(harness, "lot.expired.v1")) == 1


async def test_picking_does_not_change_the_next_check(harness: LotsHarness) -> None:
    """A pick does not change the date of the lot's next check (S29)."""
    messages = OrderMessages(harness.sku)
    await receive_dated_lots(harness, 20)
    await harness.handle(messages.put_away("B-0"), messages.request_allocation(1, 4))
    await run_expiry_check(harness)
    await harness.handle(messages.pick(1, messages.lot_at_location("B-0", 4)))
    select_next_checks = "SELECT next_expiry_check FROM picked_stock WHERE sku = :sku"
    assert [row["next_expiry_check"] for row in await harness.fetch_all(select_next_checks, sku=harness.sku)] == [
        DAY + timedelta(days=13)
    ]
    await harness.handle(messages.unpick(1, "B-0", 4, SHELF, reallocate=True))
    await correct_expiry(harness, 50)
    await run_expiry_check(harness)
    await harness.handle(messages.pick(1, messages.lot_at_location("B-0", 4)))
    assert [row["next_expiry_check"] for row in await harness.fetch_all(select_next_checks, sku=harness.sku)] == [
        DAY + timedelta(days=20)
    ]


async def test_putaway_publishes_no_repeated_thresholds(harness: LotsHarness) -> None:
    """After a putaway, the lot is checked at its new location and no threshold is repeated."""
    await receive_dated_lots(harness, 20)
    await run_expiry_check(harness)
    await harness.handle(harness.messages.put_away("B-0", 4, SHELF))
    await run_expiry_check(harness)
    assert await published_thresholds(harness) == [90, 60, 30]


async def test_expiry_uses_the_warehouse_time_zone(harness: LotsHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """At 22:01 UTC it is the next day in Berlin, and the lot has expired there (S28)."""
    await receive_dated_lots(harness, 0)
    monkeypatch.setattr(Transaction, "clock", staticmethod(lambda: NOON.replace(hour=21, minute=59)))
    await run_expiry_check(harness)
    assert await published_events(harness, "lot.expired.v1") == []
    monkeypatch.setattr(Transaction, "clock", staticmethod(lambda: NOON.replace(hour=22, minute=1)))
    await run_expiry_check(harness)
    assert [event["lot"] for event in await published_events(harness, "lot.expired.v1")] == ["B-0"]
