"""ASNs: parts, amendments, cancellations, registered units, lines that await their product."""

from shared.contracts.receiving import ReceiptLineCancelled, ReceiptLineExpected, ReceiptRejected
from shared.contracts.upstream import AsnCancelled
from shared.unit_of_work import CommandResult
from tests.support.in_memory.receiving import InMemoryReceiving
from tests.support.messages.reference import product_changed
from tests.unit.receiving import steps
from tests.unit.receiving.steps import (
    amend_receipt,
    announce_receipt,
    asn_line,
    error_codes,
    event_types,
    line_counts,
    scan_serials,
    unit_status,
)


def cancel_receipt(service: InMemoryReceiving, receipt: str) -> CommandResult:
    """Cancel an ASN."""
    return service.handle_command(AsnCancelled(receipt=receipt))


def test_listed_serials_become_expected() -> None:
    """Listed units become EXPECTED, each with a version, in one event per line (S05)."""
    service = InMemoryReceiving()
    result = announce_receipt(service, "R1", asn_line(["A", "B"], 3), asn_line(number="2", sku="SALT", quantity=40))
    assert event_types(result) == ["receipt.line_expected.v1", "receipt.line_expected.v1"]
    expected_event = result.events[0]
    assert isinstance(expected_event, ReceiptLineExpected)
    assert (expected_event.serials, expected_event.versions, int(expected_event.quantity)) == (["A", "B"], [1, 1], 3)
    assert unit_status(service, "A") == "EXPECTED"
    assert line_counts(service, "R1") == (3, 2, 0, 0, 0)


def test_parts_add_up() -> None:
    """Each part adds its quantities, serials and lines to the receipt, in whatever order they come (S05)."""
    service = InMemoryReceiving()
    announce_receipt(service, "R1", asn_line(["B"]), asn_line(["C"], number="2"), part=2, parts=2)
    announce_receipt(service, "R1", asn_line(["A"], 2), parts=2)
    assert line_counts(service, "R1") == (3, 2, 0, 0, 0)
    assert line_counts(service, "R1", "2") == (1, 1, 0, 0, 0)


def test_more_serials_than_units_are_rejected() -> None:
    """More serials than units are rejected, and repeated serials, on one line or two (S14)."""
    service = InMemoryReceiving()
    assert error_codes(announce_receipt(service, "R1", asn_line(["A", "B"], 1))) == ["too_many_serials"]
    assert error_codes(announce_receipt(service, "R1", asn_line(["A", "A"]))) == ["duplicate_serial_in_request"]
    assert error_codes(announce_receipt(service, "R1", asn_line(["A"]), asn_line(["A"], number="2"))) == [
        "duplicate_serial_in_request"
    ]
    assert not service.uow.receipts


def test_invalid_lines_are_rejected() -> None:
    """Half a serial-tracked unit, serials of an untracked product, a line with two products: rejected completely."""
    service = InMemoryReceiving()
    half = asn_line() | {"quantity": 1.5}
    assert error_codes(announce_receipt(service, "R1", half)) == ["quantity_precision"]
    assert error_codes(announce_receipt(service, "R1", asn_line(["A"], sku="SALT"))) == ["not_serial_tracked"]
    assert error_codes(announce_receipt(service, "R1", asn_line(["A"]), asn_line(["B"], sku="SCREW"))) == [
        "line_product_mismatch"
    ]
    assert error_codes(announce_receipt(service, "R1", asn_line(["A"], number="+1"))) == ["validation_error"]


def test_known_serial_is_rejected_alone() -> None:
    """A registered unit is rejected alone; the rest of its ASN is applied (S18)."""
    service = InMemoryReceiving()
    announce_receipt(service, "R1", asn_line(["A"]))
    scan_serials(service, "R1", "A")
    steps.confirm_session(service, "R1")
    result = announce_receipt(service, "R2", asn_line(["A", "B"]))
    assert error_codes(result) == ["duplicate_serial"]
    assert result.violations[0].ids == ["A"]
    assert result.events[0].model_dump()["serials"] == ["B"]
    assert line_counts(service, "R2") == (1, 1, 0, 0, 0)
    assert service.uow.get_unit("PUMP", "A").receipt == "R1"


def test_newer_asn_takes_over_expected_serials() -> None:
    """A unit announced again is expected on the later receipt; the earlier one expects one unit less."""
    service = InMemoryReceiving()
    announce_receipt(service, "R1", asn_line(["A", "B"]))
    result = announce_receipt(service, "R2", asn_line(["A"]))
    cancelled_event, expected_event = result.events
    assert isinstance(cancelled_event, ReceiptLineCancelled)
    assert isinstance(expected_event, ReceiptLineExpected)
    assert (cancelled_event.receipt, cancelled_event.reason, cancelled_event.versions) == ("R1", "TAKEN_OVER", [2])
    assert (expected_event.receipt, expected_event.versions) == ("R2", [3])
    assert line_counts(service, "R1") == (1, 1, 0, 0, 0)


