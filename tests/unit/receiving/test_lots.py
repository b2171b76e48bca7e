"""Lots: scan results, sessions, and receipt of scanned quantities."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from services.receiving.receipts.domain import CommandOutcome, ReceivingUnitOfWork
from shared.contracts.commands import receiving as commands
from shared.contracts.receiving import DiscrepancyFound, ReceiptLotsReceived
from shared.contracts.upstream import ShelfLifePolicy
from tests.unit.receiving import steps
from tests.unit.receiving.steps import (
    ANNA,
    BEN,
    announce_receipt,
    apply_command,
    asn_line,
    confirm_session,
    error_codes,
    event_types,
    scan_lots,
    scan_statuses,
    scanned_lot,
)

SUE = "sue"


@pytest.fixture
def uow() -> ReceivingUnitOfWork:
    """R1 expects 100 of milk on two lines, 60 and 40, and 2.5 of salt. Today is 1 March 2026."""
    uow = steps.new_uow()
    salt = asn_line(number="3", sku="SALT", quantity=1) | {"quantity": "2.5"}
    announce_receipt(uow, "R1", asn_line(sku="MILK", quantity=60), asn_line(number="2", sku="MILK", quantity=40), salt)
    return uow


def scanned_and_received(uow: ReceivingUnitOfWork, number: str = "1", receipt: str = "R1") -> Any:
    """A line's scanned and received quantities."""
    receipt_line = uow.lines[receipt, number]
    return receipt_line.scanned, receipt_line.received


def received_lots(result: CommandOutcome) -> list[Any]:
    """Received lots by line."""
    messages = [message for message in result.events if isinstance(message, ReceiptLotsReceived)]
    return [
        (message.line, [(received_lot.lot, received_lot.quantity) for received_lot in message.lots])
        for message in messages
    ]


def test_each_lot_entry_is_evaluated_separately(uow: ReceivingUnitOfWork) -> None:
    """An invalid entry is rejected alone, with its reason; the rest is accepted (S16, S23, S24)."""
    result = scan_lots(
        uow, "R1", scanned_lot("A"), scanned_lot(""), scanned_lot("B", expiry=None), scanned_lot(" C"),
        scanned_lot("D", None), scanned_lot("E", expiry="2026-02-28"), scanned_lot("F", expiry="2026-03-05"),
        scanned_lot("G", expiry="2026-03-06"), scanned_lot("A"), scanned_lot("a"),
    )  # fmt: skip
    assert scan_statuses(result) == [
        "ACCEPTED", "LOT_REQUIRED", "EXPIRY_REQUIRED", "INVALID", "QUANTITY_REQUIRED", "EXPIRED",
        "INSUFFICIENT_SHELF_LIFE", "ACCEPTED", "DUPLICATE_IN_REQUEST", "ACCEPTED",
    ]  # fmt: skip
    assert set(error_codes(result)) == {
        "lot_required", "expiry_required", "invalid_lot", "quantity_required", "expired",
        "insufficient_shelf_life_at_receipt", "duplicate_lot_in_request",
    }  # fmt: skip
    assert scanned_and_received(uow) == (30, 0)


@pytest.mark.parametrize("number", ["0012", "AbC", "a/b-c", "LOT 7 b", "1.2E+13", "x" * 64])
def test_lot_numbers_are_stored_verbatim(uow: ReceivingUnitOfWork, number: str) -> None:
    """Zeros, case, slashes and inner spaces of a lot number stay as scanned (S25)."""
    scan_lots(uow, "R1", scanned_lot(number))
    assert received_lots(confirm_session(uow, "R1")) == [("1", [(number, 10)])]


@pytest.mark.parametrize("number", ["x" * 65, "a\tb", "a\0b", "ä", "a ", "\n"])
def test_invalid_lot_number_is_rejected(uow: ReceivingUnitOfWork, number: str) -> None:
    """An invalid lot number is rejected, and the receipt stays PLANNED."""
    assert error_codes(scan_lots(uow, "R1", scanned_lot(number))) == ["invalid_lot"]
    assert uow.receipts["R1"].status == "PLANNED"


