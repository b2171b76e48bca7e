"""Boundary days of allocation and dispatch: the last day of a lot and the day after it (S28)."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from shared.contracts.lots import (
    LotAllocated,
    LotDispatchApproved,
    LotDispatchRejected,
    LotHoldPlaced,
    LotRejected,
    LotShipped,
)
from shared.contracts.product_attributes import CustomerShelfLife, ShelfLifePolicy
from shared.contracts.recalls import RecallOpened
from shared.inventory.shelf_life import APPROVAL_TTL
from tests.support.in_memory.lot_allocation import InMemoryAllocation
from tests.support.messages.lot_orders import OrderMessages

MESSAGES = OrderMessages()
LAST_DAY = date(2027, 3, 31)
NO_POLICY = ShelfLifePolicy()
POLICY = ShelfLifePolicy(
    stop_allocation_days=10, customers=[CustomerShelfLife(customer="C-2", min_remaining_shelf_life_days=30)]
)
BERLIN, LOS_ANGELES = "Europe/Berlin", "America/Los_Angeles"
MIDNIGHT = {
    BERLIN: datetime(2027, 3, 31, 22, tzinfo=UTC),
    LOS_ANGELES: datetime(2027, 4, 1, 7, tzinfo=UTC),
    "UTC": datetime(2027, 4, 1, tzinfo=UTC),
}
"""The end of the last day in each time zone."""


def allocation_with_stock(now: datetime, zone: str = BERLIN, policy: ShelfLifePolicy = NO_POLICY) -> InMemoryAllocation:
    """An allocation with five units of one lot."""
    service = InMemoryAllocation(now, {"EAST": zone}, policy=policy)
    service.add_lot("L1", LAST_DAY, 0)
    service.add_stock("L1", "EAST/1", 5)
    return service


@pytest.mark.parametrize("zone", [BERLIN, LOS_ANGELES])
@pytest.mark.parametrize(("offset_seconds", "expected_quantity"), [(-1, 5), (0, 0)])
def test_lot_is_allocated_through_its_last_day(zone: str, offset_seconds: int, expected_quantity: int) -> None:
    """A lot is allocated until midnight of the warehouse on its last day, then skipped with a reason."""
    service = allocation_with_stock(MIDNIGHT[zone] + timedelta(seconds=offset_seconds), zone)
    [event] = service.play(MESSAGES.request_allocation(1, 5))
    assert sum(part.quantity for part in event.allocated) == expected_quantity
    skipped_lots = [(skipped.lot, int(skipped.quantity), skipped.reason) for skipped in event.skipped]
    assert skipped_lots == ([] if expected_quantity else [("L1", 5, "expired")])


@pytest.mark.parametrize(
    ("days_left", "fields", "reason"),
    [
        (10, {}, None),
        (9, {}, "remaining shelf life too short for allocation"),
        (30, {"customer": "C-2"}, None),
        (29, {"customer": "C-2"}, "remaining shelf life too short for this order"),
        (20, {"min_remaining_shelf_life_days": 20}, None),
        (19, {"min_remaining_shelf_life_days": 20}, "remaining shelf life too short for this order"),
        (29, {"customer": "C-2", "min_remaining_shelf_life_days": 20}, "remaining shelf life too short for this order"),
        (35, {"customer": "C-2", "min_remaining_shelf_life_days": 36}, "remaining shelf life too short for this order"),
        (90, {"lots": ["L2"]}, "lot not requested"),
        (90, {"single_lot": True, "quantity": Decimal(6)}, "lot cannot fill the line alone"),
    ],
)
def test_required_remaining_days_at_allocation(days_left: int, fields: dict[str, Any], reason: str | None) -> None:
    """Exactly the days that product, customer or order require are enough; one day less is skipped with a reason."""
    service = allocation_with_stock(MIDNIGHT[BERLIN] - timedelta(days=days_left, hours=1), policy=POLICY)
    request = MESSAGES.request_allocation(1, **({"quantity": 5} | fields))
    [event] = service.play(request)
    assert [skipped.reason for skipped in event.skipped] == ([reason] if reason else [])
    assert event.open_quantity == (0 if reason is None else request.quantity)


def test_skipped_lots_are_reported() -> None:
    """Skipped lots before the last allocated one are reported; later lots are not."""
    service = allocation_with_stock(MIDNIGHT[BERLIN] - timedelta(days=50))
    for number, days in (("L0", -60), ("L2", 5), ("L3", 9)):
        service.add_lot(number, LAST_DAY + timedelta(days), 0)
        service.add_stock(number, "EAST/2", 3)
    service.place_hold("L1", None)
    service.place_hold("L3", None)
    [event] = service.play(MESSAGES.request_allocation(1, 2))
    assert [allocated_lot.lot for allocated_lot in event.allocated] == ["L2"]
    assert [(skipped.lot, int(skipped.quantity), skipped.reason) for skipped in event.skipped] == [
        ("L0", 3, "expired"),
        ("L1", 5, "on hold"),
    ]


def test_large_skipped_quantities_are_split() -> None:
    """A skipped quantity of 2.5 million is split into parts that fit the message limit (S27)."""
    service = allocation_with_stock(MIDNIGHT[BERLIN] - timedelta(days=50))
    service.add_stock("L1", "EAST/2", 2_500_000 - 5)
    service.place_hold("L1", None)
    [event] = service.play(MESSAGES.request_allocation(1, 2))
    assert [(skipped.lot, int(skipped.quantity)) for skipped in event.skipped] == [
        ("L1", 1_000_000), ("L1", 1_000_000), ("L1", 500_000),
    ]  # fmt: skip


def test_time_zone_change_waits_for_released_stock() -> None:
    """After a change to an earlier local date, open demands wait until stock is released (S28)."""
    service = allocation_with_stock(MIDNIGHT["UTC"], "UTC")
    [empty_event] = service.play(MESSAGES.request_allocation(1, 6))
    assert not empty_event.allocated
    service.time_zones["EAST"] = LOS_ANGELES
    assert service.play() == []
    [event] = service.add_stock("L1", "EAST/2", 1)
    assert sum(part.quantity for part in event.allocated) == 6


def pick_lot(service: InMemoryAllocation, quantity: int = 5) -> None:
    """Allocate and pick a quantity for one order."""
    service.play(MESSAGES.request_allocation(1, quantity))
    for row in service.uow.reservations:
        service.pick(row, row.quantity)


def run_dispatch_check(service: InMemoryAllocation, now: datetime, **overrides: Any) -> Any:
    """Check the dispatch of the picked stock."""
    service.now = now
    return service.check_dispatch(MESSAGES.request_dispatch_check(1, {"L1": 5}, **overrides))


@pytest.mark.parametrize("zone", [BERLIN, LOS_ANGELES])
def test_dispatch_on_the_last_day(zone: str) -> None:
    """An approval ends at midnight of the last day; from midnight on the check is rejected."""
    service, midnight = allocation_with_stock(MIDNIGHT[zone] - timedelta(days=3), zone), MIDNIGHT[zone]
    pick_lot(service)
    early_result = run_dispatch_check(service, midnight - timedelta(hours=2))
    assert early_result.valid_until == midnight - timedelta(hours=2) + APPROVAL_TTL
    late_result = run_dispatch_check(service, midnight - timedelta(minutes=1))
    assert isinstance(late_result, LotDispatchApproved)
    assert late_result.valid_until == midnight
    rejected = run_dispatch_check(service, midnight)
    assert isinstance(rejected, LotDispatchRejected)
    assert [(lot.lot, int(lot.quantity), lot.code) for lot in rejected.stock] == [("L1", 5, "expired")]


@pytest.mark.parametrize(
    ("days_left", "fields", "code"),
    [
        (9, {}, None),
        (30, {"customer": "C-2"}, None),
        (29, {"customer": "C-2"}, "insufficient_shelf_life"),
        (19, {"min_remaining_shelf_life_days": 20}, "insufficient_shelf_life"),
    ],
)
def test_required_remaining_days_at_dispatch(days_left: int, fields: dict[str, Any], code: str | None) -> None:
    """The customer's required days also apply to dispatch; the stop-allocation days apply to allocation only."""
    service = allocation_with_stock(MIDNIGHT["UTC"] - timedelta(days=90), "UTC", POLICY)
    pick_lot(service)
    check_result = run_dispatch_check(service, MIDNIGHT["UTC"] - timedelta(days=days_left, minutes=1), **fields)
    assert [lot.code for lot in getattr(check_result, "stock", []) if hasattr(lot, "code")] == ([code] if code else [])
    if code is None and fields:
        assert isinstance(check_result, LotDispatchApproved)
        assert check_result.valid_until == MIDNIGHT["UTC"] - timedelta(days=days_left)


