"""Stock of orders that a count did not find: allocated quantities are released, picked ones unpicked as lost."""

from decimal import Decimal

import pytest

from shared.contracts.commands.fulfillment import CreateShipment, DispatchShipment, PackItems
from shared.contracts.envelope import Message
from shared.contracts.fulfillment import (
    CartonPacked,
    DispatchCheckRequested,
    OrderLotsDeallocated,
    OrderLotsUnpicked,
    OrderRejected,
)
from shared.contracts.lots import AffectedLot, LotDispatchApproved, LotStockMissing
from shared.contracts.problems import Code
from shared.contracts.upstream import OrderLineCancelled
from tests.unit.fulfillment.in_memory import NOW, InMemoryFulfillment
from tests.unit.fulfillment.lot_builders import (
    allocated_lots,
    events_of,
    lot_allocated,
    lot_quantities,
    lot_selector,
    pick_command,
    stocked_fulfillment,
)
from tests.unit.fulfillment.order_builders import allocation_requests, order_line, order_placed

STAGE = "EAST/STAGE"


@pytest.fixture
def fulfillment() -> InMemoryFulfillment:
    """A partially allocated order of lots."""
    return stocked_fulfillment()


def stock_missing(location: str, quantity: int, *, picked: bool, demand_id: str = "D1") -> LotStockMissing:
    """A quantity of L1 that order SO-1 misses."""
    affected = AffectedLot(
        lot="L1", quantity=Decimal(quantity), order="SO-1", line="1", demand_id=demand_id,
        location=None if picked else location,
    )  # fmt: skip
    return LotStockMissing(sku="M", lot="L1", location=location, reason="cycle count", stock=[affected])


def test_missing_allocated_stock_is_released_and_requested_again(fulfillment: InMemoryFulfillment) -> None:
    """Only the missing quantity is released, under the same demand."""
    events = fulfillment.handle(stock_missing("EAST/A-1", 3, picked=False))
    (deallocated,) = events_of(events, OrderLotsDeallocated)
    assert (lot_quantities(deallocated), deallocated.reallocate, deallocated.variance_id) == (
        [("L1", "EAST/A-1", 3.0)],
        True,
        None,
    )
    assert ("L1", "ALLOCATED", "1") in allocated_lots(fulfillment)


def test_stock_picked_before_its_release_stays_picked(fulfillment: InMemoryFulfillment) -> None:
    """The pick is a fact: only what is still allocated is released."""
    fulfillment.handle(pick_command(lot_selector("L1", 3)))
    events = fulfillment.handle(stock_missing("EAST/A-1", 2, picked=False))
    assert [lot_quantities(event) for event in events_of(events, OrderLotsDeallocated)] == [[("L1", "EAST/A-1", 1.0)]]
    assert ("L1", "PICKED", "3") in allocated_lots(fulfillment)


def test_missing_picked_stock_is_unpicked_as_lost(fulfillment: InMemoryFulfillment) -> None:
    """Unpacked quantities are taken first; the line is served anew."""
    fulfillment.handle(pick_command(lot_selector("L1", 4)))
    fulfillment.handle(PackItems(order="SO-1", carton="C1", stock=[lot_selector("L1", 2)]))
    events = fulfillment.handle(stock_missing(STAGE, 3, picked=True))
    assert [
        (lot_quantities(event), event.location, event.lost, event.reallocate)
        for event in events_of(events, OrderLotsUnpicked)
    ] == [([("L1", STAGE, 3.0)], STAGE, True, True)]
    (carton,) = events_of(events, CartonPacked)
    line = fulfillment.uow.lines["SO-1", "1"]
    assert ([lot.quantity for lot in carton.stock], line.picked, line.packed) == ([Decimal(1)], Decimal(1), Decimal(1))


def test_missing_stock_of_a_cancelled_line_is_not_replaced(fulfillment: InMemoryFulfillment) -> None:
    """Picked stock of a cancelled line goes missing without a new demand."""
    fulfillment.handle(pick_command(lot_selector("L1", 4)))
    fulfillment.handle(OrderLineCancelled(order="SO-1", line="1"))
    events = fulfillment.handle(stock_missing(STAGE, 4, picked=True))
    assert [event.reallocate for event in events_of(events, OrderLotsUnpicked)] == [False]
    assert not allocation_requests(events)


def test_stock_of_a_requested_dispatch_may_have_left(fulfillment: InMemoryFulfillment) -> None:
    """A count of the stage after the dispatch was requested does not cancel it: nothing ships twice (S21)."""
    check = _request_dispatch(fulfillment)
    events = fulfillment.handle(stock_missing(STAGE, 4, picked=True))
    assert [event.code for event in events_of(events, OrderRejected)] == [Code.NOT_PICKED]
    assert not allocation_requests(events)
    fulfillment.handle(_approval(check))
    assert (fulfillment.uow.checks[check.check_id].status, len(fulfillment.shipped_lots)) == ("DISPATCHED", 1)


def test_shipped_stock_stays_shipped(fulfillment: InMemoryFulfillment) -> None:
    """What left with a shipment meanwhile is reported instead of unpicked."""
    fulfillment.handle(_approval(_request_dispatch(fulfillment)))
    events = fulfillment.handle(stock_missing(STAGE, 4, picked=True))
    assert not events_of(events, OrderLotsUnpicked)
    assert [event.code for event in events_of(events, OrderRejected)] == [Code.NOT_PICKED]


def test_missing_stock_of_a_single_lot_line_requests_the_whole_line(fulfillment: InMemoryFulfillment) -> None:
    """A single-lot line that has nothing picked any more may be filled from another lot."""
    line = order_line("1", "M", 4).model_copy(update={"single_lot": True})
    (request,) = allocation_requests(fulfillment.handle(order_placed(line, order_id="SO-2")))
    fulfillment.handle(lot_allocated(request, ("L1", "EAST/A-1", 3), open_quantity=1))
    fulfillment.handle(pick_command(lot_selector("L1", 2), order_id="SO-2"))
    missing = stock_missing(STAGE, 2, picked=True, demand_id=request.demand_id)
    missing = missing.model_copy(update={"stock": [missing.stock[0].model_copy(update={"order": "SO-2"})]})
    (new_request,) = allocation_requests(fulfillment.handle(missing))
    assert (new_request.quantity, new_request.single_lot) == (Decimal(4), True)


def _request_dispatch(fulfillment: InMemoryFulfillment) -> DispatchCheckRequested:
    fulfillment.handle(pick_command(lot_selector("L1", 4)))
    fulfillment.handle(PackItems(order="SO-1", carton="C1", stock=[lot_selector("L1", 4)]))
    fulfillment.handle(CreateShipment(shipment="SH-1", orders=["SO-1"], cartons=["C1"], carrier="DHL"))
    events: list[Message] = fulfillment.handle(DispatchShipment(shipment="SH-1", orders=["SO-1"]))
    (check,) = events_of(events, DispatchCheckRequested)
    assert isinstance(check, DispatchCheckRequested)
    return check


def _approval(check: DispatchCheckRequested) -> LotDispatchApproved:
    return LotDispatchApproved(
        sku="M", check_id=check.check_id, shipment=check.shipment, order=check.order, orders=check.orders,
        stock=check.stock, valid_until=NOW.replace(year=NOW.year + 1),
    )  # fmt: skip
