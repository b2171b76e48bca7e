"""Expiry rules at their boundary days, and FEFO allocation compared with exhaustive search."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.problems import Code
from shared.contracts.product_attributes import CustomerShelfLife, ShelfLifePolicy
from shared.inventory.decimals import decimals_of, precision_violation
from shared.inventory.expiry import (
    NO_NEXT_CHECK,
    crossed_thresholds,
    dispatchable_until,
    is_expired,
    min_acceptable_expiry,
    next_check_date,
    shelf_life_violation,
    today,
)
from shared.inventory.fefo import AvailableLot, FefoQueue, fefo_key, release_key, sql_order
from shared.inventory.shelf_life import ShelfLifeRules
from shared.inventory.skip_reason import SkipReason

DAY = date(2027, 3, 31)


@pytest.mark.parametrize(("on", "expired"), [(DAY - timedelta(1), False), (DAY, False), (DAY + timedelta(1), True)])
def test_stock_can_leave_on_its_expiry_date(on: date, expired: bool) -> None:
    """Stock may be dispatched on its expiry date, but not on the next day (S28)."""
    assert is_expired(DAY, on) is expired
    assert (shelf_life_violation(DAY, on) == "expired") is expired


def test_stock_without_expiry_never_expires() -> None:
    """Stock without expiry date satisfies any minimum (S28)."""
    assert shelf_life_violation(None, date(2199, 12, 31), stop_allocation_days=90, min_remaining_days=90) is None
    assert dispatchable_until(None, "UTC") is None


@pytest.mark.parametrize(
    ("remaining_days", "violation"),
    [(30, None), (29, "insufficient_shelf_life"), (10, "insufficient_shelf_life"), (9, "allocation_stopped")],
)
def test_minimum_remaining_days(remaining_days: int, violation: str | None) -> None:
    """The exact minimum suffices, one day less does not; stop-allocation precedes the customer minimum (S28)."""
    day = DAY - timedelta(remaining_days)
    assert shelf_life_violation(DAY, day, stop_allocation_days=10, min_remaining_days=30) == violation


@given(st.integers(-5, 40), st.integers(0, 40), st.integers(0, 40))
def test_min_acceptable_expiry_is_the_boundary(remaining_days: int, stop: int, minimum: int) -> None:
    """Stock is accepted if and only if it expires on the earliest acceptable date or later (S28)."""
    expiry = DAY + timedelta(remaining_days)
    is_accepted = shelf_life_violation(expiry, DAY, stop, minimum) is None
    assert is_accepted is (expiry >= min_acceptable_expiry(DAY, stop, minimum))


def test_today_depends_on_the_warehouse_time_zone() -> None:
    """The same instant is on 31 March in Los Angeles and on 1 April in Berlin (S28)."""
    moment = datetime(2027, 4, 1, 3, tzinfo=UTC)
    assert today(moment, "America/Los_Angeles") == DAY
    assert today(moment, "Europe/Berlin") == date(2027, 4, 1)


@given(st.integers(0, 40), st.integers(0, 40), st.sampled_from(["UTC", "Asia/Kolkata", "America/New_York"]))
def test_dispatchable_until_is_the_boundary(stop: int, minimum: int, zone: str) -> None:
    """Dispatch is allowed until one second before, in every time zone and across DST changes (S28)."""
    until = dispatchable_until(DAY, zone, stop, minimum)
    assert until is not None
    assert shelf_life_violation(DAY, today(until.astimezone(UTC), zone), stop, minimum) is not None
    assert shelf_life_violation(DAY, today(until.astimezone(UTC) - timedelta(seconds=1), zone), stop, minimum) is None


@pytest.mark.parametrize(
    ("remaining_days", "customer", "requested_days", "violation"),
    [
        (0, "C-1", 0, None),
        (-1, "C-1", 0, (Code.EXPIRED, "expired on 2027-03-31")),
        (
            9,
            "C-2",
            8,
            (Code.INSUFFICIENT_SHELF_LIFE, "expires on 2027-03-31, 10 days of remaining shelf life required"),
        ),
        (10, "C-2", 10, None),
        (
            10,
            "C-2",
            11,
            (Code.INSUFFICIENT_SHELF_LIFE, "expires on 2027-03-31, 11 days of remaining shelf life required"),
        ),
    ],
)
def test_dispatch_requires_the_higher_minimum(
    remaining_days: int, customer: str, requested_days: int, violation: tuple[Code, str] | None
) -> None:
    """Dispatch requires the higher minimum of customer and order, not the stop-allocation days (S28)."""
    agreement = CustomerShelfLife(customer="C-2", min_remaining_shelf_life_days=10)
    policy = ShelfLifePolicy(stop_allocation_days=20, customers=[agreement])
    noon = datetime(2027, 3, 31, 12, tzinfo=UTC) - timedelta(remaining_days)
    rules = ShelfLifeRules.as_of(noon, "Europe/Berlin", policy)
    assert rules.skip_reason(DAY) == (SkipReason.EXPIRED if remaining_days < 0 else SkipReason.ALLOCATION_STOPPED)
    assert rules.dispatch_violation(DAY, customer, requested_days) == violation
    until = rules.dispatchable_until(DAY, customer, requested_days)
    assert until is not None
    assert rules.at(until - timedelta(seconds=1)).dispatch_violation(DAY, customer, requested_days) is None
    assert rules.at(until).dispatch_violation(DAY, customer, requested_days) is not None
    assert rules.dispatch_violation(None, customer, requested_days) is None


DAYS = st.integers(0, 130).map(lambda days: DAY + timedelta(days))
THRESHOLDS = st.lists(st.integers(0, 120), max_size=6)


@given(DAYS, DAYS, THRESHOLDS)
def test_no_threshold_is_crossed_before_the_next_check(expiry: date, day: date, thresholds: list[int]) -> None:
    """No threshold is crossed before the next check; on that day one is, or the stock expires (S29)."""
    next_check = next_check_date(expiry, day, thresholds)
    if next_check == NO_NEXT_CHECK:
        assert day > expiry
        return
    assert next_check > day
    assert next_check <= expiry + timedelta(1)
    tomorrow, day_before = day + timedelta(1), next_check - timedelta(1)
    assert crossed_thresholds(expiry, day_before, thresholds, since=tomorrow) == []
    assert next_check > expiry or crossed_thresholds(expiry, next_check, thresholds, since=tomorrow)


@given(DAYS, st.lists(DAYS, min_size=1), THRESHOLDS)
def test_each_threshold_is_crossed_once(expiry: date, check_days: list[date], thresholds: list[int]) -> None:
    """Checks on any days together find what one check on the last day finds, the widest threshold first (S29)."""
    crossed, since = list[int](), date.min
    for day in sorted(set(check_days)):
        crossed += crossed_thresholds(expiry, day, thresholds, since=since)
        since = day + timedelta(1)
    last_day = max(check_days)
    assert crossed == crossed_thresholds(expiry, last_day, thresholds)
    assert crossed == sorted({days for days in thresholds if (expiry - last_day).days <= days}, reverse=True)


def test_stock_without_expiry_needs_no_check() -> None:
    """Stock without an expiry date has no next check."""
    assert next_check_date(None, DAY, [30]) == NO_NEXT_CHECK


LOTS = st.lists(
    st.builds(
        AvailableLot,
        lot=st.sampled_from(["A", "B", "a"]),
        expiry=st.none(),
        received_at=st.just(datetime(2026, 1, 1, tzinfo=UTC)),
        location=st.sampled_from(["E/1", "E/2", "E/3"]),
        pick_sequence=st.integers(0, 2),
        available_quantity=st.integers(0, 4).map(Decimal),
    ),
    max_size=5,
    unique_by=lambda lot: (lot.lot, lot.location),
)
DATES_BY_LOT = st.fixed_dictionaries(
    {lot: st.tuples(st.sampled_from([None, DAY, DAY + timedelta(1)]), st.integers(0, 1)) for lot in ("A", "B", "a")}
)


def with_dates(lots: list[AvailableLot], dates: dict[str, tuple[date | None, int]]) -> list[AvailableLot]:
    """Give all locations of a lot the same expiry date and first receipt."""
    return [
        lot._replace(expiry=dates[lot.lot][0], received_at=lot.received_at + timedelta(days=dates[lot.lot][1]))
        for lot in lots
    ]


@given(LOTS, DATES_BY_LOT, st.integers(1, 9).map(Decimal))
def test_fefo_is_optimal(
    lots: list[AvailableLot], dates: dict[str, tuple[date | None, int]], quantity: Decimal
) -> None:
    """Among all allocation orders, FEFO takes the earliest expiring lots, up to the available quantity (S27)."""

    def key(lot: AvailableLot) -> tuple[object, ...]:
        return (lot.expiry or date.max, lot.expiry is None, lot.received_at, lot.lot, lot.pick_sequence, lot.location)

    lots_with_dates = with_dates(lots, dates)
    allocations = FefoQueue(lots_with_dates).allocate(quantity)
    assert sum(allocation.quantity for allocation in allocations) == min(
        quantity, sum(lot.available_quantity for lot in lots_with_dates)
    )
    candidates = (take_in_order(order, quantity) for order in permutations(lots_with_dates))
    best = min(candidates, key=lambda candidate: [key(lot) for lot, _ in candidate])
    assert [(allocation.source, allocation.quantity) for allocation in allocations] == best


def take_in_order(order: tuple[AvailableLot, ...], quantity: Decimal) -> list[tuple[AvailableLot, Decimal]]:
    """Allocate a quantity from lots in a given order."""
    allocations = []
    for lot in order:
        if lot.available_quantity and quantity:
            allocations.append((lot, min(lot.available_quantity, quantity)))
            quantity -= allocations[-1][1]
    return allocations


@given(st.lists(st.tuples(st.sampled_from([None, DAY, DAY + timedelta(1)]), st.sampled_from("AaB")), max_size=8))
def test_releases_start_with_the_latest_expiry(lots: list[tuple[date | None, str]]) -> None:
    """Releases reverse the FEFO order of expiry dates; lots of equal expiry follow their number (S27)."""
    released = sorted(lots, key=lambda lot: release_key(*lot))
    allocated = sorted(lots, key=lambda lot: fefo_key(lot[0], datetime(2026, 1, 1, tzinfo=UTC), lot[1]))
    assert [expiry for expiry, _ in released] == [expiry for expiry, _ in reversed(allocated)]
    for expiry in {expiry for expiry, _ in lots}:
        numbers = [number for lot_expiry, number in released if lot_expiry == expiry]
        assert numbers == sorted(numbers)


def test_sql_order_lists_known_columns_in_the_order_of_the_key() -> None:
    """A statement names its columns in any order and may leave out fields (S27)."""
    assert sql_order(number="s.serial", expiry="s.expiry") == "coalesce(s.expiry, 'infinity'), s.serial"
    with pytest.raises(ValueError, match="not in tuple"):
        sql_order(lot="s.lot")


@given(LOTS, DATES_BY_LOT, st.integers(1, 9).map(Decimal))
def test_single_lot_fills_all_or_nothing(
    lots: list[AvailableLot], dates: dict[str, tuple[date | None, int]], quantity: Decimal
) -> None:
    """The first sufficient lot in FEFO order provides the whole quantity; otherwise nothing is allocated (S27)."""
    lots_with_dates = with_dates(lots, dates)
    allocations = FefoQueue(lots_with_dates).allocate(quantity, single_lot=True)
    available_lots = [available_lot for available_lot in lots_with_dates if available_lot.available_quantity]
    totals: dict[str, Decimal] = {}
    for available_lot in sorted(available_lots, key=lambda available_lot: available_lot.fefo_key):
        totals[available_lot.lot] = totals.get(available_lot.lot, Decimal(0)) + available_lot.available_quantity
    sufficient_lots = [lot_number for lot_number, total in totals.items() if total >= quantity]
    assert {allocation.source.lot for allocation in allocations} == set(sufficient_lots[:1])
    assert sum(allocation.quantity for allocation in allocations) == (quantity if sufficient_lots else 0)


@pytest.mark.parametrize(("quantity", "decimals"), [("1", 0), ("1.000", 0), ("1.5", 1), ("0.123456", 6)])
def test_quantity_precision(quantity: str, decimals: int) -> None:
    """Trailing zeros do not count; one decimal too many is rejected; unknown precision accepts any quantity (S14)."""
    assert precision_violation("SALT", Decimal(quantity), decimals) is None
    violation = precision_violation("SALT", Decimal(quantity) + Decimal(1).scaleb(-decimals - 1), decimals)
    assert violation is not None
    assert violation.detail.endswith(f"at most {decimals} decimal{'s' * (decimals != 1)} allowed")
    assert precision_violation("SALT", Decimal("0.0000001"), None) is None


def test_serials_have_no_decimals() -> None:
    """Serial-tracked products have no decimals, whatever the ERP declares (S14)."""
    assert (decimals_of("SERIAL", 6), decimals_of("LOT", 2)) == (0, 2)
