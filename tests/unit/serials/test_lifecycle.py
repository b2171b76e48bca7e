"""Lifecycle of a unit, and messages that contradict it."""

from typing import Any

import pytest

from services.serials.units.domain.results import UnitSnapshot, UnitsResult
from shared.contracts.commands.serials import AdjustSerials, MoveSerials, PutAwaySerials, ReleaseSerialHold
from shared.contracts.fulfillment import OrderSerialsPicked, OrderSerialsUnpicked
from shared.contracts.receiving import ReturnSerialsDisposed
from shared.contracts.serials import SerialAdjusted, SerialAllocated, SerialStateChanged
from shared.unit_of_work import CommandResult
from tests.support.in_memory.serials import InMemorySerials, error_codes, with_picked_units, with_stock
from tests.support.messages.serials import (
    BIN,
    DOCK,
    OUTBOUND,
    SHELF,
    STAGE,
    WEST_SHELF,
    cancel_expectation,
    expect,
    order_dispatched,
    order_fields,
    receive,
    request_allocation,
    return_from_customer,
)


def updated_units(result: CommandResult) -> list[UnitSnapshot]:
    """Return the updated units of a command."""
    assert isinstance(result.body, UnitsResult)
    return result.body.updated


def test_full_lifecycle() -> None:
    """A unit passes all six statuses, and each change is published (S04-S10, S22)."""
    service = InMemorySerials()
    service.handle(expect(["SN-1"]))
    service.handle(receive(["SN-1"]))
    service.handle(PutAwaySerials(sku="A-1", serials=["SN-1"], location=SHELF))
    service.handle(request_allocation("D1", 1))
    service.handle(OrderSerialsPicked(**order_fields("D1", ["SN-1"]), location=OUTBOUND))
    service.handle(order_dispatched(["SN-1"]))
    events = service.events_of(SerialStateChanged)
    statuses = ["EXPECTED", "RECEIVED", "IN_INVENTORY", "ALLOCATED", "PICKED", "SHIPPED"]
    assert [event.status for event in events] == statuses
    assert [event.from_status for event in events] == [None, *statuses[:-1]]
    assert [event.location for event in events] == [None, DOCK, SHELF, SHELF, OUTBOUND, None]
    assert [event.versions for event in events] == [[number] for number in range(1, 7)]
    assert (events[3].order, events[3].line, events[3].demand_id) == ("SO-D1", "1", "D1")
    assert (events[5].order, events[5].shipment, events[5].customer) == ("SO-D1", "SH-1", "C-1")
    assert [service.change_of(row).description for row in service.audit] == [event.reason for event in events]
    assert not service.conflicts


def test_stale_receiving_versions_are_ignored() -> None:
    """Events with an older version of receiving than the last one are ignored."""
    service = InMemorySerials()
    service.handle(receive(["SN-1"], version=3, receipt="R-2"))
    service.handle(expect(["SN-1"], version=1, receipt="R-1"))
    cancellation = cancel_expectation(["SN-1"], 2, reason="TAKEN_OVER")
    service.handle(cancellation)
    unit = service.units["A-1", "SN-1"]
    assert (unit.status, unit.receipt, unit.version) == ("RECEIVED", "R-2", 1)
    assert not service.conflicts


def test_cancelled_serial_can_be_expected_again() -> None:
    """A serial with a cancelled expectation can be expected on another receipt, as the same unit (S18)."""
    service = InMemorySerials()
    service.handle(expect(["SN-1"]))
    service.handle(cancel_expectation(["SN-1"], 2))
    assert service.units["A-1", "SN-1"].receipt is None
    service.handle(expect(["SN-1"], version=3, receipt="R-2"))
    unit = service.units["A-1", "SN-1"]
    assert (unit.status, unit.receipt, unit.version) == ("EXPECTED", "R-2", 3)


def test_known_serial_cannot_be_received_again() -> None:
    """The receipt of a serial on hand or shipped is a conflict and changes nothing (S18)."""
    service = with_picked_units(1)
    service.handle(receive(["SN-1"], version=9))
    assert service.status("SN-1") == "PICKED"
    assert [(conflict.code, conflict.ids) for conflict in service.conflicts] == [("illegal_transition", ["SN-1"])]
    assert "PICKED for order SO-D1" in service.conflicts[0].detail