@pytest.mark.parametrize(
    "entry",
    [
        scanned_lot("A", 0), scanned_lot("A", -1), scanned_lot("A", 10**15), scanned_lot("A", "0.0000001"),
        scanned_lot("A", 1_000_001), scanned_lot("A", "NaN"), scanned_lot("A", expiry="1900-01-01"),
        scanned_lot("A", expiry="2027-02-31"), scanned_lot("A", expiry="27-02-28"),
        scanned_lot("A", expiry="2027-01-01", manufactured_on="2027-01-02"),
        scanned_lot("A", expiry="2027-02-28", manufactured_on="2027-01-02", best_before="2027-01-01"),
    ],
)  # fmt: skip
def test_invalid_quantities_and_dates_are_malformed(entry: dict[str, Any]) -> None:
    """Quantities are positive, with at most six decimals and up to a million; dates are valid and in order."""
    with pytest.raises(ValidationError):
        scan_lots(steps.new_uow(), "R1", entry)


def test_message_with_501_lots_is_rejected() -> None:
    """A message lists at most 500 lots."""
    assert scan_lots(steps.new_uow(), "R9", *(scanned_lot(f"{number}") for number in range(500))).violations
    with pytest.raises(ValidationError):
        scan_lots(steps.new_uow(), "R9", *(scanned_lot(f"{number}") for number in range(501)))


def test_lots_fill_lines_in_order(uow: ReceivingUnitOfWork) -> None:
    """Lots fill the lines in order; the excess is OVER and left to a supervisor (S16, S23)."""
    result = scan_lots(uow, "R1", scanned_lot("A", 50), scanned_lot("B", 30), scanned_lot("C", 30))
    assert scan_statuses(result) == ["ACCEPTED", "ACCEPTED", "OVER"]
    assert [(scan.quantity, scan.unmatched) for scan in result.body.lots] == [(50, 0), (30, 0), (20, 10)]  # type: ignore[union-attr]
    confirmation = confirm_session(uow, "R1")
    assert received_lots(confirmation) == [("1", [("A", 50), ("B", 10)]), ("2", [("B", 20), ("C", 20)])]
    discrepancy_event = confirmation.events[-1]
    assert isinstance(discrepancy_event, DiscrepancyFound)
    assert (str(discrepancy_event.kind), discrepancy_event.lot, int(discrepancy_event.quantity)) == ("OVER", "C", 10)


def resolve_discrepancy(uow: ReceivingUnitOfWork, resolution: str) -> CommandOutcome:
    """Resolve the only discrepancy."""
    (discrepancy,) = uow.discrepancies.values()
    fields = {"receipt": "R1", "discrepancy": discrepancy.discrepancy, "resolution": resolution, "reason": "seen"}
    return apply_command(uow, commands.ResolveDiscrepancy.model_validate(fields), SUE)


def test_excess_is_received_once_accepted(uow: ReceivingUnitOfWork) -> None:
    """An accepted excess is received with its lot and dates, and cannot be matched to a unit (S16)."""
    scan_lots(uow, "R1", scanned_lot("A", 110))
    confirm_session(uow, "R1")
    assert error_codes(resolve_discrepancy(uow, "MATCH")) == ["resolution_not_allowed"]
    result = resolve_discrepancy(uow, "ACCEPT")
    assert received_lots(result) == [("1", [("A", 10)])]
    assert event_types(result) == ["receipt.lots_received.v1", "discrepancy.resolved.v1"]
    assert scanned_and_received(uow) == (0, 70)
    assert error_codes(resolve_discrepancy(uow, "VOID")) == ["discrepancy_resolved"]


