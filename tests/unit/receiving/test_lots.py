"""Lots: sessions, receipt of scanned quantities, and excess."""

from decimal import Decimal

import pytest

from shared.contracts.commands import receiving as commands
from shared.contracts.receiving import DiscrepancyFound, ReceiptLotsReceived
from shared.unit_of_work import CommandResult
from tests.support.in_memory.receiving import InMemoryReceiving
from tests.unit.receiving import steps
from tests.unit.receiving.steps import (
    ANNA,
    BEN,
    announce_receipt,
    asn_line,
    confirm_session,
    error_codes,
    event_types,
    received_lots,
    scan_lots,
    scan_statuses,
    scanned_and_received,
    scanned_lot,
)

SUE = "sue"


@pytest.fixture
def service() -> InMemoryReceiving:
    """R1 expects 100 of milk on two lines, 60 and 40, and 2.5 of salt. Today is 1 March 2026."""
    return steps.service_with_announced_lots()


def resolve_discrepancy(service: InMemoryReceiving, resolution: str) -> CommandResult:
    """Resolve the only discrepancy."""
    (discrepancy,) = service.uow.discrepancies
    fields = {"receipt": "R1", "discrepancy": discrepancy.discrepancy, "resolution": resolution, "reason": "seen"}
    return service.handle_command(commands.ResolveDiscrepancy.model_validate(fields), SUE)


def test_lots_fill_lines_in_order(service: InMemoryReceiving) -> None:
    """Lots fill the lines in order; the excess is OVER and left to a supervisor (S16, S23)."""
    result = scan_lots(service, "R1", scanned_lot("A", 50), scanned_lot("B", 30), scanned_lot("C", 30))
    assert scan_statuses(result) == ["ACCEPTED", "ACCEPTED", "OVER"]
    assert [(scan.quantity, scan.unmatched) for scan in result.body.lots] == [(50, 0), (30, 0), (20, 10)]  # type: ignore[union-attr]
    confirmation = confirm_session(service, "R1")
    assert received_lots(confirmation) == [("1", [("A", 50), ("B", 10)]), ("2", [("B", 20), ("C", 20)])]
    discrepancy_event = confirmation.events[-1]
    assert isinstance(discrepancy_event, DiscrepancyFound)
    assert (str(discrepancy_event.kind), discrepancy_event.lot, int(discrepancy_event.quantity)) == ("OVER", "C", 10)


def test_excess_is_received_once_accepted(service: InMemoryReceiving) -> None:
    """An accepted excess is received with its lot and dates, and cannot be matched to a unit (S16)."""
    scan_lots(service, "R1", scanned_lot("A", 110))
    confirm_session(service, "R1")
    assert error_codes(resolve_discrepancy(service, "MATCH")) == ["resolution_not_allowed"]
    result = resolve_discrepancy(service, "ACCEPT")
    assert received_lots(result) == [("1", [("A", 10)])]
    assert event_types(result) == ["receipt.lots_received.v1", "discrepancy.resolved.v1"]
    assert scanned_and_received(service) == (0, 70)
    assert error_codes(resolve_discrepancy(service, "VOID")) == ["discrepancy_resolved"]


@pytest.mark.parametrize("resolution", ["RETURN_TO_VENDOR", "VOID"])
def test_excess_is_not_received_unless_accepted(service: InMemoryReceiving, resolution: str) -> None:
    """After return to vendor or void, no more of the lot is received."""
    scan_lots(service, "R1", scanned_lot("A", 110))
    confirm_session(service, "R1")
    assert event_types(resolve_discrepancy(service, resolution)) == ["discrepancy.resolved.v1"]
    assert (scanned_and_received(service), scanned_and_received(service, "2")) == ((0, 60), (0, 40))


def test_unannounced_product_is_unmatched(service: InMemoryReceiving) -> None:
    """A lot of a product that is not expected is unmatched; once accepted, it gets an unplanned line (S16)."""
    announce_receipt(service, "R2", asn_line(sku="SALT", quantity=1))
    assert scan_statuses(scan_lots(service, "R2", scanned_lot("A", 3))) == ["UNEXPECTED"]
    confirm_session(service, "R2")
    (discrepancy,) = service.uow.discrepancies
    command = commands.ResolveDiscrepancy(
        receipt="R2", discrepancy=discrepancy.discrepancy, resolution="ACCEPT", reason="ordered by phone"
    )
    assert received_lots(service.handle_command(command, SUE)) == [("+1", [("A", 3)])]


