"""ASNs sent again: each part replaces what it said before, and what was received stays received."""

from decimal import Decimal

import pytest

from shared.contracts.commands.receiving import CloseReceipt, DiscardSession
from shared.contracts.receiving import ReceiptClosed, ReceiptLineCancelled
from shared.contracts.upstream import AsnCancelled
from shared.unit_of_work import CommandResult
from tests.support.in_memory.receiving import InMemoryReceiving
from tests.unit.receiving.steps import (
    announce_receipt,
    asn_line,
    confirm_session,
    error_codes,
    event_types,
    line_counts,
    scan_lots,
    scan_serials,
    scan_statuses,
    scanned_lot,
    unit_status,
)


def announce_milk(service: InMemoryReceiving, quantity: int) -> CommandResult:
    """Announce a quantity of milk on receipt R1."""
    return announce_receipt(service, "R1", asn_line(sku="MILK", quantity=quantity))


def receive_milk(service: InMemoryReceiving, quantity: int) -> None:
    """Scan and confirm a quantity of milk."""
    scan_lots(service, "R1", scanned_lot("L", quantity))
    confirm_session(service, "R1")


@pytest.mark.parametrize("line", [asn_line(["A", "B"], 5), asn_line(quantity=5), asn_line(sku="MILK", quantity=100)])
def test_same_asn_again_changes_nothing(line: dict[str, object]) -> None:
    """An ASN with listed serials, units without them, or a lot quantity is expected once (S05)."""
    service = InMemoryReceiving()
    announce_receipt(service, "R1", line)
    before = service.uow.lines["R1", "1"]
    result = announce_receipt(service, "R1", line)
    assert (result.resource_path, error_codes(result), event_types(result)) == (None, [], [])
    assert service.uow.lines["R1", "1"] == before


def test_corrected_asn_replaces_the_quantity() -> None:
    """80 instead of 100 expects 80, and 120 expects 120 (S05)."""
    service = InMemoryReceiving()
    announce_milk(service, 100)
    (cancelled,) = announce_milk(service, 80).events
    assert isinstance(cancelled, ReceiptLineCancelled)
    assert (int(cancelled.quantity), cancelled.reason) == (20, "CHANGED")
    assert event_types(announce_milk(service, 120)) == ["receipt.line_expected.v1"]
    assert line_counts(service, "R1")[0] == 120


def test_lines_and_serials_that_are_left_out_are_withdrawn() -> None:
    """A serial or line that no part names any more is not expected, unless it was received (S05, S14)."""
    service = InMemoryReceiving()
    announce_receipt(service, "R1", asn_line(["A", "B", "C"]), asn_line(["D"], number="2"))
    scan_serials(service, "R1", "A")
    confirm_session(service, "R1")
    announce_receipt(service, "R1", asn_line(["C"]))
    assert line_counts(service, "R1") == (1, 1, 1, 0, 1)
    assert line_counts(service, "R1", "2") == (0, 0, 0, 0, 0)
    assert [unit_status(service, serial) for serial in "ABCD"] == ["ON_HAND", "INACTIVE", "EXPECTED", "INACTIVE"]
    assert scan_statuses(scan_serials(service, "R1", "C", session="S2")) == ["ACCEPTED"]


def test_withdrawn_serial_of_an_open_session_is_not_expected_after_it() -> None:
    """A scanned unit that is withdrawn keeps its scan; discarded, it is expected nowhere (S05)."""
    service = InMemoryReceiving()
    announce_receipt(service, "R1", asn_line(["A", "B"]))
    scan_serials(service, "R1", "A")
    (cancelled,) = announce_receipt(service, "R1", asn_line(["B"])).events
    assert cancelled.model_dump()["serials"] == ["A"]
    assert unit_status(service, "A") == "SCANNED"
    service.handle_command(DiscardSession(receipt="R1", session="S"))
    assert unit_status(service, "A") == "INACTIVE"
    assert line_counts(service, "R1") == (1, 1, 0, 0, 0)


def test_asn_again_after_all_has_arrived() -> None:
    """Nothing is missing when the ASN comes again, and closing reports nothing short (S05)."""
    service = InMemoryReceiving()
    announce_milk(service, 10)
    receive_milk(service, 10)
    assert event_types(announce_milk(service, 10)) == []
    assert service.uow.lines["R1", "1"].missing_quantity == 0
    closed = service.handle_command(CloseReceipt(receipt="R1"))
    assert event_types(closed) == ["receipt.closed.v1"]


def test_asn_again_below_what_was_received() -> None:
    """What was received stays received: only the rest is cancelled, and the excess is shown as over (S05)."""
    service = InMemoryReceiving()
    announce_milk(service, 100)
    receive_milk(service, 90)
    (cancelled,) = announce_milk(service, 80).events
    assert isinstance(cancelled, ReceiptLineCancelled)
    assert cancelled.quantity == 10
    line = service.uow.lines["R1", "1"]
    assert [int(value) for value in (line.expected_quantity, line.received, line.open_quantity)] == [80, 90, 0]
    assert [int(event.model_dump()["quantity"]) for event in announce_milk(service, 100).events] == [10]
    announce_milk(service, 80)
    (closed,) = service.handle_command(CloseReceipt(receipt="R1")).events
    assert isinstance(closed, ReceiptClosed)
    assert (closed.lines[0].announced, closed.lines[0].over, closed.lines[0].short) == (80, 10, 0)


