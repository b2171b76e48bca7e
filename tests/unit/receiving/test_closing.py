"""Closing of receipts and resolution of discrepancies."""

import pytest

from services.receiving.receipts.domain.records import Discrepancy
from shared.contracts.commands import receiving as commands
from shared.contracts.receiving import DiscrepancyFound, ReceiptClosed, ReceiptLineCancelled, ReceiptSerialsReceived
from shared.unit_of_work import CommandResult
from tests.support.in_memory.receiving import InMemoryReceiving
from tests.unit.receiving import steps
from tests.unit.receiving.steps import (
    announce_receipt,
    asn_line,
    confirm_session,
    error_codes,
    event_types,
    line_counts,
    scan_serials,
    unit_status,
)

SUE = "sue"


def close_receipt(service: InMemoryReceiving, receipt: str) -> CommandResult:
    """Close a receipt."""
    return service.handle_command(commands.CloseReceipt(receipt=receipt), SUE)


def resolve_discrepancy(
    service: InMemoryReceiving, kind: str, resolution: str, receipt: str = "R1", **overrides: str
) -> CommandResult:
    """Resolve the receipt's first open discrepancy of a kind."""
    discrepancy = next(
        candidate for candidate in service.uow.discrepancies if candidate.kind == kind and candidate.receipt == receipt
    )
    fields = {
        "receipt": receipt,
        "discrepancy": discrepancy.discrepancy,
        "resolution": resolution,
        "reason": "seen",
        **overrides,
    }
    return service.handle_command(commands.ResolveDiscrepancy.model_validate(fields), SUE)


def void_discrepancies(service: InMemoryReceiving, receipt: str = "R1") -> None:
    """Void all open discrepancies of a receipt."""
    for discrepancy in list(service.uow.discrepancies_by_receipt[receipt]):
        if discrepancy.resolution is None:
            fields = {"receipt": receipt, "discrepancy": discrepancy.discrepancy, "resolution": "VOID"}
            service.handle_command(commands.ResolveDiscrepancy.model_validate(fields | {"reason": "seen"}), SUE)


@pytest.fixture
def service() -> InMemoryReceiving:
    """R1 expects A, B and T (a screw); A is received, and there is a discrepancy of every kind."""
    service = InMemoryReceiving()
    announce_receipt(service, "R0", asn_line(["K"]))
    scan_serials(service, "R0", "K")
    confirm_session(service, "R0")
    announce_receipt(
        service,
        "R1",
        asn_line(["A", "B"]),
        asn_line(["T"], number="2", sku="SCREW"),
        asn_line(quantity=5, number="3", sku="SALT"),
    )
    announce_receipt(service, "R2", asn_line(["E"]))
    scan_serials(service, "R1", "A", "K", "b", "E", "T", "u")
    confirm_session(service, "R1")
    return service


def test_closing_records_shortages_and_summaries(service: InMemoryReceiving) -> None:
    """Closing cancels open expectations, records decided shortages, and summarizes each line (S15, S16)."""
    void_discrepancies(service)
    result = close_receipt(service, "R1")
    shortages = [event for event in result.events if isinstance(event, DiscrepancyFound)]
    assert [(event.kind, event.sku, event.serials, int(event.quantity)) for event in shortages] == [
        ("SHORT", "PUMP", ["B"], 1),
        ("SHORT", "SCREW", ["T"], 1),
        ("SHORT", "SALT", [], 5),
    ]
    decisions = {(shortage.resolution, shortage.resolved_by) for shortage in _shortages(service)}
    assert ({event.resolution for event in shortages}, decisions) == ({"ACCEPT"}, {("ACCEPT", SUE)})
    cancelled_events = [event for event in result.events if isinstance(event, ReceiptLineCancelled)]
    assert {event.reason for event in cancelled_events} == {"CLOSED"}
    closed = result.events[-1]
    assert isinstance(closed, ReceiptClosed)
    summaries = [(line.line, line.announced, line.received, line.short, line.unexpected) for line in closed.lines]
    assert summaries == [
        ("1", 2, 1, 1, 1), ("2", 1, 0, 1, 0), ("3", 5, 0, 5, 0),
    ]  # fmt: skip
    assert unit_status(service, "B") == "INACTIVE"
    assert error_codes(close_receipt(service, "R1")) == ["receipt_closed"]
    assert error_codes(scan_serials(service, "R1", "B", session="T")) == ["receipt_closed"]
    assert error_codes(announce_receipt(service, "R1", asn_line(["Z"]))) == ["receipt_closed"]


