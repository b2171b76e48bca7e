"""Picks, short picks, unpicks, swaps and holds of units."""

import pytest

from shared.contracts.commands.fulfillment import PickItems, ReportShortPick, SwapUnit, UnitSelector, UnpickItems
from shared.contracts.fulfillment import (
    AllocationRequested,
    OrderSerialsDeallocated,
    OrderSerialsPicked,
    OrderSerialsUnpicked,
    OrderStatusChanged,
)
from shared.contracts.problems import Code
from shared.contracts.serials import AffectedSerial, SerialHoldPlaced, SerialHoldReleased
from shared.contracts.upstream import OrderAmended, OrderCancelled
from tests.unit.fulfillment.in_memory import InMemoryFulfillment
from tests.unit.fulfillment.order_builders import allocation_requests, order_line, order_placed, serial_allocated


@pytest.fixture
def fulfillment() -> InMemoryFulfillment:
    """An order SO-1 of three units of A, with S1 and S2 allocated; SO-2 has S3."""
    fulfillment = InMemoryFulfillment(("A", "B"))
    for name, quantity, serials in (("SO-1", 3, ("S1", "S2")), ("SO-2", 1, ("S3",))):
        (demand,) = allocation_requests(
            fulfillment.handle(order_placed(order_line("1", quantity=quantity), order_id=name))
        )
        fulfillment.handle(serial_allocated(demand, *serials, open_quantity=quantity - len(serials)))
    return fulfillment


def pick_command(*serials: str, order_id: str = "SO-1", location: str = "EAST/STAGE") -> PickItems:
    """A pick of units of A."""
    return PickItems(order=order_id, units=scanned_units(*serials), location=location)


def scanned_units(*serials: str) -> list[UnitSelector]:
    """Selectors for units of A."""
    return [UnitSelector(sku="A", serial=serial) for serial in serials]


def test_only_allocated_units_are_picked(fulfillment: InMemoryFulfillment) -> None:
    """Other units are rejected with the path of their order or unit; allocated ones are picked (S20)."""
    events = fulfillment.handle(pick_command("S1", "S3", "S9", "S1"))
    (picked,) = [event for event in events if isinstance(event, OrderSerialsPicked)]
    assert picked.serials == ["S1"]
    blocked_by = {violation.defer().code: violation.blocked_by for violation in fulfillment.violations}
    assert blocked_by == {
        Code.DUPLICATE_SERIAL_IN_REQUEST: [],
        Code.NOT_ON_PICK_LIST: ["/orders/SO-2"],
        Code.NOT_YET_AVAILABLE: ["/serials/A/S9"],
    }
    assert fulfillment.rejection_codes(pick_command("S1")) == [Code.ALREADY_PICKED]


def test_scan_of_something_else_is_named(fulfillment: InMemoryFulfillment) -> None:
    """A scan that is no serial number is not on the pick list, and what it looks like is named (S13, S20)."""
    fulfillment.handle(pick_command("(01)09521234543213(21)S1", order_id="SO-2"))
    (violation,) = fulfillment.violations
    assert violation.code is Code.NOT_ON_PICK_LIST
    assert "(21)S1, which looks like a GS1 element string, is not on the pick list" in violation.detail


def test_unit_that_cannot_be_pending_is_rejected(fulfillment: InMemoryFulfillment) -> None:
    """A fully allocated order has no allocation in flight (S20)."""
    assert fulfillment.rejection_codes(pick_command("S9", order_id="SO-2")) == [Code.NOT_ON_PICK_LIST]
    (violation,) = fulfillment.violations
    assert violation.blocked_by == ["/serials/A/S9"]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (pick_command("S1", order_id="SO-9"), Code.ORDER_NOT_FOUND),
        (pick_command("S1", location="EAST/NO"), Code.LOCATION_NOT_FOUND),
        (pick_command("S1", location="EAST/A-1"), Code.WRONG_LOCATION_TYPE),
        (pick_command("S1", location="WEST/STAGE"), Code.WRONG_WAREHOUSE),
    ],
)
def test_pick_is_staged_in_the_orders_warehouse(fulfillment: InMemoryFulfillment, wrong: PickItems, code: Code) -> None:
    """Only dock and staging locations in the warehouse of the order are allowed (S09)."""
    assert fulfillment.rejection_codes(wrong) == [code]