@pytest.mark.parametrize(("end", "code"), [(CloseReceipt, "receipt_closed"), (AsnCancelled, "receipt_cancelled")])
def test_asn_again_after_the_end_of_its_receipt(end: type[CloseReceipt | AsnCancelled], code: str) -> None:
    """The same content is a duplicate; other lines, parts or another supplier are rejected (S05)."""
    service = InMemoryReceiving()
    announce_receipt(service, "R1", asn_line(["A"], 2), supplier="Medtech")
    ended = service.handle_command(end(receipt="R1"))
    assert ended.body is not None
    repeated = announce_receipt(service, "R1", asn_line(["A"], 2), supplier="Medtech")
    assert (error_codes(repeated), event_types(repeated)) == ([], [])
    assert error_codes(announce_receipt(service, "R1", asn_line(["A"], 3), supplier="Medtech")) == [code]
    assert error_codes(announce_receipt(service, "R1", asn_line(["A"], 2), part=2, parts=2)) == [code]
    assert error_codes(announce_receipt(service, "R1", asn_line(["A"], 2), supplier="Other")) == [code]
    assert service.uow.receipts["R1"].supplier == "Medtech"


def test_part_sent_again_replaces_only_itself() -> None:
    """A part corrects its own lines; a line named by two parts expects their sum (S05)."""
    service = InMemoryReceiving()
    for part, quantity in ((1, 60), (2, 40), (2, 30), (1, 60)):
        announce_receipt(service, "R1", asn_line(quantity=quantity), part=part, parts=2)
    assert line_counts(service, "R1")[0] == 90


def test_fewer_parts_withdraw_the_others() -> None:
    """An ASN that shrinks from three parts to one no longer expects the lines of the other two (S05)."""
    service = InMemoryReceiving()
    for part in (1, 2, 3):
        announce_receipt(service, "R1", asn_line([f"U{part}"], number=str(part)), part=part, parts=3)
    announce_receipt(service, "R1", asn_line(["U1"], number="1"))
    assert [line_counts(service, "R1", str(part))[0] for part in (1, 2, 3)] == [1, 0, 0]
    assert [unit_status(service, f"U{part}") for part in (1, 2, 3)] == ["EXPECTED", "INACTIVE", "INACTIVE"]


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_serial_that_moves_between_parts_and_lines(order: tuple[int, int]) -> None:
    """A serial listed by another part of the corrected ASN ends on its new line, whichever part comes first (S05)."""
    service = InMemoryReceiving()
    announce_receipt(service, "R1", asn_line(["A", "B"]), part=1, parts=2)
    announce_receipt(service, "R1", asn_line(["C"], number="2"), part=2, parts=2)
    corrected = {1: asn_line(["B"]), 2: asn_line(["A", "C"], number="2")}
    for part in order:
        announce_receipt(service, "R1", corrected[part], part=part, parts=2)
    assert (line_counts(service, "R1"), line_counts(service, "R1", "2")) == ((1, 1, 0, 0, 0), (2, 2, 0, 0, 0))
    unit = service.uow.get_unit("PUMP", "A")
    assert (unit.status, unit.line, unit.part) == ("EXPECTED", "2", 2)


def test_rejected_and_taken_over_serials_are_not_counted_twice() -> None:
    """A line without its rejected or taken-over serials expects what is left (S05, S18)."""
    service = InMemoryReceiving()
    announce_receipt(service, "R0", asn_line(["K"]))
    scan_serials(service, "R0", "K")
    assert error_codes(announce_receipt(service, "R1", asn_line(["K", "A", "B"]))) == ["duplicate_serial"]
    announce_receipt(service, "R2", asn_line(["A"]))
    assert line_counts(service, "R1") == (1, 1, 0, 0, 0)
    announce_receipt(service, "R1", asn_line(["B"]))
    assert line_counts(service, "R1") == (1, 1, 0, 0, 0)
    assert service.uow.get_unit("PUMP", "A").receipt == "R2"


def test_header_of_an_asn_sent_again() -> None:
    """Supplier and arrival time are replaced or kept; the warehouse cannot change."""
    service = InMemoryReceiving()
    announce_receipt(service, "R1", asn_line(["A"]), supplier="Medtech", expected_at="2026-03-04T08:00:00Z")
    announce_receipt(service, "R1", asn_line(["A"]), supplier="Medtech Ltd")
    receipt = service.uow.receipts["R1"]
    assert (receipt.supplier, receipt.expected_at and receipt.expected_at.day) == ("Medtech Ltd", 4)
    rejected = announce_receipt(service, "R1", asn_line(["A"]), warehouse="WEST")
    assert error_codes(rejected) == ["wrong_warehouse"]
    assert "cancel the receipt" in rejected.violations[0].detail


def test_asn_again_before_its_product() -> None:
    """Of a line that awaits its product the last quantity counts (S05)."""
    service = InMemoryReceiving()
    for quantity in (100, 100, 80):
        assert event_types(announce_receipt(service, "R1", asn_line(sku="NEW", quantity=quantity))) == []
    assert service.uow.lines["R1", "1"].expected_quantity == Decimal(80)