def _shortages(service: InMemoryReceiving) -> list[Discrepancy]:
    return [discrepancy for discrepancy in service.uow.discrepancies if discrepancy.kind == "SHORT"]


def test_open_discrepancies_block_closing(service: InMemoryReceiving) -> None:
    """A receipt with undecided discrepancies stays open, so that each can still be decided (S16)."""
    open_ids = sorted(discrepancy.discrepancy for discrepancy in service.uow.discrepancies)
    result = close_receipt(service, "R1")
    (violation,) = result.violations
    assert (violation.code, violation.ids) == ("discrepancy_open", open_ids)
    assert violation.blocked_by == [f"/discrepancies/{discrepancy}" for discrepancy in open_ids]
    assert "1 CASE_MISMATCH, 1 DUPLICATE_SERIAL" in violation.detail
    assert (result.events, service.uow.receipts["R1"].status) == ([], "IN_PROGRESS")
    assert event_types(resolve_discrepancy(service, "CASE_MISMATCH", "MATCH"))[0] == "receipt.serials_received.v1"
    assert (unit_status(service, "B"), unit_status(service, "b")) == ("ON_HAND", "INACTIVE")
    void_discrepancies(service)
    assert not error_codes(close_receipt(service, "R1"))


def test_open_session_blocks_closing(service: InMemoryReceiving) -> None:
    """A receipt with an open session cannot be closed; the violation names the session."""
    scan_serials(service, "R1", "B", session="T")
    result = close_receipt(service, "R1")
    assert error_codes(result) == ["session_open"]
    assert result.violations[0].blocked_by == ["/receipts/R1/sessions/T"]
    service.handle_command(commands.DiscardSession(receipt="R1", session="T"))
    void_discrepancies(service)
    assert not error_codes(close_receipt(service, "R1"))
    assert error_codes(close_receipt(service, "R9")) == ["receipt_not_found"]


def test_long_summary_is_split_into_messages() -> None:
    """The closing of a receipt with 1 100 lines is published in messages of at most 500 lines."""
    service = InMemoryReceiving()
    for part in (1, 2, 3):
        lines = (asn_line(quantity=1, number=f"{part}-{number}") for number in range(400))
        announce_receipt(service, "R1", *lines, part=part, parts=3)
    assert [
        len(message.lines) for message in close_receipt(service, "R1").events if isinstance(message, ReceiptClosed)
    ] == [500, 500, 200]


@pytest.mark.parametrize("kind", ["UNEXPECTED", "CASE_MISMATCH", "WRONG_PRODUCT"])
def test_accepted_unit_is_received_as_scanned(service: InMemoryReceiving, kind: str) -> None:
    """An accepted unit is received as scanned, on its product's line (S16)."""
    result = resolve_discrepancy(service, kind, "ACCEPT")
    assert event_types(result) == ["receipt.serials_received.v1", "discrepancy.resolved.v1"]
    assert line_counts(service, "R1")[-1] == 2
    assert error_codes(resolve_discrepancy(service, kind, "ACCEPT")) == ["discrepancy_resolved"]


def test_accepting_a_unit_expected_on_another_receipt(service: InMemoryReceiving) -> None:
    """Accepting a unit that another receipt expects cancels that expectation and publishes it."""
    cancelled_event, received_event, _ = resolve_discrepancy(service, "EXPECTED_ON_OTHER_RECEIPT", "ACCEPT").events
    assert isinstance(cancelled_event, ReceiptLineCancelled)
    assert isinstance(received_event, ReceiptSerialsReceived)
    assert (cancelled_event.receipt, cancelled_event.reason, cancelled_event.serials) == ("R2", "TAKEN_OVER", ["E"])
    assert (received_event.receipt, received_event.serials) == ("R1", ["E"])
    assert received_event.versions > cancelled_event.versions
    assert line_counts(service, "R2") == (0, 0, 0, 0, 0)


