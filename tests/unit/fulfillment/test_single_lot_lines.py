"""Single-lot lines: any lot can fill an unpicked line as a whole; a picked or shipped lot binds the line."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from shared.contracts.commands.fulfillment import ReportShortPick, UnpickItems
from shared.contracts.envelope import Message
from shared.contracts.fulfillment import (
    AllocationCancelled,
    AllocationRequested,
    OrderLotsDeallocated,
    OrderLotsUnpicked,
)
from shared.contracts.lots import AffectedLot, LotHoldPlaced
from shared.contracts.problems import Code
from shared.contracts.upstream import OrderAmended
from tests.unit.fulfillment.in_memory import LOT, InMemoryFulfillment
from tests.unit.fulfillment.lot_builders import (
    TODAY,
    allocated_lots,
    events_of,
    lot_allocated,
    lot_quantities,
    lot_selector,
    pick_command,
)
from tests.unit.fulfillment.order_builders import allocation_requests, order_line, order_placed

SINGLE_LOT = {"single_lot": True}


@pytest.fixture
def fulfillment() -> InMemoryFulfillment:
    """A single-lot order of 5 of M; 3 of L1 at A-1 and 2 at A-2 are allocated."""
    fulfillment = InMemoryFulfillment()
    fulfillment.products["M"] = LOT
    (demand,) = allocation_requests(fulfillment.handle(order_placed(single_lot_line(5))))
    fulfillment.handle(lot_allocated(demand, ("L1", "EAST/A-1", 3), ("L1", "EAST/A-2", 2)))
    return fulfillment


def single_lot_line(quantity: Any) -> Any:
    """The single-lot line with the given quantity."""
    return order_line("1", "M", quantity).model_copy(update=SINGLE_LOT)


def short_pick_command(*selectors: Any) -> ReportShortPick:
    """A short pick of the given lots."""
    return ReportShortPick(order="SO-1", stock=list(selectors), reason="missing")


def assert_requested_as_a_whole(events: list[Message], quantity: int) -> AllocationRequested:
    """The line was released without reallocation, then requested as a whole from any lot."""
    assert not any(event.reallocate for event in events_of(events, OrderLotsDeallocated))
    event_types = [
        type(event)
        for event in events
        if isinstance(event, OrderLotsDeallocated | AllocationCancelled | AllocationRequested)
    ]
    assert event_types[-2:] == [AllocationCancelled, AllocationRequested]
    (new_request,) = allocation_requests(events)
    assert (int(new_request.quantity), new_request.lots, new_request.single_lot) == (quantity, [], True)
    return new_request


def test_partial_short_pick_requests_the_whole_line(fulfillment: InMemoryFulfillment) -> None:
    """The whole line is released and requested again from any lot (S27)."""
    events = fulfillment.handle(short_pick_command(lot_selector("L1", 1, location="EAST/A-1")))
    (deallocated,) = events_of(events, OrderLotsDeallocated)
    assert (lot_quantities(deallocated), bool(deallocated.variance_id)) == ([("L1", "EAST/A-1", 1.0)], True)
    new_request = assert_requested_as_a_whole(events, 5)
    assert allocated_lots(fulfillment) == []
    fulfillment.handle(lot_allocated(new_request, ("L2", "EAST/A-1", 5)))
    assert allocated_lots(fulfillment) == [("L2", "ALLOCATED", "5")]


def test_short_pick_after_reduction_allows_another_lot(fulfillment: InMemoryFulfillment) -> None:
    """After a reduction and a short pick of the rest, any lot can fill the line (S27)."""
    (deallocated,) = events_of(
        fulfillment.handle(OrderAmended(order="SO-1", lines=[single_lot_line(3)])), OrderLotsDeallocated
    )
    assert not deallocated.reallocate
    remaining = [lot_selector(lot.lot, lot.quantity, location=lot.location) for lot in fulfillment.uow.lots]
    assert_requested_as_a_whole(fulfillment.handle(short_pick_command(*remaining)), 3)


def test_rejected_pick_requests_the_whole_line(fulfillment: InMemoryFulfillment) -> None:
    """A hold at one location releases the lot at both; the line is requested as a whole (S28)."""
    fulfillment.handle(LotHoldPlaced(sku="M", lot="L1", location="EAST/A-2", hold_id="H1", reason="wet", stock=[]))
    events = fulfillment.handle(pick_command(lot_selector("L1", 2, location="EAST/A-2")))
    assert [violation.code for violation in fulfillment.violations] == [Code.ON_HOLD]
    assert_requested_as_a_whole(events, 5)


def test_lot_expired_at_two_locations_is_released_once(fulfillment: InMemoryFulfillment) -> None:
    """Stock that is rejected in one command is released once (S28)."""
    fulfillment.uow.local_dates["EAST"] = TODAY + timedelta(days=101)
    events = fulfillment.handle(pick_command(lot_selector("L1", 4)))
    assert [violation.code for violation in fulfillment.violations] == [Code.EXPIRED, Code.EXPIRED]
    assert_requested_as_a_whole(events, 5)
    assert fulfillment.uow.lines.get(("SO-1", "1")).allocated == 0  # type: ignore[union-attr]


def test_location_hold_requests_the_whole_line(fulfillment: InMemoryFulfillment) -> None:
    """A hold on a part of the allocated lot releases the whole line (S27, S28)."""
    affected = AffectedLot(lot="L1", quantity=Decimal(2), order="SO-1", line="1", demand_id="D1", location="EAST/A-2")
    events = fulfillment.handle(
        LotHoldPlaced(sku="M", lot="L1", location="EAST/A-2", hold_id="H1", reason="wet", stock=[affected])
    )
    assert_requested_as_a_whole(events, 5)


def test_picked_lot_binds_the_line(fulfillment: InMemoryFulfillment) -> None:
    """After a pick, missing stock is reallocated under the demand of the picked lot (S27)."""
    fulfillment.handle(LotHoldPlaced(sku="M", lot="L1", location="EAST/A-2", hold_id="H1", reason="wet", stock=[]))
    events = fulfillment.handle(
        pick_command(lot_selector("L1", 2, location="EAST/A-2"), lot_selector("L1", 1, location="EAST/A-1"))
    )
    (deallocated,) = events_of(events, OrderLotsDeallocated)
    assert (lot_quantities(deallocated), deallocated.reallocate, allocation_requests(events)) == (
        [("L1", "EAST/A-2", 2.0)],
        True,
        [],
    )
    events = fulfillment.handle(short_pick_command(lot_selector("L1", 1)))
    assert ([event.reallocate for event in events_of(events, OrderLotsDeallocated)], allocation_requests(events)) == (
        [True],
        [],
    )
    assert allocated_lots(fulfillment) == [("L1", "ALLOCATED", "1"), ("L1", "PICKED", "1")]


def test_rejected_lot_is_not_suggested_again(fulfillment: InMemoryFulfillment) -> None:
    """A rejected lot is neither on the pick list nor suggested (S28)."""
    fulfillment.handle(LotHoldPlaced(sku="M", lot="L1", location=None, hold_id="H1", reason="wet", stock=[]))
    fulfillment.handle(
        pick_command(lot_selector("L1", 1, location="EAST/A-1"), lot_selector("L1", 1, location="EAST/A-1"))
    )
    assert [violation.code for violation in fulfillment.violations] == [Code.ON_HOLD, Code.NOT_YET_AVAILABLE]
    assert [violation.suggested for violation in fulfillment.violations] == [[], []]


def test_full_unpick_allows_another_lot(fulfillment: InMemoryFulfillment) -> None:
    """Once nothing is picked, the whole line is released and requested again (S12, S27)."""
    fulfillment.handle(pick_command(lot_selector("L1", 2)))
    unpick = UnpickItems(order="SO-1", stock=[lot_selector("L1", 1)], location="EAST/A-1", reason="torn")
    events = fulfillment.handle(unpick)
    assert ([event.reallocate for event in events_of(events, OrderLotsUnpicked)], allocation_requests(events)) == (
        [True],
        [],
    )
    events = fulfillment.handle(unpick)
    assert [event.reallocate for event in events_of(events, OrderLotsUnpicked)] == [False]
    assert_requested_as_a_whole(events, 5)


def test_shipped_lot_binds_the_line(fulfillment: InMemoryFulfillment) -> None:
    """An increase of a partially shipped line requests the shipped lot (S27)."""
    fulfillment.handle(pick_command(lot_selector("L1", 5)))
    fulfillment.handle(OrderAmended(order="SO-1", lines=[order_line("2", "M", 1)]))
    stored_line = fulfillment.uow.lines["SO-1", "1"]
    stored_line.picked, stored_line.shipped = Decimal(0), Decimal(5)
    for lot in list(fulfillment.uow.lots):
        lot.status, lot.shipment = "SHIPPED", "SH-1"
    fulfillment.handle(OrderAmended(order="SO-1", lines=[order_line("2", "M", 2)]))
    (new_request,) = allocation_requests(fulfillment.handle(OrderAmended(order="SO-1", lines=[single_lot_line(7)])))
    assert (int(new_request.quantity), new_request.lots) == (2, ["L1"])