def test_unknown_serial_says_what_else_it_looks_like() -> None:
    """A text that is no serial number of any unit is not found, and what it looks like is named (S13)."""
    [result] = with_stock(1).handle(
        PutAwaySerials(sku="A-1", serials=["SN-9", "(01)09521234543213(21)SN-1", "https://a.eu/SN-1"], location=BIN)
    )
    assert [(str(violation.code), violation.detail.partition(";")[2].strip()) for violation in result.violations] == [
        ("serial_not_found", ""),
        ("serial_not_found", "it looks like a GS1 element string"),
        ("serial_not_found", "it looks like a web address"),
    ]


def test_putaway_reports_each_unit() -> None:
    """A putaway stores received units and rejects the others, each with its reason (S07)."""
    service = with_stock(2)
    service.handle(expect(["SN-3"]), expect(["SN-5"]))
    service.handle(receive(["SN-5"]))
    [result] = service.handle(PutAwaySerials(sku="A-1", serials=["SN-1", "SN-3", "SN-4", "SN-5"], location=BIN))
    assert [unit.serial for unit in updated_units(result)] == ["SN-5"]
    assert {tuple(violation.ids): str(violation.code) for violation in result.violations} == {
        ("SN-1",): "illegal_transition",
        ("SN-3",): "illegal_transition",
        ("SN-4",): "serial_not_found",
    }
    assert [violation.is_provisional for violation in result.violations] == [False, True, True]


@pytest.mark.parametrize(
    ("location", "code"),
    [("EAST/Z-9", "location_not_found"), (STAGE, "wrong_location_type"), (WEST_SHELF, "wrong_warehouse")],
)
def test_putaway_requires_a_storage_location_of_the_warehouse(location: str, code: str) -> None:
    """A putaway requires a defined storage location of the unit's warehouse (S07, S35)."""
    service = InMemorySerials()
    service.handle(receive(["SN-1"]))
    outcomes = service.handle(PutAwaySerials(sku="A-1", serials=["SN-1"], location=location))
    assert error_codes(outcomes) == [[code]]
    assert service.status("SN-1") == "RECEIVED"


def test_duplicate_serial_in_a_command_is_rejected() -> None:
    """A command with a duplicate serial is rejected as a whole: one label was not scanned (S14)."""
    service = InMemorySerials()
    service.handle(receive(["SN-1"]))
    assert error_codes(service.handle(PutAwaySerials(sku="A-1", serials=["SN-1", "SN-1"], location=SHELF))) == [
        ["duplicate_serial_in_request"]
    ]


def test_moves_require_unallocated_units_and_matching_locations() -> None:
    """Unallocated units move between locations of their type; others are rejected with their order (S36)."""
    service = with_stock(2)
    service.handle(receive(["SN-3"]))
    service.handle(request_allocation("D1", 1))
    [result] = service.handle(MoveSerials(sku="A-1", serials=["SN-1", "SN-2", "SN-3"], location=BIN))
    assert [unit.serial for unit in updated_units(result)] == ["SN-2"]
    assert {
        (tuple(violation.ids), str(violation.code), tuple(violation.blocked_by)) for violation in result.violations
    } == {
        (("SN-1",), "unit_not_available", ("/orders/SO-D1",)),
        (("SN-3",), "wrong_location_type", ()),
    }
    [result] = service.handle(MoveSerials(sku="A-1", serials=["SN-3"], location=STAGE))
    assert [(unit.status, unit.location) for unit in updated_units(result)] == [("RECEIVED", STAGE)]


def test_unpick_returns_the_unit_to_storage() -> None:
    """An unpicked unit returns to a storage location and is available without reallocation (S12)."""
    service = with_picked_units(1)
    service.handle(
        OrderSerialsUnpicked(**order_fields("D1", ["SN-1"]), location=BIN, reallocate=False, reason="damaged box")
    )
    unit = service.units["A-1", "SN-1"]
    assert (unit.status, unit.location, unit.order_id) == ("IN_INVENTORY", BIN, None)


def test_event_for_another_order_is_a_conflict() -> None:
    """A pick for another order than the unit's is a conflict and changes nothing (S20)."""
    service = with_stock(1)
    service.handle(request_allocation("D1", 1))
    service.handle(OrderSerialsPicked(**order_fields("D2", ["SN-1"]), location=OUTBOUND))
    assert service.status("SN-1") == "ALLOCATED"
    assert [str(conflict.code) for conflict in service.conflicts] == ["document_mismatch"]