def test_known_serial_never_becomes_a_second_unit(service: InMemoryReceiving) -> None:
    """No resolution of a registered serial creates a second unit or changes the first (S18)."""
    before = service.uow.get_unit("PUMP", "K")
    assert error_codes(resolve_discrepancy(service, "DUPLICATE_SERIAL", "ACCEPT")) == ["resolution_not_allowed"]
    assert error_codes(resolve_discrepancy(service, "DUPLICATE_SERIAL", "MATCH")) == ["resolution_without_effect"]
    assert service.uow.get_unit("PUMP", "K") == before
    assert event_types(resolve_discrepancy(service, "DUPLICATE_SERIAL", "VOID")) == ["discrepancy.resolved.v1"]
    assert service.uow.get_unit("PUMP", "K") == before


def test_match_to_the_expected_unit(service: InMemoryReceiving) -> None:
    """A scan in the wrong case, matched to the expected unit, receives that unit (S16, S17)."""
    received, _ = resolve_discrepancy(service, "CASE_MISMATCH", "MATCH").events
    assert isinstance(received, ReceiptSerialsReceived)
    assert received.serials == ["B"]
    assert (unit_status(service, "B"), unit_status(service, "b"), line_counts(service, "R1")) == (
        "ON_HAND",
        "INACTIVE",
        (2, 2, 0, 0, 2),
    )


def test_match_to_another_product(service: InMemoryReceiving) -> None:
    """A serial scanned as a pump and expected as a screw is received as the screw."""
    received, _ = resolve_discrepancy(service, "WRONG_PRODUCT", "MATCH").events
    assert isinstance(received, ReceiptSerialsReceived)
    assert (received.sku, received.serials, received.line) == ("SCREW", ["T"], "2")


def test_match_to_an_unknown_unit_is_rejected(service: InMemoryReceiving) -> None:
    """A scan cannot be matched to an unknown unit, nor to one that another receipt expects."""
    assert error_codes(resolve_discrepancy(service, "UNEXPECTED", "MATCH")) == ["resolution_without_effect"]
    assert error_codes(resolve_discrepancy(service, "UNEXPECTED", "MATCH", match_to="E")) == [
        "serial_expected_on_other_receipt"
    ]


@pytest.mark.parametrize("resolution", ["RETURN_TO_VENDOR", "VOID"])
def test_resolutions_without_stock_movement(service: InMemoryReceiving, resolution: str) -> None:
    """Return to vendor and void close the discrepancy with its reason; no unit is received."""
    assert event_types(resolve_discrepancy(service, "UNEXPECTED", resolution)) == ["discrepancy.resolved.v1"]
    assert unit_status(service, "u") == "INACTIVE"
    assert steps.scan_statuses(scan_serials(service, "R1", "u", session="T")) == ["UNEXPECTED"]


def test_accepting_a_unit_received_meanwhile_is_rejected(service: InMemoryReceiving) -> None:
    """An unmatched unit that was received elsewhere in the meantime cannot be accepted (S18)."""
    announce_receipt(service, "B1", kind="BLIND")
    scan_serials(service, "B1", "u")
    confirm_session(service, "B1")
    assert error_codes(resolve_discrepancy(service, "UNEXPECTED", "ACCEPT")) == ["duplicate_serial"]


def test_unknown_discrepancy_is_rejected(service: InMemoryReceiving) -> None:
    """A discrepancy of another receipt is not found."""
    command = commands.ResolveDiscrepancy(receipt="R2", discrepancy="id-1", resolution="VOID", reason="seen")
    assert error_codes(service.handle_command(command)) == ["discrepancy_not_found"]