def test_one_lot_number_of_two_products(service: InMemoryReceiving) -> None:
    """The same lot number of two products is two lots, and undone by product."""
    service.define_product("BUTTER", "LOT")
    announce_receipt(service, "R1", asn_line(number="4", sku="BUTTER", quantity=5))
    scan_lots(service, "R1", scanned_lot("A", 5))
    assert scan_statuses(scan_lots(service, "R1", scanned_lot("A", 5, "2027-01-01"), sku="BUTTER")) == ["ACCEPTED"]
    undo_result = service.handle_command(commands.UndoScan(receipt="R1", session="S", sku="SALT", lots=["A"]))
    assert error_codes(undo_result) == ["lot_not_scanned"]
    service.handle_command(commands.UndoScan(receipt="R1", session="S", sku="MILK", lots=["A"]))
    assert received_lots(confirm_session(service, "R1")) == [("4", [("A", 5)])]


def test_undo_and_discard(service: InMemoryReceiving) -> None:
    """Undo removes a lot completely, with its unmatched part; a discarded session leaves nothing."""
    scan_lots(service, "R1", scanned_lot("A", 90), scanned_lot("B", 5))
    scan_lots(service, "R1", scanned_lot("C", 5), session="T", actor=BEN)
    assert scan_statuses(scan_lots(service, "R1", scanned_lot("A", 20))) == ["OVER"]
    undo_result = service.handle_command(commands.UndoScan(receipt="R1", session="S", sku="MILK", lots=["A", "C", "x"]))
    assert error_codes(undo_result) == ["lot_not_scanned"]
    assert undo_result.violations[0].ids == ["C", "x"]
    assert {scan.lot for scan in service.uow.lot_scans} == {"B", "C"}
    service.handle_command(commands.DiscardSession(receipt="R1", session="S"))
    service.handle_command(commands.TakeOverSession(receipt="R1", session="T"), ANNA)
    assert received_lots(confirm_session(service, "R1", "T")) == [("2", [("C", 5)])]
    assert (scanned_and_received(service), scanned_and_received(service, "2")) == ((0, 0), (0, 5))


def test_session_count_mismatch_is_rejected(service: InMemoryReceiving) -> None:
    """A confirmation with another quantity than scanned, unmatched part included, is rejected (S16)."""
    scan_lots(service, "R1", scanned_lot("A", 110))
    confirmations = {
        quantity: commands.ConfirmSession(receipt="R1", session="S", quantity=Decimal(quantity))
        for quantity in (100, 110)
    }
    assert error_codes(service.handle_command(confirmations[100])) == ["session_count_mismatch"]
    assert event_types(service.handle_command(confirmations[110])) == [
        "receipt.lots_received.v1",
        "receipt.lots_received.v1",
        "discrepancy.found.v1",
    ]


def test_blind_receipt_and_opening_stock(service: InMemoryReceiving) -> None:
    """A blind receipt accepts any quantity on an unplanned line; opening stock may be in storage."""
    announce_receipt(service, "B1", kind="BLIND")
    assert scan_statuses(scan_lots(service, "B1", scanned_lot("A", 700_000))) == ["ACCEPTED"]
    assert error_codes(scan_lots(service, "B1", scanned_lot("A", 700_000))) == ["too_many_units"]
    assert received_lots(confirm_session(service, "B1")) == [("+1", [("A", 700_000)])]
    announce_receipt(service, "O1", kind="OPENING")
    assert scan_statuses(scan_lots(service, "O1", scanned_lot("A", 5), location="EAST/A-1")) == ["ACCEPTED"]
    assert error_codes(scan_lots(service, "R1", scanned_lot("A", 5), location="EAST/A-1")) == ["wrong_location_type"]


def test_many_lots_are_split_into_messages(service: InMemoryReceiving) -> None:
    """An event lists at most 500 lots."""
    announce_receipt(service, "B1", kind="BLIND")
    for part in range(3):
        scan_lots(service, "B1", *(scanned_lot(f"{part}-{number}", 1) for number in range(400)))
    messages = [
        message for message in confirm_session(service, "B1").events if isinstance(message, ReceiptLotsReceived)
    ]
    assert [len(message.lots) for message in messages] == [500, 500, 200]