@pytest.mark.parametrize("resolution", ["RETURN_TO_VENDOR", "VOID"])
def test_excess_is_not_received_unless_accepted(uow: ReceivingUnitOfWork, resolution: str) -> None:
    """After return to vendor or void, no more of the lot is received."""
    scan_lots(uow, "R1", scanned_lot("A", 110))
    confirm_session(uow, "R1")
    assert event_types(resolve_discrepancy(uow, resolution)) == ["discrepancy.resolved.v1"]
    assert (scanned_and_received(uow), scanned_and_received(uow, "2")) == ((0, 60), (0, 40))


def test_unannounced_product_is_unmatched(uow: ReceivingUnitOfWork) -> None:
    """A lot of a product that is not expected is unmatched; once accepted, it gets an unplanned line (S16)."""
    announce_receipt(uow, "R2", asn_line(sku="SALT", quantity=1))
    assert scan_statuses(scan_lots(uow, "R2", scanned_lot("A", 3))) == ["UNEXPECTED"]
    confirm_session(uow, "R2")
    (discrepancy,) = uow.discrepancies.values()
    command = commands.ResolveDiscrepancy(
        receipt="R2", discrepancy=discrepancy.discrepancy, resolution="ACCEPT", reason="ordered by phone"
    )
    assert received_lots(apply_command(uow, command, SUE)) == [("+1", [("A", 3)])]


def test_one_lot_number_of_two_products(uow: ReceivingUnitOfWork) -> None:
    """The same lot number of two products is two lots, and undone by product."""
    uow.trackings = {**uow.trackings, "BUTTER": "LOT"}
    announce_receipt(uow, "R1", asn_line(number="4", sku="BUTTER", quantity=5))
    scan_lots(uow, "R1", scanned_lot("A", 5))
    assert scan_statuses(scan_lots(uow, "R1", scanned_lot("A", 5, "2027-01-01"), sku="BUTTER")) == ["ACCEPTED"]
    undo_result = apply_command(uow, commands.UndoScan(receipt="R1", session="S", sku="SALT", lots=["A"]))
    assert error_codes(undo_result) == ["lot_not_scanned"]
    apply_command(uow, commands.UndoScan(receipt="R1", session="S", sku="MILK", lots=["A"]))
    assert received_lots(confirm_session(uow, "R1")) == [("4", [("A", 5)])]


def test_lot_dates_must_match_on_a_receipt(uow: ReceivingUnitOfWork) -> None:
    """A lot has one set of dates per receipt: other dates are rejected, missing ones are completed."""
    scan_lots(uow, "R1", scanned_lot("A", 5, manufactured_on="2026-01-01"))
    other = scan_lots(uow, "R1", scanned_lot("A", 5, "2026-12-30"), session="T", actor=BEN)
    assert error_codes(other) == ["lot_dates_mismatch"]
    assert scan_statuses(scan_lots(uow, "R1", scanned_lot("A", 5, None))) == ["ACCEPTED"]
    confirm_session(uow, "R1")
    assert error_codes(scan_lots(uow, "R1", scanned_lot("A", 5, "2026-12-30"), session="T", actor=BEN)) == [
        "lot_dates_mismatch"
    ]
    (scan,) = uow.lot_scans.values()
    assert (int(scan.quantity), str(scan.manufactured_on), str(scan.expiry)) == (10, "2026-01-01", "2026-12-31")


def test_contradictory_dates_of_two_scans_are_rejected(uow: ReceivingUnitOfWork) -> None:
    """Dates that contradict those of an earlier scan are rejected, as within one scan."""
    scan_lots(uow, "R1", scanned_lot("A", 5))
    assert error_codes(scan_lots(uow, "R1", scanned_lot("A", 5, None, manufactured_on="2027-01-01"))) == [
        "lot_dates_mismatch"
    ]


