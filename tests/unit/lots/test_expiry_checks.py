"""Expiry checks as days pass: each threshold is published once, whenever the job runs."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.lots.balances.domain.records import ZERO, DemandRef
from services.lots.expiry.domain import EXPIRED_THRESHOLD
from shared.contracts.lots import LotExpired, LotExpiring, LotHoldPlaced
from tests.support.messages.lots import DOCK, EARLY_EXPIRY, SHELF, ProductMessages
from tests.unit.lots.expiry_calendar import DEFAULT_THRESHOLDS, ExpiryCalendar

MESSAGES = ProductMessages()


def correct_expiry(calendar: ExpiryCalendar, lot: str, expiry: date) -> None:
    """Correct the expiry of a lot."""
    calendar.service.handle(MESSAGES.correct_dates(lot, expiry))


def calendar_with_lot(
    expiry: date | None = EARLY_EXPIRY, thresholds: Sequence[int] = DEFAULT_THRESHOLDS
) -> ExpiryCalendar:
    """A calendar with one lot at the dock."""
    calendar = ExpiryCalendar(thresholds)
    calendar.service.handle(MESSAGES.receive(MESSAGES.received_lot("B-1", 10, expiry)))
    return calendar


DAYS = st.integers(-5, 120)
EXPIRIES = st.integers(0, 130).map(lambda days: EARLY_EXPIRY + timedelta(days=days))


@given(
    thresholds=st.lists(st.integers(0, 120), max_size=6),
    steps=st.lists(st.one_of(st.integers(0, 40), EXPIRIES), min_size=1, max_size=25),
)
def test_each_threshold_is_published_exactly_once(thresholds: list[int], steps: list[int | date]) -> None:
    """Missed days and corrections do not matter: each crossed threshold is published exactly once (S29)."""
    calendar = calendar_with_lot(EARLY_EXPIRY, thresholds)
    day, expiry = EARLY_EXPIRY - timedelta(days=100), EARLY_EXPIRY
    all_thresholds = list[int]()
    for step in steps:
        if isinstance(step, date):
            correct_expiry(calendar, "B-1", step)
            all_thresholds = all_thresholds if step == expiry else []
            expiry = step
        else:
            day += timedelta(days=step)
        emitted = calendar.check_on(day)
        published = [event.threshold for event in emitted if isinstance(event, LotExpiring)]
        assert published == sorted(published, reverse=True)
        all_thresholds += [*published, *(EXPIRED_THRESHOLD for event in emitted if isinstance(event, LotExpired))]
        assert sorted(all_thresholds) == sorted({
            *(threshold for threshold in thresholds if (expiry - day).days <= threshold),
            *([EXPIRED_THRESHOLD] if day > expiry else []),
        })  # fmt: skip
        expired_holds = [hold for hold in calendar.service.uow.open_holds("A-1", "B-1") if hold.kind == "EXPIRED"]
        assert len(expired_holds) == (day > expiry)
        assert calendar.check_on(day) == []


def test_missed_days_are_caught_up_in_order() -> None:
    """A check after missed days publishes all crossed thresholds, the widest first, then the expiry."""
    calendar = calendar_with_lot()
    emitted = calendar.check_on(EARLY_EXPIRY + timedelta(days=3))
    assert [event.threshold for event in emitted if isinstance(event, LotExpiring)] == [90, 60, 30, 7]
    *_, hold_event, expired = emitted
    assert isinstance(hold_event, LotHoldPlaced)
    assert isinstance(expired, LotExpired)
    assert (hold_event.hold_id, hold_event.location, hold_event.reason) == (expired.hold_id, None, "expired")


@pytest.mark.parametrize(("days", "expected_thresholds"), [(8, [30]), (7, [30, 7]), (0, [30, 7]), (-1, [30, 7])])
def test_threshold_day_is_inclusive(days: int, expected_thresholds: list[int]) -> None:
    """A threshold includes its own day. A lot is good on its last day and expired on the next (S28, S29)."""
    calendar = calendar_with_lot(thresholds=[30, 7])
    emitted = calendar.check_on(EARLY_EXPIRY - timedelta(days=days))
    assert [event.threshold for event in emitted if isinstance(event, LotExpiring)] == expected_thresholds
    assert any(isinstance(event, LotExpired) for event in emitted) == (days < 0)


def test_expiry_hold_names_allocated_quantities() -> None:
    """The hold on an expired lot names the allocated quantities to deallocate (S28)."""
    calendar = calendar_with_lot()
    calendar.service.handle(MESSAGES.put_away("B-1"))
    calendar.service.allocate(("A-1", "B-1", SHELF), DemandRef("D-1", "SO-1", "1"), Decimal(4))
    (hold_event,) = [
        event for event in calendar.check_on(EARLY_EXPIRY + timedelta(days=1)) if isinstance(event, LotHoldPlaced)
    ]
    assert [(lot.order, lot.quantity, lot.location) for lot in hold_event.stock] == [("SO-1", Decimal(4), SHELF)]


def test_expiry_respects_warehouse_time_zones() -> None:
    """After midnight in EAST only, stock there is held by location; after midnight in WEST, the whole lot (S28)."""
    calendar = calendar_with_lot()
    calendar.service.handle(MESSAGES.receive(MESSAGES.received_lot("B-1", 5), location="WEST/DOCK"))
    calendar.check_on(EARLY_EXPIRY)
    east_events = calendar.run_check({"EAST": EARLY_EXPIRY + timedelta(days=1), "WEST": EARLY_EXPIRY})
    assert [(event.TYPE, getattr(event, "location", "")) for event in east_events] == [
        (LotHoldPlaced.TYPE, DOCK),
        (LotExpired.TYPE, ""),
    ]
    assert calendar.run_check({"EAST": EARLY_EXPIRY + timedelta(days=1), "WEST": EARLY_EXPIRY}) == []
    west_events = calendar.check_on(EARLY_EXPIRY + timedelta(days=1))
    assert [(event.TYPE, getattr(event, "location", "")) for event in west_events] == [
        (LotHoldPlaced.TYPE, None),
        (LotExpired.TYPE, ""),
    ]
    assert [event.warehouse for event in calendar.service.events_of(LotExpired)] == ["EAST", "WEST"]


def test_correction_rearms_thresholds() -> None:
    """A later expiry releases the hold and rearms the thresholds; a restored expiry publishes them again (S29)."""
    calendar = calendar_with_lot()
    day_after = EARLY_EXPIRY + timedelta(days=1)
    calendar.check_on(day_after)
    correct_expiry(calendar, "B-1", EARLY_EXPIRY + timedelta(days=31))
    assert not list(calendar.service.uow.open_holds("A-1", "B-1"))
    assert [event.threshold for event in calendar.check_on(day_after) if isinstance(event, LotExpiring)] == [90, 60, 30]
    correct_expiry(calendar, "B-1", EARLY_EXPIRY)
    *threshold_events, hold_event, expired = calendar.check_on(day_after)
    assert [event.threshold for event in threshold_events if isinstance(event, LotExpiring)] == [90, 60, 30, 7]
    assert isinstance(hold_event, LotHoldPlaced)
    assert isinstance(expired, LotExpired)
    correct_expiry(calendar, "B-1", EARLY_EXPIRY)
    assert [hold.hold_id for hold in calendar.service.uow.open_holds("A-1", "B-1")] == [hold_event.hold_id]


def pick_lot(calendar: ExpiryCalendar, quantity: int) -> None:
    """Put away a quantity from the dock and pick it for an order."""
    calendar.service.handle(MESSAGES.put_away("B-1", quantity))
    calendar.service.allocate(("A-1", "B-1", SHELF), DemandRef("D-1", "SO-1", "1"), Decimal(quantity))
    calendar.service.pick(calendar.service.uow.reservations["D-1", "B-1", SHELF], Decimal(quantity))


def test_picked_stock_is_reported_and_held() -> None:
    """A fully picked lot is reported and held like any other; the hold names its orders (S28, S29)."""
    calendar = calendar_with_lot(thresholds=[30, 7])
    pick_lot(calendar, 10)
    (threshold_event,) = calendar.check_on(EARLY_EXPIRY - timedelta(days=30))
    assert isinstance(threshold_event, LotExpiring)
    assert (threshold_event.on_hand, threshold_event.picked) == (ZERO, Decimal(10))
    *_, hold_event, expired = calendar.check_on(EARLY_EXPIRY + timedelta(days=1))
    assert isinstance(hold_event, LotHoldPlaced)
    assert isinstance(expired, LotExpired)
    assert [(lot.order, lot.quantity, lot.location) for lot in hold_event.stock] == [("SO-1", Decimal(10), None)]
    assert (hold_event.location, hold_event.hold_id, expired.picked) == (None, expired.hold_id, Decimal(10))


def test_fully_picked_lot_is_held_when_expired_everywhere() -> None:
    """A lot fully picked in EAST has no location to hold; it is held once it has also expired in WEST (S28)."""
    calendar = calendar_with_lot()
    calendar.service.handle(MESSAGES.receive(MESSAGES.received_lot("B-1", 5), location="WEST/DOCK"))
    pick_lot(calendar, 10)
    calendar.check_on(EARLY_EXPIRY)
    day_after = EARLY_EXPIRY + timedelta(days=1)
    assert calendar.run_check({"EAST": day_after, "WEST": EARLY_EXPIRY}) == []
    calendar.check_on(day_after)
    assert [event.warehouse for event in calendar.service.events_of(LotExpired)] == ["WEST"]
    calendar.check_on(day_after + timedelta(days=1))
    assert [event.warehouse for event in calendar.service.events_of(LotExpired)] == ["WEST", "EAST"]
    (hold_event,) = calendar.service.events_of(LotHoldPlaced)
    assert (hold_event.location, [lot.order for lot in hold_event.stock]) == (None, ["SO-1"])


def test_undated_or_absent_lots_are_not_reported() -> None:
    """Lots without an expiry or without stock are not reported."""
    calendar = calendar_with_lot(None)
    assert calendar.check_on(EARLY_EXPIRY) == []
    calendar = calendar_with_lot()
    calendar.service.uow.balances.remove(("A-1", "B-1", DOCK))
    assert calendar.check_on(EARLY_EXPIRY) == []