def test_cancelled_order_is_not_picked_and_not_reallocated(fulfillment: InMemoryFulfillment) -> None:
    """A cancelled order cannot be picked; its picked units are unpicked without reallocation (S11, S12)."""
    fulfillment.handle(pick_command("S1"))
    fulfillment.handle(OrderCancelled(order="SO-1"))
    assert fulfillment.rejection_codes(pick_command("S2")) == [Code.ORDER_CANCELLED]
    events = fulfillment.handle(
        UnpickItems(order="SO-1", units=scanned_units("S1"), location="EAST/A-1", reallocate=True, reason="cancelled")
    )
    (unpicked,) = [event for event in events if isinstance(event, OrderSerialsUnpicked)]
    assert not unpicked.reallocate
    assert not allocation_requests(events)


def test_short_pick_holds_the_unit_and_reallocates(fulfillment: InMemoryFulfillment) -> None:
    """A missing unit is released with a hold, and its quantity is open again."""
    events = fulfillment.handle(ReportShortPick(order="SO-1", units=scanned_units("S1"), reason="not on the shelf"))
    (deallocated,) = [event for event in events if isinstance(event, OrderSerialsDeallocated)]
    assert (deallocated.serials, deallocated.reallocate, bool(deallocated.hold_id)) == (["S1"], True, True)
    (status_changed,) = [event for event in events if isinstance(event, OrderStatusChanged)]
    progress = status_changed.lines[0]
    assert (progress.allocated, progress.open, progress.backordered) == (1, 1, 1)
    fulfillment.handle(pick_command("S2"))
    assert fulfillment.rejection_codes(ReportShortPick(order="SO-1", units=scanned_units("S2"), reason="?")) == [
        Code.ALREADY_PICKED
    ]


def test_unpick_of_an_open_line_reallocates(fulfillment: InMemoryFulfillment) -> None:
    """An unpicked unit of an open line is replaced; without reallocation the unpick is rejected (S12)."""
    fulfillment.handle(pick_command("S1", "S2"))
    wrong_location = UnpickItems(order="SO-1", units=scanned_units("S1"), location="EAST/STAGE", reason="x")
    assert fulfillment.rejection_codes(wrong_location) == [Code.WRONG_LOCATION_TYPE]
    unpick = UnpickItems(order="SO-1", units=scanned_units("S1"), location="EAST/A-1", reason="wrong colour")
    assert fulfillment.rejection_codes(unpick.model_copy(update={"reallocate": False})) == [Code.LINE_STILL_OPEN]
    assert [event.reallocate for event in fulfillment.handle(unpick) if isinstance(event, OrderSerialsUnpicked)] == [
        True
    ]
    assert fulfillment.rejection_codes(
        UnpickItems(order="SO-1", units=scanned_units("S1"), location="EAST/A-1", reason="x")
    ) == [Code.NOT_PICKED]


def test_unpick_after_demand_cancellation_creates_a_demand(fulfillment: InMemoryFulfillment) -> None:
    """An unpick under a cancelled demand creates a new demand."""
    fulfillment.handle(pick_command("S1"))
    fulfillment.handle(OrderAmended(order="SO-1", lines=[order_line("1", quantity=2)]))
    events = fulfillment.handle(
        UnpickItems(order="SO-1", units=scanned_units("S1"), location="EAST/A-1", reason="wrong")
    )
    assert [event.reallocate for event in events if isinstance(event, OrderSerialsUnpicked)] == [False]
    assert [int(demand.quantity) for demand in allocation_requests(events)] == [1]
    assert fulfillment.rejection_codes(OrderAmended(order="SO-1", lines=[order_line("1", quantity=2)])) == []


def test_quantity_cannot_fall_below_picked(fulfillment: InMemoryFulfillment) -> None:
    """An amendment below the picked quantity is rejected."""
    fulfillment.handle(pick_command("S1", "S2"))
    assert fulfillment.rejection_codes(OrderAmended(order="SO-1", lines=[order_line("1", quantity=1)])) == [
        Code.QUANTITY_BELOW_PICKED
    ]


