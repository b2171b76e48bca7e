"""Locations that are retyped or deactivated while units are there."""

import pytest

from shared.contracts.commands.serials import AdjustSerials, MoveSerials, PutAwaySerials
from shared.contracts.fulfillment import OrderSerialsDeallocated, OrderSerialsPicked, OrderSerialsUnpicked
from shared.contracts.reference import LocationChanged
from shared.contracts.serials import SerialAllocated, SerialAllocationsRevoked
from tests.support.in_memory.serials import InMemorySerials, error_codes, with_stock
from tests.support.messages.reference import location_changed
from tests.support.messages.serials import BIN, DOCK, OUTBOUND, SHELF, order_fields, receive, request_allocation

RETYPED, DEACTIVATED = location_changed(SHELF, "DOCK"), location_changed(SHELF, is_active=False)
RESTORED = location_changed(SHELF)
BLOCKING = pytest.mark.parametrize("change", [RETYPED, DEACTIVATED], ids=["retyped", "deactivated"])


def allocated(service: InMemorySerials) -> list[list[str]]:
    """Return the serials of each allocation event."""
    return [[unit.serial for unit in event.allocated] for event in service.events_of(SerialAllocated)]


@BLOCKING
def test_nothing_is_allocated_from_a_blocked_location(change: LocationChanged) -> None:
    """Units at a location that stops being storage are stored, and not allocated until it is storage again (S07)."""
    service = with_stock(2)
    service.handle(change)
    service.handle(request_allocation("D1", 1))
    assert allocated(service) == [[]]
    assert service.status("SN-1") == "IN_INVENTORY"
    service.handle(RESTORED)
    assert allocated(service) == [[], ["SN-1"]]


@BLOCKING
def test_allocations_are_revoked_and_served_from_elsewhere(change: LocationChanged) -> None:
    """An allocated unit is revoked; released, it stays where it is, and the demand gets another unit (S11)."""
    service = with_stock(1)
    service.handle(receive(["SN-9"], receipt="R-2"))
    service.handle(request_allocation("D1", 1))
    service.handle(change)
    (revoked,) = service.events_of(SerialAllocationsRevoked)
    assert [(unit.serial, unit.order, unit.demand_id) for unit in revoked.units] == [("SN-1", "SO-D1", "D1")]
    assert SHELF in revoked.reason
    service.handle(OrderSerialsDeallocated(**order_fields("D1", ["SN-1"]), reason="revoked", reallocate=True))
    service.handle(PutAwaySerials(sku="A-1", serials=["SN-9"], location=BIN))
    assert allocated(service) == [["SN-1"], [], ["SN-9"]]
    assert service.status("SN-1") == "IN_INVENTORY"


def test_pick_that_was_made_before_the_release_is_a_fact() -> None:
    """A unit picked at a blocked location ships; unpicked to it, the unit is stored and not allocated (S09, S12)."""
    service = with_stock(1)
    service.handle(request_allocation("D1", 1))
    service.handle(RETYPED)
    service.handle(OrderSerialsPicked(**order_fields("D1", ["SN-1"]), location=OUTBOUND))
    assert (service.status("SN-1"), service.conflicts) == ("PICKED", [])
    service.handle(
        OrderSerialsUnpicked(**order_fields("D1", ["SN-1"]), location=SHELF, reason="changed mind", reallocate=True)
    )
    assert (service.status("SN-1"), allocated(service)) == ("IN_INVENTORY", [["SN-1"], []])
    assert service.units["A-1", "SN-1"].is_blocked
    service.handle(MoveSerials(sku="A-1", serials=["SN-1"], location=BIN))
    assert allocated(service) == [["SN-1"], [], ["SN-1"]]


def test_received_unit_is_stored_by_a_putaway_only() -> None:
    """A unit at a dock that becomes storage stays RECEIVED; a putaway at the same place stores it (S06, S07)."""
    service = InMemorySerials()
    service.handle(receive(["SN-1"]))
    service.handle(location_changed(DOCK, "STORAGE"))
    service.handle(request_allocation("D1", 1))
    assert (service.status("SN-1"), allocated(service)) == ("RECEIVED", [[]])
    service.handle(PutAwaySerials(sku="A-1", serials=["SN-1"], location=DOCK))
    assert allocated(service) == [[], ["SN-1"]]


def test_nothing_is_put_at_a_deactivated_location() -> None:
    """Putaway, move and a found unit are refused, with or without a location; taking away is allowed (S36)."""
    service = with_stock(2)
    service.handle(receive(["SN-9"], receipt="R-2"))
    service.handle(AdjustSerials(sku="A-1", serials=["SN-2"], adjustment="LOST", reason="missing"))
    service.handle(DEACTIVATED, location_changed(BIN, is_active=False))
    results = service.handle(
        PutAwaySerials(sku="A-1", serials=["SN-9"], location=BIN),
        MoveSerials(sku="A-1", serials=["SN-1"], location=BIN),
        AdjustSerials(sku="A-1", serials=["SN-2"], adjustment="FOUND", reason="seen", location=BIN),
        AdjustSerials(sku="A-1", serials=["SN-2"], adjustment="FOUND", reason="seen"),
    )
    assert error_codes(results) == [["location_inactive"]] * 4
    service.handle(location_changed(BIN))
    assert error_codes(service.handle(MoveSerials(sku="A-1", serials=["SN-1"], location=BIN))) == [[]]