def test_untracked_product_has_no_lot(uow: ReceivingUnitOfWork) -> None:
    """An untracked product is scanned without lot and dates, in exact decimals; otherwise rejected (S01)."""
    assert error_codes(scan_lots(uow, "R1", scanned_lot("A"), sku="SALT")) == ["not_lot_tracked"]
    assert error_codes(scan_lots(uow, "R1", scanned_lot("", 1), sku="SALT")) == ["not_lot_tracked"]
    for _ in range(3):
        scan_lots(uow, "R1", scanned_lot("", "0.1", None), sku="SALT")
    result = confirm_session(uow, "R1")
    assert received_lots(result) == [("3", [("", Decimal("0.3"))])]
    assert [message.tracking for message in result.events if isinstance(message, ReceiptLotsReceived)] == ["NONE"]


def test_scan_must_match_the_tracking(uow: ReceivingUnitOfWork) -> None:
    """Serial-tracked products are received by serial, others by quantity; neither can be skipped (S02, S15)."""
    announce_receipt(uow, "R1", asn_line(number="4", quantity=2))
    assert error_codes(scan_lots(uow, "R1", scanned_lot("A"), sku="PUMP")) == ["serials_required"]
    assert error_codes(steps.scan_serials(uow, "R1", "A", sku="MILK")) == ["not_serial_tracked"]
    assert error_codes(confirm_session(uow, "R1")) == ["session_not_found"]


def test_barcode_implies_a_quantity(uow: ReceivingUnitOfWork) -> None:
    """Without a quantity, a barcode scan counts its own quantity; an explicit quantity wins (S23)."""
    result = scan_lots(uow, "R1", scanned_lot("A", None), scanned_lot("B", 3), sku=None, barcode="4007")
    assert [scan_result.quantity for scan_result in result.body.lots] == [12, 3]  # type: ignore[union-attr]


def test_short_shelf_life_may_be_held(uow: ReceivingUnitOfWork) -> None:
    """With policy HOLD, lots with a short shelf life are received on hold, one hold per lot."""
    uow.shelf_life_policies = {
        "MILK": ShelfLifePolicy(
            expiry_required=True, min_remaining_shelf_life_at_receipt=5, short_shelf_life_policy="HOLD"
        )
    }
    result = scan_lots(
        uow, "R1", scanned_lot("A", 70, "2026-03-02"), scanned_lot("B", 5, "2026-02-01"), scanned_lot("C", 5)
    )
    assert [(scan_result.status, scan_result.on_hold) for scan_result in result.body.lots] == [  # type: ignore[union-attr]
        ("ACCEPTED", True), ("ACCEPTED", True), ("ACCEPTED", False),
    ]  # fmt: skip
    lots = [
        received_lot
        for event in confirm_session(uow, "R1").events
        if isinstance(event, ReceiptLotsReceived)
        for received_lot in event.lots
    ]
    holds = {
        received_lot.lot: {same_lot.hold_id for same_lot in lots if same_lot.lot == received_lot.lot}
        for received_lot in lots
    }
    assert (len(holds["A"]), len(holds["B"]), holds["C"]) == (1, 1, {None})
    assert None not in holds["A"] | holds["B"]
    assert holds["A"] != holds["B"]


def test_shelf_life_is_checked_again_on_confirmation(uow: ReceivingUnitOfWork) -> None:
    """A lot whose shelf life has become too short between scan and confirmation is received on hold."""
    scan_lots(uow, "R1", scanned_lot("A", 5, "2026-03-06"))
    uow.now += timedelta(days=1)
    (message,) = confirm_session(uow, "R1").events
    assert isinstance(message, ReceiptLotsReceived)
    assert message.lots[0].hold_id is not None


