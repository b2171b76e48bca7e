"""Units that come back from their vendor: the same serial, received again."""

import pytest
from pydantic import ValidationError

from shared.contracts.commands.serials import AdjustSerials, PutAwaySerials
from shared.contracts.recalls import RecallOpened
from shared.contracts.receiving import ReturnSerialsDisposed
from shared.contracts.serials import SerialAdjusted
from shared.unit_of_work import CommandResult
from tests.support.in_memory.serials import InMemorySerials, error_codes, with_picked_units
from tests.support.messages.serials import BIN, DOCK, SHELF, STAGE, order_dispatched, receive, return_from_customer
from tests.unit.serials.test_counts import count, resolve

RETURNED = ReturnSerialsDisposed(
    return_id="RMA-1", hold_id="RMA-1", sku="A-1", serials=["SN-1"], disposition="RETURN_TO_VENDOR", reason="repair"
)


@pytest.fixture
def service() -> InMemorySerials:
    """A unit that was sold, returned, and sent to its vendor."""
    service = with_picked_units(1)
    service.handle(order_dispatched(["SN-1"]))
    service.handle(return_from_customer(["SN-1"], version=4))
    service.handle(RETURNED)
    return service


def return_from_vendor(service: InMemorySerials, *serials: str, location: str = DOCK) -> CommandResult:
    """Take units back from their vendor."""
    [result] = service.handle(
        AdjustSerials(
            sku="A-1", serials=list(serials), adjustment="RETURNED_FROM_VENDOR", location=location, reason="repaired",
            document="RO-9",
        )
    )  # fmt: skip
    return result


def test_repaired_unit_is_received_again(service: InMemorySerials) -> None:
    """A unit from repair is RECEIVED at the dock without a hold, and its history shows the loop (S18, S22)."""
    assert not error_codes([return_from_vendor(service, "SN-1")])[0]
    unit = service.units["A-1", "SN-1"]
    assert (unit.status, unit.location, unit.warehouse, unit.adjustment) == ("RECEIVED", DOCK, "EAST", None)
    assert (unit.open_hold_count, unit.received_at) == (0, service.now)
    event = service.events_of(SerialAdjusted)[-1]
    assert (event.adjustment, event.status, event.location) == ("RETURNED_FROM_VENDOR", "RECEIVED", DOCK)
    assert [str(service.change_of(entry)) for entry in service.audit if entry.unit is unit][-6:] == [
        "DISPATCHED", "RETURNED", "HOLD_PLACED", "RETURNED_TO_VENDOR", "HOLD_RELEASED", "RETURNED_FROM_VENDOR",
    ]  # fmt: skip
    [result] = service.handle(PutAwaySerials(sku="A-1", serials=["SN-1"], location=SHELF))
    assert not result.violations


def test_unit_put_away_before_its_return_to_the_vendor(service: InMemorySerials) -> None:
    """A unit that left from storage comes back as received as well (S18)."""
    return_from_vendor(service, "SN-1")
    service.handle(PutAwaySerials(sku="A-1", serials=["SN-1"], location=SHELF))
    service.handle(RETURNED)
    assert (service.status("SN-1"), service.units["A-1", "SN-1"].adjustment) == ("IN_INVENTORY", "RETURNED_TO_VENDOR")
    return_from_vendor(service, "SN-1", location=STAGE)
    assert (service.status("SN-1"), service.units["A-1", "SN-1"].location) == ("RECEIVED", STAGE)


@pytest.mark.parametrize(
    ("serial", "location", "code"),
    [
        ("SN-1", BIN, "wrong_location_type"),
        ("SN-1", "EAST/Z-9", "location_not_found"),
        ("SN-2", DOCK, "illegal_transition"),
        ("SN-9", DOCK, "serial_not_found"),
    ],
)
def test_only_units_at_their_vendor_come_back(service: InMemorySerials, serial: str, location: str, code: str) -> None:
    """Only a unit at its vendor comes back, and only to a dock or staging location (S06)."""
    service.handle(receive(["SN-2"]))
    assert error_codes([return_from_vendor(service, serial, location=location)]) == [[code]]
    assert service.units["A-1", "SN-1"].adjustment == "RETURNED_TO_VENDOR"


def find(service: InMemorySerials, serial: str = "SN-1", location: str | None = None) -> CommandResult:
    """Adjust a unit as FOUND."""
    [result] = service.handle(
        AdjustSerials(sku="A-1", serials=[serial], adjustment="FOUND", location=location, reason="seen")
    )
    return result


@pytest.mark.parametrize("location", [None, DOCK])
def test_unit_at_its_vendor_is_not_found(service: InMemorySerials, location: str | None) -> None:
    """A unit at its vendor is not missing: it comes back with its link, whatever brought it (S18, S40)."""
    result = find(service, location=location)
    assert error_codes([result]) == [["illegal_transition"]]
    assert "it is at its vendor: adjust it as RETURNED_FROM_VENDOR where it arrives" in result.violations[0].detail
    assert service.units["A-1", "SN-1"].adjustment == "RETURNED_TO_VENDOR"


@pytest.mark.parametrize(
    ("adjustment", "advice"),
    [
        (None, "it is in the books here: look up its location"), ("LOST", "adjust it as FOUND where it stands"),
        ("VOID", "void is final"),
    ],
)  # fmt: skip
def test_unit_elsewhere_is_told_what_brings_it_back(
    service: InMemorySerials, adjustment: str | None, advice: str
) -> None:
    """A unit that is not at its vendor is told where it is, why it cannot come back, and what to do."""
    service.handle(receive(["SN-2"]))
    if adjustment:
        command = {"sku": "A-1", "serials": ["SN-2"], "adjustment": adjustment, "reason": "count"}
        service.handle(AdjustSerials.model_validate(command))
    detail = return_from_vendor(service, "SN-2").violations[0].detail
    assert f"only a unit that was returned to its vendor comes back from there; {advice}" in detail


def test_counted_unit_at_its_vendor_is_not_moved(service: InMemorySerials) -> None:
    """A count that sees a unit at its vendor cannot register it there, either (S40)."""
    service.handle(count("SN-1", location=SHELF))
    [result] = service.handle(resolve("MOVED", "SN-1", location=SHELF))
    assert error_codes([result]) == [["resolution_not_allowed"]]
    assert "RETURNED_FROM_VENDOR where it arrives, and resolve it with NO_CHANGE" in result.violations[0].detail
    assert error_codes(service.handle(resolve("NO_CHANGE", "SN-1", location=SHELF))) == [[]]


def test_shipped_unit_comes_back_from_its_customer() -> None:
    """A sold unit is a customer return, whatever the adjustment that is tried."""
    service = with_picked_units(1)
    service.handle(order_dispatched(["SN-1"]))
    for result in (find(service), return_from_vendor(service, "SN-1")):
        assert "receive it as a customer return of this order" in result.violations[0].detail


def test_recall_holds_the_unit_that_comes_back(service: InMemorySerials) -> None:
    """A recall that opened during the repair holds the unit (S46)."""
    service.handle(RecallOpened(recall="RC-1", sku="A-1", hold_id="H-1", reason="sharp edges", serials=["SN-1"]))
    return_from_vendor(service, "SN-1")
    assert service.units["A-1", "SN-1"].open_hold_count == 1


def test_location_is_required() -> None:
    """A unit from its vendor needs the location where it arrives."""
    with pytest.raises(ValidationError, match="location required"):
        AdjustSerials(sku="A-1", serials=["SN-1"], adjustment="RETURNED_FROM_VENDOR", reason="repaired")