def test_serials_can_be_announced_again_after_a_cancellation() -> None:
    """The units of a cancelled ASN may be announced on another, with higher versions."""
    service = InMemoryReceiving()
    announce_receipt(service, "R1", asn_line(["A"], 2))
    assert event_types(cancel_receipt(service, "R1")) == [
        "receipt.line_cancelled.v1",
        "receipt.line_cancelled.v1",
        "receipt.closed.v1",
    ]
    assert unit_status(service, "A") == "INACTIVE"
    assert event_types(announce_receipt(service, "R2", asn_line(["A"]))) == ["receipt.line_expected.v1"]
    assert service.uow.get_unit("PUMP", "A").version == 3


def test_cancellation_before_its_asn() -> None:
    """A cancellation before its ASN is stored: the receipt is created as cancelled and expects nothing."""
    service = InMemoryReceiving()
    assert not error_codes(cancel_receipt(service, "R1"))
    result = announce_receipt(service, "R1", asn_line(["A"]))
    assert event_types(result) == ["receipt.closed.v1"]
    assert service.uow.receipts["R1"].status == "CANCELLED"
    assert unit_status(service, "A") == "INACTIVE"
    assert error_codes(announce_receipt(service, "R1", asn_line(["B"]))) == ["receipt_cancelled"]
    assert error_codes(scan_serials(service, "R1", "A")) == ["receipt_cancelled"]


def test_amendment_before_arrival() -> None:
    """An amendment states the whole line: missing units are withdrawn, others are added; twice is as once."""
    service = InMemoryReceiving()
    announce_receipt(service, "R1", asn_line(["A", "B"], 5), asn_line(["D"], number="2"))
    result = amend_receipt(service, "R1", asn_line(["B", "C"], 4))
    assert event_types(result) == ["receipt.line_cancelled.v1", "receipt.line_cancelled.v1", "receipt.line_expected.v1"]
    assert line_counts(service, "R1") == (4, 2, 0, 0, 0)
    assert (unit_status(service, "A"), unit_status(service, "C")) == ("INACTIVE", "EXPECTED")
    assert event_types(amend_receipt(service, "R1", asn_line(["B", "C"], 4))) == []
    assert line_counts(service, "R1", "2") == (1, 1, 0, 0, 0)


def test_amendment_keeps_what_it_omits() -> None:
    """An omitted quantity, serial list, supplier or line keeps its value; the quantity 0 withdraws a line."""
    service = InMemoryReceiving()
    announce_receipt(service, "R1", asn_line(["A", "B"], 3), asn_line(["D"], number="2"), supplier="Medtech")
    amend_receipt(service, "R1", {"line": "1", "sku": "PUMP", "quantity": 5})
    assert line_counts(service, "R1") == (5, 2, 0, 0, 0)
    amend_receipt(service, "R1", {"line": "1", "sku": "PUMP", "serials": ["A"]}, expected_at="2026-03-04T08:00:00Z")
    assert line_counts(service, "R1") == (5, 1, 0, 0, 0)
    amend_receipt(service, "R1", {"line": "2", "sku": "PUMP", "quantity": 0, "serials": []})
    assert line_counts(service, "R1", "2") == (0, 0, 0, 0, 0)
    receipt = service.uow.receipts["R1"]
    assert (receipt.supplier, receipt.expected_at and receipt.expected_at.day) == ("Medtech", 4)


def test_amendment_of_a_line_in_two_parts() -> None:
    """An amendment states the quantity over all parts; parts sent again decide after it."""
    service = InMemoryReceiving()
    parts = [asn_line(["A"], 60), asn_line(["B"], 40)]
    for _ in range(2):
        for number, line in enumerate(parts, 1):
            announce_receipt(service, "R1", line, part=number, parts=2)
        assert line_counts(service, "R1") == (100, 2, 0, 0, 0)
        amend_receipt(service, "R1", {"line": "1", "sku": "PUMP", "quantity": 80})
        assert line_counts(service, "R1") == (80, 2, 0, 0, 0)


def test_invalid_amendments_are_rejected() -> None:
    """Too few units for the listed serials, a new line without quantity, another product: nothing changes."""
    service = InMemoryReceiving()
    announce_receipt(service, "R1", asn_line(["A", "B"], 2))
    new_line = {"line": "9", "sku": "PUMP"}
    assert error_codes(amend_receipt(service, "R1", {"line": "1", "sku": "PUMP", "quantity": 1})) == [
        "quantity_below_listed_serials"
    ]
    assert error_codes(amend_receipt(service, "R1", asn_line(["A", "B"], 1))) == ["too_many_serials"]
    assert error_codes(amend_receipt(service, "R1", new_line)) == ["quantity_required"]
    assert error_codes(amend_receipt(service, "R1", asn_line(["A"]), asn_line(["B"]))) == ["duplicate_line"]
    assert error_codes(amend_receipt(service, "R1", asn_line(["A"], sku="SCREW"))) == ["line_product_mismatch"]
    assert line_counts(service, "R1") == (2, 2, 0, 0, 0)