def test_return_starts_a_new_cycle() -> None:
    """A returned unit is RECEIVED under the same serial, on hold until its disposition, then stored (S18)."""
    service = with_picked_units(1)
    service.handle(order_dispatched(["SN-1"]))
    service.handle(return_from_customer(["SN-1"], 5))
    unit = service.units["A-1", "SN-1"]
    assert (unit.status, unit.open_hold_count, unit.order_id, unit.return_id) == ("RECEIVED", 1, None, "RMA-1")
    service.handle(PutAwaySerials(sku="A-1", serials=["SN-1"], location=SHELF))
    assert not unit.is_available
    restock = ReturnSerialsDisposed(
        return_id="RMA-1", sku="A-1", serials=["SN-1"], disposition="RESTOCK", hold_id="RMA-1", reason="as new"
    )
    service.handle(restock)
    assert unit.is_available
    assert len({row.unit.key for row in service.audit}) == 1


@pytest.mark.parametrize(
    ("disposition", "adjustment"), [("SCRAP", "SCRAPPED"), ("RETURN_TO_VENDOR", "RETURNED_TO_VENDOR")]
)
def test_return_that_is_not_restocked(disposition: Any, adjustment: str) -> None:
    """Units scrapped or returned to vendor after a return are never allocated."""
    service = with_picked_units(1)
    service.handle(order_dispatched(["SN-1"]))
    service.handle(return_from_customer(["SN-1"], 5))
    service.handle(
        ReturnSerialsDisposed(
            return_id="RMA-1", sku="A-1", serials=[], disposition=disposition, hold_id="RMA-1", reason="broken"
        )
    )
    unit = service.units["A-1", "SN-1"]
    assert (unit.adjustment, unit.open_hold_count) == (adjustment, 0)
    assert error_codes(service.handle(PutAwaySerials(sku="A-1", serials=["SN-1"], location=SHELF))) == [
        ["unit_not_in_stock"]
    ]


def test_return_hold_ends_only_with_its_disposition() -> None:
    """The hold of a return cannot be released by hand: the units could ship without inspection."""
    service = with_picked_units(1)
    service.handle(order_dispatched(["SN-1"]))
    service.handle(return_from_customer(["SN-1"], 5))
    [result] = service.handle(ReleaseSerialHold(sku="A-1", hold_id="RMA-1", reason="looks fine"))
    assert [(str(violation.code), violation.blocked_by) for violation in result.violations] == [
        ("disposition_pending", ["/returns/RMA-1"])
    ]
    assert service.units["A-1", "SN-1"].open_hold_count == 1


@pytest.mark.parametrize("disposition", ["SCRAP", "RETURN_TO_VENDOR", "RESTOCK"])
def test_disposition_of_an_adjusted_unit(disposition: Any) -> None:
    """The disposition of a returned unit that was already scrapped releases its hold without conflict."""
    service = with_picked_units(1)
    service.handle(order_dispatched(["SN-1"]))
    service.handle(return_from_customer(["SN-1"], 5))
    service.handle(AdjustSerials(sku="A-1", serials=["SN-1"], adjustment="SCRAPPED", reason="fell down"))
    service.handle(
        ReturnSerialsDisposed(
            return_id="RMA-1", sku="A-1", serials=[], disposition=disposition, hold_id="RMA-1", reason="broken"
        )
    )
    unit = service.units["A-1", "SN-1"]
    assert (unit.adjustment, unit.open_hold_count, service.conflicts) == ("SCRAPPED", 0, [])


def test_adjustments_require_unallocated_units() -> None:
    """Unallocated units can be lost and found; allocated units cannot be adjusted; void is final."""
    service = with_stock(3)
    service.handle(request_allocation("D1", 1))
    lost_command = AdjustSerials(sku="A-1", serials=["SN-1", "SN-2"], adjustment="LOST", reason="count")
    [result] = service.handle(lost_command)
    assert [unit.serial for unit in updated_units(result)] == ["SN-2"]
    assert [(str(violation.code), violation.blocked_by) for violation in result.violations] == [
        ("unit_not_available", ["/orders/SO-D1"])
    ]
    service.handle(request_allocation("D2", 2))
    assert [len(event.allocated) for event in service.events_of(SerialAllocated)] == [1, 1]
    service.handle(AdjustSerials(sku="A-1", serials=["SN-2"], adjustment="FOUND", location=BIN, reason="count"))
    assert (service.status("SN-2"), service.units["A-1", "SN-2"].location) == ("ALLOCATED", BIN)
    service.handle(receive(["SN-4"]))
    service.handle(AdjustSerials(sku="A-1", serials=["SN-4"], adjustment="VOID", reason="mistyped"))
    assert (service.events_of(SerialAdjusted)[-1].receipt, service.events_of(SerialAdjusted)[-1].line) == ("R-1", "1")
    found_command = AdjustSerials(sku="A-1", serials=["SN-4"], adjustment="FOUND", reason="count")
    assert error_codes(service.handle(found_command)) == [["illegal_transition"]]