def test_best_before_date_guards_like_an_expiry() -> None:
    """A best-before date of the policy goes to the picker, ends the approval, and may be corrected (S24, S28)."""
    policy, midnight = ShelfLifePolicy(expiry_basis="BEST_BEFORE"), MIDNIGHT[BERLIN]
    service = InMemoryAllocation(midnight - timedelta(days=3), {"EAST": BERLIN}, policy=policy)
    label = {"best_before": LAST_DAY, "expiry_source": "BEST_BEFORE"}
    service.play(MESSAGES.receive(MESSAGES.received_lot("L1", 5, LAST_DAY, **label), location="EAST/1"))
    pick_lot(service)
    [allocated] = service.events_of(LotAllocated)[-1].allocated
    assert allocated.expiry == LAST_DAY
    assert run_dispatch_check(service, midnight - timedelta(minutes=1)).valid_until == midnight
    assert [lot.code for lot in run_dispatch_check(service, midnight).stock] == ["expired"]
    service.play(MESSAGES.correct_dates("L1", None, best_before=LAST_DAY + timedelta(days=1)))
    assert isinstance(run_dispatch_check(service, midnight), LotDispatchApproved)


def test_lot_hold_blocks_dispatch() -> None:
    """A hold on the whole lot blocks the dispatch of picked stock until its release; a location's hold does not."""
    service = allocation_with_stock(MIDNIGHT[BERLIN] - timedelta(days=90))
    pick_lot(service)
    service.place_hold("L1", "EAST/1")
    assert isinstance(run_dispatch_check(service, service.now), LotDispatchApproved)
    service.place_hold("L1", None)
    assert [lot.code for lot in run_dispatch_check(service, service.now).stock] == ["on_hold"]
    service.release_holds("L1")
    assert isinstance(run_dispatch_check(service, service.now), LotDispatchApproved)