def test_amendment_and_cancellation_are_rejected_after_arrival() -> None:
    """Once scanning has begun, amendment and cancellation are rejected; a further part is still accepted."""
    service = InMemoryReceiving()
    announce_receipt(service, "R1", asn_line(["A"]))
    scan_serials(service, "R1", "A")
    assert error_codes(cancel_receipt(service, "R1")) == ["receipt_in_progress"]
    assert error_codes(amend_receipt(service, "R1", asn_line(["B"]))) == ["receipt_in_progress"]
    assert event_types(announce_receipt(service, "R1", asn_line(["B"]), part=2, parts=2)) == [
        "receipt.line_expected.v1"
    ]


def test_serial_listed_after_its_scan() -> None:
    """A unit scanned as unlisted and listed later makes room for another unlisted unit."""
    service = InMemoryReceiving()
    announce_receipt(service, "R1", asn_line(quantity=1))
    scan_serials(service, "R1", "A")
    assert line_counts(service, "R1") == (1, 0, 1, 1, 0)
    result = announce_receipt(service, "R1", asn_line(["A"], 2))
    assert event_types(result) == ["receipt.line_expected.v1"]
    assert line_counts(service, "R1") == (2, 1, 0, 1, 0)
    assert steps.scan_statuses(scan_serials(service, "R1", "B")) == ["ACCEPTED"]


def test_line_waits_for_its_product() -> None:
    """A line that precedes its product is expected once the product is defined."""
    service = InMemoryReceiving()
    assert event_types(announce_receipt(service, "R1", asn_line(["A"], 3, sku="NEW"))) == []
    defined = product_changed("NEW", "SERIAL")
    emitted = service.handle_event(defined)
    assert [(event.model_dump()["serials"], int(event.model_dump()["quantity"])) for event in emitted] == [
        (["A"], 1),
        ([], 2),
    ]
    assert not service.uow.lines["R1", "1"].awaiting_product
    assert service.handle_event(defined) == []


def test_waiting_line_of_a_product_without_serials() -> None:
    """Serials announced for a product that is not serial-tracked are rejected; its quantity is expected."""
    service = InMemoryReceiving()
    announce_receipt(service, "R1", asn_line(["A"], 3, sku="NEW"))
    defined = product_changed("NEW", "NONE")
    rejection, expected_event = service.handle_event(defined)
    assert isinstance(rejection, ReceiptRejected)
    assert isinstance(expected_event, ReceiptLineExpected)
    assert (rejection.kind, rejection.ids) == ("EVENT_CONFLICT", ["A"])
    assert (expected_event.serials, int(expected_event.quantity)) == ([], 3)
    assert unit_status(service, "A", "NEW") == "INACTIVE"


def test_cancelled_while_waiting_for_its_product() -> None:
    """Cancelling a line that awaits its product publishes nothing, and its product plans nothing."""
    service = InMemoryReceiving()
    announce_receipt(service, "R1", asn_line(["A"], sku="NEW"))
    assert event_types(cancel_receipt(service, "R1")) == ["receipt.closed.v1"]
    defined = product_changed("NEW", "SERIAL")
    assert service.handle_event(defined) == []


def test_conflicting_receipt_of_the_same_id() -> None:
    """A part for another warehouse or kind is rejected; a blind receipt needs an existing warehouse."""
    service = InMemoryReceiving()
    announce_receipt(service, "R1", asn_line(["A"]))
    assert error_codes(announce_receipt(service, "R1", asn_line(["B"]), warehouse="WEST")) == ["wrong_warehouse"]
    assert error_codes(announce_receipt(service, "R1", kind="BLIND")) == ["document_exists"]
    assert error_codes(announce_receipt(service, "R2", kind="BLIND", warehouse="WEST")) == ["warehouse_not_found"]
    assert not error_codes(announce_receipt(service, "R3", asn_line(["C"]), warehouse="WEST"))


def test_line_quantity_is_limited_over_all_parts() -> None:
    """More than the maximum of one event is rejected, in one message or several; the rest can be cancelled."""
    service = InMemoryReceiving()
    assert error_codes(announce_receipt(service, "R1", asn_line(quantity=600_000), asn_line(quantity=600_000))) == [
        "too_many_units"
    ]
    announce_receipt(service, "R1", asn_line(quantity=600_000))
    assert error_codes(announce_receipt(service, "R1", asn_line(quantity=600_000), part=2, parts=2)) == [
        "too_many_units"
    ]
    announce_receipt(service, "R1", asn_line(quantity=400_000), part=2, parts=2)
    assert event_types(cancel_receipt(service, "R1")) == ["receipt.line_cancelled.v1", "receipt.closed.v1"]
