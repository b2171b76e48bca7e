"""Scans of serials: results, sessions, undo and discard."""

import pytest

from shared.contracts.commands import receiving as commands
from shared.contracts.product_attributes import ShelfLifePolicy
from shared.contracts.receiving import DiscrepancyFound, ReceiptSerialsReceived
from shared.contracts.serials import SerialAdjusted
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
    scan_statuses,
    unit_status,
)


@pytest.fixture
def service() -> InMemoryReceiving:
    """R1 expects A, B, two unlisted pumps and T as a screw; R2 expects E; K is on hand."""
    service = InMemoryReceiving()
    announce_receipt(service, "R0", asn_line(["K"]))
    scan_serials(service, "R0", "K")
    confirm_session(service, "R0")
    announce_receipt(service, "R1", asn_line(["A", "B"], 4), asn_line(["T"], number="2", sku="SCREW"))
    announce_receipt(service, "R2", asn_line(["E"]))
    return service


def test_each_scan_is_evaluated_separately(service: InMemoryReceiving) -> None:
    """Each scan has its own result; none affects the others (S14, S16)."""
    result = scan_serials(service, "R1", "A", "x1", "A", "K", "b", "E", "T", "", "x2", "x3", " x4")
    assert scan_statuses(result) == [
        "ACCEPTED", "ACCEPTED", "DUPLICATE_IN_RECEIPT", "DUPLICATE_SERIAL", "CASE_MISMATCH",
        "EXPECTED_ON_OTHER_RECEIPT", "WRONG_PRODUCT", "INVALID", "ACCEPTED", "UNEXPECTED", "INVALID",
    ]  # fmt: skip
    assert error_codes(result) == ["invalid_serial", "duplicate_serial_in_request"]
    assert line_counts(service, "R1") == (4, 2, 2, 3, 0)
    assert unit_status(service, "K") == "ON_HAND"
    assert service.uow.get_unit("PUMP", "E").receipt == "R2"


def test_excess_scan_is_over(service: InMemoryReceiving) -> None:
    """A scan beyond the expected quantity is OVER (S16)."""
    assert scan_statuses(scan_serials(service, "R2", "E", "F")) == ["ACCEPTED", "OVER"]


@pytest.mark.parametrize("serial", ["", "x" * 65, "a\fb", "a\0b", "ä", "a ", " a", "a\n"])
def test_invalid_serial_is_rejected(service: InMemoryReceiving, serial: str) -> None:
    """Empty, overlong, control-character, non-ASCII and padded serials are rejected."""
    result = scan_serials(service, "R1", serial)
    assert error_codes(result) == ["invalid_serial"]
    assert result.body is None
    assert service.uow.receipts["R1"].status == "PLANNED"


def test_repeated_scan_is_a_duplicate_in_any_session(service: InMemoryReceiving) -> None:
    """A unit scanned, received or unmatched on a receipt is a duplicate there in any session (S14)."""
    scan_serials(service, "R1", "A", "K")
    assert error_codes(scan_serials(service, "R1", "A", "K", session="T", actor=steps.BEN)) == [
        "duplicate_serial_in_request"
    ]
    confirm_session(service, "R1")
    assert error_codes(scan_serials(service, "R1", "A", "K", session="T")) == ["duplicate_serial_in_request"]
    assert scan_statuses(scan_serials(service, "R2", "A")) == ["DUPLICATE_SERIAL"]


def test_serial_in_another_open_session_is_known(service: InMemoryReceiving) -> None:
    """A unit in an open session is registered for all receipts: only one can receive it (S18)."""
    scan_serials(service, "R1", "x1")
    assert scan_statuses(scan_serials(service, "R2", "x1")) == ["DUPLICATE_SERIAL"]


def test_confirmation_publishes_units_and_discrepancies(service: InMemoryReceiving) -> None:
    """Confirmation publishes received units by line and location, and discrepancies (S06)."""
    scan_serials(service, "R1", "A", "x1", "K")
    scan_serials(service, "R1", "T", sku="SCREW")
    result = confirm_session(service, "R1")
    received = [message for message in result.events if isinstance(message, ReceiptSerialsReceived)]
    assert [(message.line, message.sku, message.serials, message.location) for message in received] == [
        ("1", "PUMP", ["A", "x1"], "EAST/DOCK"),
        ("2", "SCREW", ["T"], "EAST/DOCK"),
    ]
    discrepancy_event = result.events[-1]
    assert isinstance(discrepancy_event, DiscrepancyFound)
    assert (discrepancy_event.kind, discrepancy_event.serials) == ("DUPLICATE_SERIAL", ["K"])
    assert line_counts(service, "R1") == (4, 2, 1, 0, 2)
    assert error_codes(confirm_session(service, "R1")) == ["session_closed"]
    assert error_codes(scan_serials(service, "R1", "B")) == ["session_closed"]
    undo = commands.UndoScan(receipt="R1", session="S", sku="PUMP", serials=["A"])
    assert error_codes(service.handle_command(undo)) == ["session_closed"]


