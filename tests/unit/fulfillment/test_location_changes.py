"""Locations that are retyped or deactivated: revoked allocations, and commands that name them."""

from decimal import Decimal

from shared.contracts.commands.fulfillment import PickItems, UnitSelector, UnpickItems
from shared.contracts.fulfillment import AllocationRequested, OrderLotsDeallocated, OrderSerialsDeallocated
from shared.contracts.lots import AffectedLot, LotAllocationsRevoked
from shared.contracts.serials import AffectedSerial, SerialAllocationsRevoked
from tests.unit.fulfillment.in_memory import LOCATIONS, InMemoryFulfillment
from tests.unit.fulfillment.lot_builders import (
    allocated_lots,
    events_of,
    lot_quantities,
    lot_selector,
    pick_command,
    stocked_fulfillment,
)
from tests.unit.fulfillment.order_builders import allocation_requests, order_line, order_placed, serial_allocated

REASON = "EAST/A-1 is a DOCK location"


def with_allocated_units(*serials: str) -> tuple[InMemoryFulfillment, AllocationRequested]:
    """An order SO-1 with these units allocated, and its request."""
    fulfillment = InMemoryFulfillment()
    (demand,) = allocation_requests(fulfillment.handle(order_placed(order_line("1", quantity=len(serials)))))
    fulfillment.handle(serial_allocated(demand, *serials))
    return fulfillment, demand


def pick_unit(serial: str) -> PickItems:
    """A pick of one unit."""
    return PickItems(order="SO-1", units=[UnitSelector(sku="A", serial=serial)], location="EAST/STAGE")


def set_active(fulfillment: InMemoryFulfillment, *, is_active: bool) -> None:
    """Activate or deactivate all locations."""
    fulfillment.uow.locations = {location.location: location._replace(is_active=is_active) for location in LOCATIONS}


def test_revoked_units_are_released_and_picked_ones_stay() -> None:
    """Allocated units are released and requested again without a hold; a picked one can still be packed."""
    fulfillment, demand = with_allocated_units("S1", "S2")
    fulfillment.handle(pick_unit("S1"))
    affected = [
        AffectedSerial(serial=serial, order="SO-1", line="1", demand_id=demand.demand_id) for serial in ("S1", "S2")
    ]
    events = fulfillment.handle(SerialAllocationsRevoked(sku="A", location="EAST/A-1", reason=REASON, units=affected))
    (deallocated,) = events_of(events, OrderSerialsDeallocated)
    assert (deallocated.serials, deallocated.reallocate, deallocated.hold_id) == (["S2"], True, None)
    assert deallocated.reason == REASON
    (picked,) = fulfillment.uow.orders["SO-1"].items
    assert (picked.status, picked.on_hold) == ("PICKED", False)


def test_revoked_lots_are_released_at_their_location_only() -> None:
    """What is still allocated at the location is released; picked stock and other locations are not touched."""
    fulfillment = stocked_fulfillment()
    fulfillment.handle(pick_command(lot_selector("L1", 1)))
    affected = AffectedLot(lot="L1", quantity=Decimal(4), order="SO-1", line="1", demand_id="D1", location="EAST/A-1")
    event = LotAllocationsRevoked(sku="M", location="EAST/A-1", reason=REASON, stock=[affected])
    events = fulfillment.handle(event)
    (deallocated,) = events_of(events, OrderLotsDeallocated)
    assert (lot_quantities(deallocated), deallocated.reallocate) == ([("L1", "EAST/A-1", 3.0)], True)
    assert allocated_lots(fulfillment) == [("L1", "PICKED", "1"), ("L2", "ALLOCATED", "3.5")]
    assert not fulfillment.handle(event), "a repetition changes nothing"


def test_nothing_is_put_at_a_deactivated_location() -> None:
    """Neither a pick nor an unpick puts items at a deactivated location (S09, S12)."""
    fulfillment, _ = with_allocated_units("S1")
    unpick = UnpickItems(
        order="SO-1", units=[UnitSelector(sku="A", serial="S1")], location="EAST/A-1", reason="changed mind"
    )
    set_active(fulfillment, is_active=False)
    assert fulfillment.rejection_codes(pick_unit("S1")) == ["location_inactive"]
    set_active(fulfillment, is_active=True)
    assert fulfillment.rejection_codes(pick_unit("S1")) == []
    set_active(fulfillment, is_active=False)
    assert fulfillment.rejection_codes(unpick) == ["location_inactive"]
    set_active(fulfillment, is_active=True)
    assert fulfillment.rejection_codes(unpick) == []