def swap_command(serial: str, replacement: str, order_id: str = "SO-1") -> SwapUnit:
    """A swap of a unit."""
    return SwapUnit(
        order=order_id, unit=UnitSelector(sku="A", serial=serial), replacement=replacement, reason="older first"
    )


def test_swap_deallocates_and_requests_the_named_unit(fulfillment: InMemoryFulfillment) -> None:
    """The unit is released without reallocation; the demand for its replacement has no backorder."""
    events = fulfillment.handle(swap_command("S1", "S7"))
    (deallocated,) = [event for event in events if isinstance(event, OrderSerialsDeallocated)]
    (demand,) = allocation_requests(events)
    assert (deallocated.serials, deallocated.reallocate) == (["S1"], False)
    assert (demand.serials, demand.shortfall, int(demand.quantity)) == (["S7"], "CANCEL", 1)
    fulfillment.handle(serial_allocated(demand, "S7", final=True))
    assert fulfillment.handle(pick_command("S7"))


def test_failed_swap_requests_any_unit(fulfillment: InMemoryFulfillment) -> None:
    """If the replacement is unavailable, the open quantity is requested again for any unit."""
    (demand,) = allocation_requests(fulfillment.handle(swap_command("S1", "S7")))
    events = fulfillment.handle(serial_allocated(demand, open_quantity=1, final=True))
    (new_request,) = allocation_requests(events)
    assert (new_request.serials, new_request.shortfall) == ([], "BACKORDER")


def test_swap_for_an_unavailable_unit_is_rejected(fulfillment: InMemoryFulfillment) -> None:
    """Allocated replacements, picked units and units of other orders are rejected."""
    assert fulfillment.rejection_codes(swap_command("S1", "S3")) == [Code.UNIT_NOT_AVAILABLE]
    assert fulfillment.violations[0].blocked_by == ["/orders/SO-2"]
    assert fulfillment.rejection_codes(swap_command("S3", "S7")) == [Code.NOT_ON_PICK_LIST]
    fulfillment.handle(pick_command("S1"))
    assert fulfillment.rejection_codes(swap_command("S1", "S7")) == [Code.ALREADY_PICKED]


def test_hold_deallocates_unpicked_units(fulfillment: InMemoryFulfillment) -> None:
    """Allocated units are released and requested again; picked units remain; others are ignored."""
    fulfillment.handle(pick_command("S1"))
    affected = [
        AffectedSerial(serial="S1", order="SO-1", line="1", demand_id="D-1"),
        AffectedSerial(serial="S2", order="SO-1", line="1", demand_id="D-1"),
    ]
    events = fulfillment.handle(SerialHoldPlaced(sku="A", hold_id="H", reason="recall", units=affected))
    (deallocated,) = [event for event in events if isinstance(event, OrderSerialsDeallocated)]
    assert (deallocated.serials, deallocated.reallocate, deallocated.hold_id) == (["S2"], True, None)
    assert not [event for event in events if isinstance(event, AllocationRequested)]


@pytest.mark.parametrize("order_id", ["SO-1", None])
def test_late_hold_event_of_another_order_changes_nothing(
    fulfillment: InMemoryFulfillment, order_id: str | None
) -> None:
    """A hold event that is processed after the reallocation to another order has no effect."""
    affected = [AffectedSerial(serial="S3", order=order_id, line="1", demand_id="D-1")] if order_id else []
    assert not fulfillment.handle(SerialHoldPlaced(sku="A", hold_id="H", reason="inspection", units=affected))
    assert not fulfillment.handle(SerialHoldReleased(sku="A", hold_id="H", reason="released", serials=["S3"]))
    assert not fulfillment.rejection_codes(pick_command("S3", order_id="SO-2"))


def test_previously_shipped_unit_may_be_allocated_again(fulfillment: InMemoryFulfillment) -> None:
    """A returned unit may be allocated again: while the order has open demands, the pick can be retried."""
    fulfillment.uow.shipped["A", "S7"] = "SO-0"
    assert fulfillment.rejection_codes(pick_command("S7")) == [Code.NOT_ON_PICK_LIST]
    assert fulfillment.violations[0].is_provisional
    assert fulfillment.violations[0].blocked_by == ["/orders/SO-0"]