def test_session_count_mismatch_is_rejected(service: InMemoryReceiving) -> None:
    """A confirmation with another count than scanned is rejected, so that no scan is missed (S16)."""
    scan_serials(service, "R1", "A", "K")
    confirmations = {count: commands.ConfirmSession(receipt="R1", session="S", units=count) for count in (1, 2)}
    assert error_codes(service.handle_command(confirmations[1])) == ["session_count_mismatch"]
    assert unit_status(service, "A") == "SCANNED"
    assert event_types(service.handle_command(confirmations[2])) == [
        "receipt.serials_received.v1",
        "discrepancy.found.v1",
    ]


def test_long_session_is_split_into_messages() -> None:
    """An event lists at most 500 units."""
    service = InMemoryReceiving()
    announce_receipt(service, "R1", kind="BLIND")
    for part in range(3):
        scan_serials(service, "R1", *(f"n{part}-{number}" for number in range(400)))
    assert [
        len(message.serials)
        for message in confirm_session(service, "R1").events
        if isinstance(message, ReceiptSerialsReceived)
    ] == [500, 500, 200]


def test_undo_and_discard_restore_units(service: InMemoryReceiving) -> None:
    """After undo, an expected unit is expected again, and a new one can be scanned anywhere."""
    scan_serials(service, "R1", "A", "x1", "K")
    undo_result = service.handle_command(
        commands.UndoScan(receipt="R1", session="S", sku="PUMP", serials=["A", "K", "nope"])
    )
    assert error_codes(undo_result) == ["serial_not_scanned"]
    assert (unit_status(service, "A"), line_counts(service, "R1")) == ("EXPECTED", (4, 2, 1, 1, 0))
    service.handle_command(commands.DiscardSession(receipt="R1", session="S"))
    assert (unit_status(service, "x1"), line_counts(service, "R1")) == ("INACTIVE", (4, 2, 0, 0, 0))
    assert not service.uow.unmatched_scans
    assert service.uow.receipts["R1"].status == "PLANNED"
    assert scan_statuses(scan_serials(service, "R1", "X1", session="U")) == ["ACCEPTED"]


def test_session_has_one_owner(service: InMemoryReceiving) -> None:
    """Scans, confirmation and discard by another user are rejected until the session is taken over."""
    scan_serials(service, "R1", "A")
    assert error_codes(scan_serials(service, "R1", "B", actor=steps.BEN)) == ["session_owned_by_other"]
    assert error_codes(confirm_session(service, "R1", actor=steps.BEN)) == ["session_owned_by_other"]
    assert not error_codes(service.handle_command(commands.TakeOverSession(receipt="R1", session="S"), steps.BEN))
    assert event_types(confirm_session(service, "R1", actor=steps.BEN)) == ["receipt.serials_received.v1"]
    assert error_codes(service.handle_command(commands.TakeOverSession(receipt="R1", session="S"))) == [
        "session_closed"
    ]
    assert error_codes(service.handle_command(commands.DiscardSession(receipt="R1", session="T"))) == [
        "session_not_found"
    ]


def test_invalid_scans_are_rejected(service: InMemoryReceiving) -> None:
    """Unknown receipts, products and locations, wrong warehouses, location types and tracking are rejected (S06)."""
    assert error_codes(scan_serials(service, "R9", "A")) == ["receipt_not_found"]
    assert error_codes(scan_serials(service, "R1", "A", sku="NOPE")) == ["product_not_found"]
    assert error_codes(scan_serials(service, "R1", "A", sku="SALT")) == ["not_serial_tracked"]
    assert error_codes(scan_serials(service, "R1", "A", location="EAST/NOPE")) == ["location_not_found"]
    assert error_codes(scan_serials(service, "R1", "A", location="WEST/DOCK")) == ["wrong_warehouse"]
    assert error_codes(scan_serials(service, "R1", "A", location="EAST/A-1")) == ["wrong_location_type"]
    assert not service.uow.sessions.get(("R1", "S"))