@pytest.mark.parametrize(("zone", "status"), [("Pacific/Kiritimati", "EXPIRED"), ("UTC", "ACCEPTED")])
def test_expiry_uses_the_warehouse_time_zone(zone: str, status: str) -> None:
    """A lot is valid through its expiry date, in the time zone of the warehouse."""
    uow = steps.new_uow()
    uow.shelf_life_policies, uow.time_zones = {}, {"EAST": zone}
    uow.now = uow.now.replace(hour=12)
    announce_receipt(uow, "B", kind="BLIND")
    result = scan_lots(uow, "B", scanned_lot("A", 5, "2026-03-01"))
    assert (scan_statuses(result) if result.body else ["EXPIRED" for _ in error_codes(result)]) == [status]


def test_undo_and_discard(uow: ReceivingUnitOfWork) -> None:
    """Undo removes a lot completely, with its unmatched part; a discarded session leaves nothing."""
    scan_lots(uow, "R1", scanned_lot("A", 90), scanned_lot("B", 5))
    scan_lots(uow, "R1", scanned_lot("C", 5), session="T", actor=BEN)
    assert scan_statuses(scan_lots(uow, "R1", scanned_lot("A", 20))) == ["OVER"]
    undo_result = apply_command(uow, commands.UndoScan(receipt="R1", session="S", sku="MILK", lots=["A", "C", "x"]))
    assert error_codes(undo_result) == ["lot_not_scanned"]
    assert undo_result.violations[0].ids == ["C", "x"]
    assert {scan.lot for scan in uow.lot_scans.values()} == {"B", "C"}
    apply_command(uow, commands.DiscardSession(receipt="R1", session="S"))
    apply_command(uow, commands.TakeOverSession(receipt="R1", session="T"), ANNA)
    assert received_lots(confirm_session(uow, "R1", "T")) == [("2", [("C", 5)])]
    assert (scanned_and_received(uow), scanned_and_received(uow, "2")) == ((0, 0), (0, 5))


def test_session_count_mismatch_is_rejected(uow: ReceivingUnitOfWork) -> None:
    """A confirmation with another quantity than scanned, unmatched part included, is rejected (S16)."""
    scan_lots(uow, "R1", scanned_lot("A", 110))
    confirmations = {
        quantity: commands.ConfirmSession(receipt="R1", session="S", quantity=Decimal(quantity))
        for quantity in (100, 110)
    }
    assert error_codes(apply_command(uow, confirmations[100])) == ["session_count_mismatch"]
    assert event_types(apply_command(uow, confirmations[110])) == [
        "receipt.lots_received.v1",
        "receipt.lots_received.v1",
        "discrepancy.found.v1",
    ]


def test_blind_receipt_and_opening_stock(uow: ReceivingUnitOfWork) -> None:
    """A blind receipt accepts any quantity on an unplanned line; opening stock may be in storage."""
    announce_receipt(uow, "B1", kind="BLIND")
    assert scan_statuses(scan_lots(uow, "B1", scanned_lot("A", 700_000))) == ["ACCEPTED"]
    assert error_codes(scan_lots(uow, "B1", scanned_lot("A", 700_000))) == ["too_many_units"]
    assert received_lots(confirm_session(uow, "B1")) == [("+1", [("A", 700_000)])]
    announce_receipt(uow, "O1", kind="OPENING")
    assert scan_statuses(scan_lots(uow, "O1", scanned_lot("A", 5), location="EAST/A-1")) == ["ACCEPTED"]
    assert error_codes(scan_lots(uow, "R1", scanned_lot("A", 5), location="EAST/A-1")) == ["wrong_location_type"]


def test_many_lots_are_split_into_messages(uow: ReceivingUnitOfWork) -> None:
    """An event lists at most 500 lots."""
    announce_receipt(uow, "B1", kind="BLIND")
    for part in range(3):
        scan_lots(uow, "B1", *(scanned_lot(f"{part}-{number}", 1) for number in range(400)))
    messages = [message for message in confirm_session(uow, "B1").events if isinstance(message, ReceiptLotsReceived)]
    assert [len(message.lots) for message in messages] == [500, 500, 200]