def test_hold_placed_lists_what_may_leave() -> None:
    """The event of a hold on the whole lot, a recall's too, lists picked quantities of an approved dispatch (S28)."""
    service = allocation_with_stock(MIDNIGHT[BERLIN] - timedelta(days=90))
    pick_lot(service)
    service.place_hold("L1", None)
    service.release_holds("L1")
    approved = run_dispatch_check(service, service.now)
    service.place_hold("L1", "EAST/1")
    service.play(RecallOpened(recall="RC-1", sku="A-1", lots=["L1"], hold_id="RC-1", reason="glass"))
    assert [[entry.model_dump() for entry in event.leaving] for event in service.events_of(LotHoldPlaced)] == [
        [], [], [
            {
                "shipment": "SH-1", "order": approved.order, "customer": "C-1", "valid_until": approved.valid_until,
                "quantity": 5, "serials": [],
            }
        ],
    ]  # fmt: skip


def test_shipping_a_held_lot_names_the_customer_to_call() -> None:
    """The dispatch of a held or expired lot is recorded; the conflict asks a supervisor to call the customer (S10)."""
    service = allocation_with_stock(MIDNIGHT[BERLIN] - timedelta(days=90))
    pick_lot(service)
    service.place_hold("L1", None)
    service.play(MESSAGES.dispatch(1, {"L1": 5}))
    assert len(service.events_of(LotShipped)) == 1
    [conflict] = service.events_of(LotRejected)
    assert (conflict.code, "call customer C-1" in conflict.detail) == ("on_hold", True)
    assert [row.quantity for row in service.uow.picked] == [0]


def test_packed_quantities_of_a_lot_are_summed() -> None:
    """The quantities of a lot in two cartons are summed and limited by the picked quantity of the line."""
    service = allocation_with_stock(MIDNIGHT[BERLIN] - timedelta(days=90))
    pick_lot(service, 4)
    single_check = MESSAGES.request_dispatch_check(1, {"L1": 3})
    double_check = single_check.model_copy(update={"stock": [*single_check.stock, *single_check.stock]})
    check_result = service.check_dispatch(double_check)
    assert isinstance(check_result, LotDispatchRejected)
    assert [(int(lot.quantity), lot.code) for lot in check_result.stock] == [(6, "not_picked")]