def test_barcode_identifies_the_product(service: InMemoryReceiving) -> None:
    """A barcode identifies the scanned product; an unknown barcode is rejected (S13)."""
    assert scan_statuses(scan_serials(service, "R1", "A", sku=None, barcode="4006")) == ["ACCEPTED"]  # type: ignore[arg-type]
    assert error_codes(scan_serials(service, "R1", "B", sku=None, barcode="9999")) == ["product_not_found"]  # type: ignore[arg-type]


def test_blind_receipt_and_opening_stock(service: InMemoryReceiving) -> None:
    """A blind receipt accepts any new unit on unplanned lines; opening stock may be in storage."""
    announce_receipt(service, "B1", kind="BLIND")
    assert scan_statuses(scan_serials(service, "B1", "n1", "n2", "K")) == ["ACCEPTED", "ACCEPTED", "DUPLICATE_SERIAL"]
    assert line_counts(service, "B1", "+1") == (0, 0, 2, 2, 0)
    announce_receipt(service, "O1", kind="OPENING")
    assert scan_statuses(scan_serials(service, "O1", "n3", location="EAST/A-1")) == ["ACCEPTED"]


def test_void_unit_reopens_its_line(service: InMemoryReceiving) -> None:
    """A voided unit makes room on its line, and its serial is never reused (S18)."""
    scan_serials(service, "R2", "E")
    confirm_session(service, "R2")
    service.handle(SerialAdjusted(sku="PUMP", serials=["E"], adjustment="VOID", reason="typed wrong"))
    assert (unit_status(service, "E"), line_counts(service, "R2")) == ("VOID", (1, 0, 0, 0, 0))
    assert scan_statuses(scan_serials(service, "R2", "E7", "E", session="T")) == ["ACCEPTED", "DUPLICATE_SERIAL"]


def test_units_keep_lot_and_expiry_of_their_label(service: InMemoryReceiving) -> None:
    """Units keep lot and expiry of their label, also unmatched ones; one event per lot and expiry."""
    scan_serials(service, "R1", "A", "x1", lot="L/1", expiry="2027-01-31")
    scan_serials(service, "R1", "B", lot="L/2", expiry="2027-01-31")
    scan_serials(service, "R1", "x2", "x3")
    received = [
        message for message in confirm_session(service, "R1").events if isinstance(message, ReceiptSerialsReceived)
    ]
    assert [(message.serials, message.lot, str(message.expiry)) for message in received] == [
        (["A", "x1"], "L/1", "2027-01-31"),
        (["B"], "L/2", "2027-01-31"),
        (["x2"], None, "None"),
    ]
    scan_serials(service, "R1", "u", session="T", lot="L/3", expiry="2027-02-28")
    confirm_session(service, "R1", "T")
    discrepancy = next(candidate for candidate in service.uow.discrepancies if candidate.serial == "u")
    command = commands.ResolveDiscrepancy(
        receipt="R1", discrepancy=discrepancy.discrepancy, resolution="ACCEPT", reason="one too many, kept"
    )
    received_event = service.handle_command(command).events[0]
    assert isinstance(received_event, ReceiptSerialsReceived)
    assert (received_event.serials, received_event.lot, str(received_event.expiry)) == (["u"], "L/3", "2027-02-28")


def test_shelf_life_rules_apply_to_serials(service: InMemoryReceiving) -> None:
    """Expiry, shelf life at receipt and lot number format apply to serials as to lots."""
    assert error_codes(scan_serials(service, "R1", "A", expiry="2026-02-28")) == ["expired"]
    assert error_codes(scan_serials(service, "R1", "A", lot=" L")) == ["invalid_lot"]
    policy = ShelfLifePolicy(expiry_required=True, min_remaining_shelf_life_at_receipt=30)
    service.define_product("PUMP", "SERIAL", policy)
    assert error_codes(scan_serials(service, "R1", "A")) == ["expiry_required"]
    assert error_codes(scan_serials(service, "R1", "A", expiry="2026-03-30")) == ["insufficient_shelf_life_at_receipt"]
    policy = ShelfLifePolicy(min_remaining_shelf_life_at_receipt=30, short_shelf_life_policy="HOLD")
    service.define_product("PUMP", "SERIAL", policy)
    scan_serials(service, "R1", "A", expiry="2026-03-30")
    scan_serials(service, "R1", "B", expiry="2026-03-31")
    held_event, free_event = (
        message for message in confirm_session(service, "R1").events if isinstance(message, ReceiptSerialsReceived)
    )
    assert (held_event.serials, held_event.hold_id is not None) == (["A"], True)
    assert (free_event.serials, free_event.hold_id) == (["B"], None)
