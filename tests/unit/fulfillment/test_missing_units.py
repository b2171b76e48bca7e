"""Units of orders that a count did not find: allocated ones are released as lost, picked ones unpicked as lost."""

import pytest

from shared.contracts.commands.fulfillment import CreateShipment, DispatchShipment, PackItems, PickItems, UnitSelector
from shared.contracts.commands.serials import CountSerials, ResolveCountDiscrepancies
from shared.contracts.fulfillment import CartonPacked, OrderRejected, OrderSerialsDeallocated, OrderSerialsUnpicked
from shared.contracts.problems import Code
from shared.contracts.serials import AffectedSerial, SerialStockMissing
from shared.contracts.upstream import OrderCancelled
from tests.support.messages.serials import SHELF
from tests.unit.fulfillment.connected_services import UNITS, ConnectedServices, line
from tests.unit.fulfillment.in_memory import InMemoryFulfillment
from tests.unit.fulfillment.lot_builders import events_of
from tests.unit.fulfillment.order_builders import allocation_requests, order_line, order_placed, serial_allocated

STAGE = "EAST/STAGE"


@pytest.fixture
def fulfillment() -> InMemoryFulfillment:
    """An order of two units of A, with S1 and S2 allocated."""
    fulfillment = InMemoryFulfillment(("A",))
    (demand,) = allocation_requests(fulfillment.handle(order_placed(order_line("1", quantity=2))))
    fulfillment.handle(serial_allocated(demand, "S1", "S2"))
    return fulfillment


def selectors(*serials: str) -> list[UnitSelector]:
    """Selectors for units of A."""
    return [UnitSelector(sku="A", serial=serial) for serial in serials]


def pick(*serials: str) -> PickItems:
    """A pick of units."""
    return PickItems(order="SO-1", units=selectors(*serials), location=STAGE)


def units_missing(fulfillment: InMemoryFulfillment, location: str, *serials: str) -> SerialStockMissing:
    """Units of the order that a count of a location did not find."""
    [demand_id] = fulfillment.uow.lines["SO-1", "1"].demands
    units = [AffectedSerial(serial=serial, order="SO-1", line="1", demand_id=demand_id) for serial in serials]
    return SerialStockMissing(sku="A", location=location, reason="cycle count", units=units)


def test_a_missing_allocated_unit_is_released_as_lost(fulfillment: InMemoryFulfillment) -> None:
    """Its quantity is open again; a unit picked from there meanwhile stays picked."""
    fulfillment.handle(pick("S2"))
    events = fulfillment.handle(units_missing(fulfillment, "EAST/A-1", "S1", "S2"))
    assert [
        (event.serials, event.reallocate, event.lost, event.hold_id)
        for event in events_of(events, OrderSerialsDeallocated)
    ] == [(["S1"], True, True, None)]
    assert [(event.code, event.ids) for event in events_of(events, OrderRejected)] == [(Code.NOT_PICKED, ["S2"])]
    assert fulfillment.uow.lines["SO-1", "1"].picked == 1


def test_a_missing_picked_unit_is_unpicked_as_lost(fulfillment: InMemoryFulfillment) -> None:
    """It leaves its carton; the line is served anew."""
    fulfillment.handle(pick("S1", "S2"))
    fulfillment.handle(PackItems(order="SO-1", carton="C1", units=selectors("S1", "S2")))
    events = fulfillment.handle(units_missing(fulfillment, STAGE, "S1"))
    assert [
        (event.serials, event.location, event.reallocate, event.lost)
        for event in events_of(events, OrderSerialsUnpicked)
    ] == [(["S1"], STAGE, True, True)]
    (carton,) = events_of(events, CartonPacked)
    line_state = fulfillment.uow.lines["SO-1", "1"]
    assert [unit.serial for unit in carton.units] == ["S2"]
    assert (int(line_state.picked), int(line_state.packed)) == (1, 1)


def test_a_missing_unit_of_a_cancelled_order_is_not_replaced(fulfillment: InMemoryFulfillment) -> None:
    """It is lost without a new demand."""
    fulfillment.handle(pick("S1"))
    fulfillment.handle(OrderCancelled(order="SO-1"))
    events = fulfillment.handle(units_missing(fulfillment, STAGE, "S1"))
    assert [event.reallocate for event in events_of(events, OrderSerialsUnpicked)] == [False]
    assert not allocation_requests(events)


def test_a_unit_of_a_requested_dispatch_may_have_left(fulfillment: InMemoryFulfillment) -> None:
    """A count of the stage after the dispatch was requested does not cancel it: nothing ships twice (S21)."""
    fulfillment.handle(pick("S1"))
    fulfillment.handle(PackItems(order="SO-1", carton="C1", units=selectors("S1")))
    fulfillment.handle(CreateShipment(shipment="SH-1", orders=["SO-1"], cartons=["C1"], carrier="DHL"))
    fulfillment.handle(DispatchShipment(shipment="SH-1", orders=["SO-1"]))
    events = fulfillment.handle(units_missing(fulfillment, STAGE, "S1"))
    assert [event.code for event in events_of(events, OrderRejected)] == [Code.NOT_PICKED]
    assert not events_of(events, OrderSerialsUnpicked)


@pytest.mark.parametrize("is_picked", [False, True])
def test_services_agree_about_lost_units(is_picked: bool) -> None:
    """The order has another unit, and the lost one belongs to none."""
    services = ConnectedServices()
    services.stock_units("SN-1")
    services.place(line("1"))
    services.deliver_all()
    location = STAGE if is_picked else SHELF
    if is_picked:
        services.handle(PickItems(order="O", units=[UnitSelector(sku=UNITS, serial="SN-1")], location=STAGE))
        services.deliver_all()
    services.publish(services.serials, CountSerials(count_id="CT-1", location=location, units=[], reason="cycle count"))
    services.stock_units("SN-2")
    services.publish(
        services.serials,
        ResolveCountDiscrepancies(
            sku=UNITS, serials=["SN-1"], location=location, resolution="LOST", reason="looked everywhere"
        ),
    )
    services.deliver_all()
    assert services.items() == {("1", "SN-2", 1)}
    services.assert_services_agree()
    assert services.serials.uow.units[UNITS, "SN-1"].adjustment == "LOST"
