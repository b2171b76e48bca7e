"""Allocation of available units to demands."""

from services.serials.units.domain.unit import Unit, UnitGroup
from shared.contracts.commands.serials import PutAwaySerials
from shared.contracts.serials import SerialAllocated, SerialStateChanged
from tests.support.in_memory.serials import InMemorySerials, with_stock
from tests.support.messages.serials import SHELF, cancel_allocation, receive, request_allocation, serial_numbers


def test_putaway_allocates_backorders() -> None:
    """A putaway allocates units to backorders, the oldest order first (S08)."""
    service = InMemorySerials()
    service.handle(request_allocation("D2", 1), request_allocation("D1", 2))
    service.handle(receive(serial_numbers(2)))
    assert [unit.status for unit in service.units] == ["RECEIVED", "RECEIVED"]
    service.handle(PutAwaySerials(sku="A-1", serials=serial_numbers(2), location=SHELF))
    summary = [
        (event.demand_id, [unit.serial for unit in event.allocated], event.open_quantity)
        for event in service.events_of(SerialAllocated)
    ]
    assert summary == [("D1", [], 2), ("D2", [], 1), ("D1", ["SN-1", "SN-2"], 0)]


def test_higher_priority_goes_first() -> None:
    """A demand of higher priority is allocated before an older one."""
    service = with_stock(1)
    service.handle(request_allocation("D1", 1), request_allocation("D2", 1, priority=9))
    assert {event.demand_id: len(event.allocated) for event in service.events_of(SerialAllocated)} == {"D2": 1, "D1": 0}


def test_requested_serials_only() -> None:
    """A demand for serials gets only these; the event has the reason for the others."""
    service = with_stock(3)
    service.handle(request_allocation("D1", 2, serials=["SN-2", "SN-9"]))
    [event] = service.events_of(SerialAllocated)
    assert ([unit.serial for unit in event.allocated], event.open_quantity, event.final) == (["SN-2"], 1, False)
    assert [(skipped.reason, skipped.count) for skipped in event.skipped] == [("not found", 1)]


def test_demand_without_backorders_is_closed_after_one_allocation() -> None:
    """A demand that cancels its shortfall gets the available units, and none that arrive later."""
    service = with_stock(1)
    service.handle(request_allocation("D1", 2, shortfall="CANCEL"))
    service.handle(receive(["SN-7"]))
    service.handle(PutAwaySerials(sku="A-1", serials=["SN-7"], location=SHELF))
    [event] = service.events_of(SerialAllocated)
    assert (len(event.allocated), event.open_quantity, event.final) == (1, 1, True)
    assert service.status("SN-7") == "IN_INVENTORY"


def test_cancelled_demand_releases_units_to_the_next() -> None:
    """Units of a cancelled demand go to the next demand in the same transaction (S11)."""
    service = with_stock(1)
    service.handle(request_allocation("D1", 1), request_allocation("D2", 1))
    cancellation = cancel_allocation("D1")
    service.handle(cancellation)
    assert service.units["A-1", "SN-1"].order_id == "SO-D2"
    assert [row.status for row in service.audit[-2:]] == ["IN_INVENTORY", "ALLOCATED"]
    service.handle(cancellation)
    assert service.units["A-1", "SN-1"].order_id == "SO-D2"


def test_cancellation_before_the_request() -> None:
    """A demand whose cancellation arrived first gets no units."""
    service = with_stock(1)
    service.handle(cancel_allocation("D1"))
    service.handle(request_allocation("D1", 1))
    assert service.status("SN-1") == "IN_INVENTORY"


def test_duplicate_demand_is_ignored() -> None:
    """A repeated request is ignored."""
    service = with_stock(3)
    service.handle(request_allocation("D1", 1))
    service.handle(request_allocation("D1", 1), request_allocation("D1", 1))
    assert len(service.events_of(SerialAllocated)) == 1


def test_large_allocations_are_split_over_messages() -> None:
    """Allocations of more units than a message may contain are split; the last message is final and has the reasons."""
    service = InMemorySerials()
    for start in (1, 501, 1001):
        service.handle(receive(serial_numbers(500, first=start)))
        service.handle(PutAwaySerials(sku="A-1", serials=serial_numbers(500, first=start), location=SHELF))
    service.uow.skipped_by_pool["A-1", "EAST"] = [UnitGroup(Unit("A-1", "", open_hold_count=1), 3)]
    service.handle(request_allocation("D1", 1600, shortfall="CANCEL"))
    events = service.events_of(SerialAllocated)
    assert [
        (len(event.allocated), event.open_quantity, event.final, [skipped.reason for skipped in event.skipped])
        for event in events
    ] == [(500, 1100, False, []), (500, 600, False, []), (500, 100, True, ["on hold"])]
    assert [len(event.serials) for event in service.events_of(SerialStateChanged) if event.status == "ALLOCATED"] == [
        500,
        500,
        500,
    ]
