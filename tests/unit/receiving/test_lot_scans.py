"""Results of lot scans: lot numbers, quantities, dates and shelf life."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from services.receiving.locations.domain.records import Warehouse
from shared.contracts.product_attributes import DefinedBarcode, ShelfLifePolicy
from shared.contracts.receiving import ReceiptLotsReceived
from shared.contracts.upstream import ProductDefined
from tests.support.in_memory.receiving import InMemoryReceiving
from tests.unit.receiving import steps
from tests.unit.receiving.steps import (
    BEN,
    announce_receipt,
    asn_line,
    confirm_session,
    error_codes,
    received_lots,
    scan_lots,
    scan_statuses,
    scanned_and_received,
    scanned_lot,
)


@pytest.fixture
def service() -> InMemoryReceiving:
    """R1 expects 100 of milk on two lines, 60 and 40, and 2.5 of salt. Today is 1 March 2026."""
    return steps.service_with_announced_lots()


def test_each_lot_entry_is_evaluated_separately(service: InMemoryReceiving) -> None:
    """An invalid entry is rejected alone, with its reason; the rest is accepted (S16, S23, S24)."""
    result = scan_lots(
        service, "R1", scanned_lot("A"), scanned_lot(""), scanned_lot("B", expiry=None), scanned_lot(" C"),
        scanned_lot("D", None), scanned_lot("E", expiry="2026-02-28"), scanned_lot("F", expiry="2026-03-05"),
        scanned_lot("G", expiry="2026-03-06"), scanned_lot("A"), scanned_lot("a"),
    )  # fmt: skip
    assert scan_statuses(result) == [
        "ACCEPTED", "LOT_REQUIRED", "EXPIRY_REQUIRED", "INVALID", "QUANTITY_REQUIRED", "EXPIRED",
        "INSUFFICIENT_SHELF_LIFE", "ACCEPTED", "DUPLICATE_IN_REQUEST", "DUPLICATE_IN_REQUEST",
    ]  # fmt: skip
    assert set(error_codes(result)) == {
        "lot_required", "expiry_required", "invalid_lot", "quantity_required", "expired",
        "insufficient_shelf_life_at_receipt", "duplicate_lot_in_request",
    }  # fmt: skip
    assert scanned_and_received(service) == (20, 0)


@pytest.mark.parametrize("number", ["0012", "AbC", "a/b-c", "LOT 7 b", "1.2E+13", "x" * 64])
def test_lot_numbers_are_stored_verbatim(service: InMemoryReceiving, number: str) -> None:
    """Zeros, case, slashes and inner spaces of a lot number stay as scanned (S25)."""
    scan_lots(service, "R1", scanned_lot(number))
    assert received_lots(confirm_session(service, "R1")) == [("1", [(number, 10)])]


@pytest.mark.parametrize("number", ["x" * 65, "a\tb", "a\0b", "ä", "a ", "\n"])
def test_invalid_lot_number_is_rejected(service: InMemoryReceiving, number: str) -> None:
    """An invalid lot number is rejected, and the receipt stays PLANNED."""
    assert error_codes(scan_lots(service, "R1", scanned_lot(number))) == ["invalid_lot"]
    assert service.uow.receipts["R1"].status == "PLANNED"


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
        scan_lots(InMemoryReceiving(), "R1", entry)


def test_message_with_501_lots_is_rejected() -> None:
    """A message lists at most 500 lots."""
    assert scan_lots(InMemoryReceiving(), "R9", *(scanned_lot(f"{number}") for number in range(500))).violations
    with pytest.raises(ValidationError):
        scan_lots(InMemoryReceiving(), "R9", *(scanned_lot(f"{number}") for number in range(501)))


def test_lot_dates_must_match_on_a_receipt(service: InMemoryReceiving) -> None:
    """A lot has one set of dates per receipt: other dates are rejected, missing ones are completed."""
    scan_lots(service, "R1", scanned_lot("A", 5, manufactured_on="2026-01-01"))
    other = scan_lots(service, "R1", scanned_lot("A", 5, "2026-12-30"), session="T", actor=BEN)
    assert error_codes(other) == ["lot_dates_mismatch"]
    assert scan_statuses(scan_lots(service, "R1", scanned_lot("A", 5, None))) == ["ACCEPTED"]
    confirm_session(service, "R1")
    assert error_codes(scan_lots(service, "R1", scanned_lot("A", 5, "2026-12-30"), session="T", actor=BEN)) == [
        "lot_dates_mismatch"
    ]
    (scan,) = service.uow.lot_scans
    assert (int(scan.quantity), str(scan.manufactured_on), str(scan.expiry)) == (10, "2026-01-01", "2026-12-31")


def test_contradictory_dates_of_two_scans_are_rejected(service: InMemoryReceiving) -> None:
    """Dates that contradict those of an earlier scan are rejected, as within one scan."""
    service.define_product("MILK", "LOT", ShelfLifePolicy(short_shelf_life_policy="HOLD"))
    scan_lots(service, "R1", scanned_lot("A", 5, "2026-02-28"))
    assert error_codes(scan_lots(service, "R1", scanned_lot("A", 5, None, manufactured_on="2026-03-01"))) == [
        "lot_dates_mismatch"
    ]


def test_untracked_product_has_no_lot(service: InMemoryReceiving) -> None:
    """An untracked product is scanned without lot and dates, in exact decimals; otherwise rejected (S01)."""
    assert error_codes(scan_lots(service, "R1", scanned_lot("A"), sku="SALT")) == ["not_lot_tracked"]
    assert error_codes(scan_lots(service, "R1", scanned_lot("", 1), sku="SALT")) == ["not_lot_tracked"]
    for _ in range(3):
        scan_lots(service, "R1", scanned_lot("", "0.1", None), sku="SALT")
    result = confirm_session(service, "R1")
    assert received_lots(result) == [("3", [("", Decimal("0.3"))])]
    assert [message.tracking for message in result.events if isinstance(message, ReceiptLotsReceived)] == ["NONE"]


def test_scan_must_match_the_tracking(service: InMemoryReceiving) -> None:
    """Serial-tracked products are received by serial, others by quantity; neither can be skipped (S02, S15)."""
    announce_receipt(service, "R1", asn_line(number="4", quantity=2))
    assert error_codes(scan_lots(service, "R1", scanned_lot("A"), sku="PUMP")) == ["serials_required"]
    assert error_codes(steps.scan_serials(service, "R1", "A", sku="MILK")) == ["not_serial_tracked"]
    assert error_codes(confirm_session(service, "R1")) == ["session_not_found"]


def test_changed_case_quantity_leaves_earlier_scans_alone(service: InMemoryReceiving) -> None:
    """A case barcode that counts 6 instead of 12 applies to later scans of the same session only (S23)."""
    scan_lots(service, "R1", scanned_lot("A", None), sku=None, barcode="4007")
    changed = ProductDefined(sku="MILK", barcodes=[DefinedBarcode(code="4007", quantity=6)])
    assert error_codes(*service.handle(changed)) == []
    scan_lots(service, "R1", scanned_lot("B", None), sku=None, barcode="4007")
    assert {scan.lot: int(scan.quantity) for scan in service.uow.lot_scans} == {"A": 12, "B": 6}


def test_barcode_implies_a_quantity(service: InMemoryReceiving) -> None:
    """Without a quantity, a barcode scan counts its own quantity; an explicit quantity wins (S23)."""
    result = scan_lots(service, "R1", scanned_lot("A", None), scanned_lot("B", 3), sku=None, barcode="4007")
    assert [scan_result.quantity for scan_result in result.body.lots] == [12, 3]  # type: ignore[union-attr]


def test_short_shelf_life_may_be_held(service: InMemoryReceiving) -> None:
    """With policy HOLD, lots with a short shelf life are received on hold, one hold per lot."""
    policy = ShelfLifePolicy(
        expiry_required=True, min_remaining_shelf_life_at_receipt=5, short_shelf_life_policy="HOLD"
    )
    service.define_product("MILK", "LOT", policy)
    result = scan_lots(
        service, "R1", scanned_lot("A", 70, "2026-03-02"), scanned_lot("B", 5, "2026-02-01"), scanned_lot("C", 5)
    )
    assert [(scan_result.status, scan_result.on_hold) for scan_result in result.body.lots] == [  # type: ignore[union-attr]
        ("ACCEPTED", True), ("ACCEPTED", True), ("ACCEPTED", False),
    ]  # fmt: skip
    lots = [
        received_lot
        for event in confirm_session(service, "R1").events
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


def test_shelf_life_is_checked_again_on_confirmation(service: InMemoryReceiving) -> None:
    """A lot whose shelf life has become too short between scan and confirmation is received on hold."""
    scan_lots(service, "R1", scanned_lot("A", 5, "2026-03-06"))
    service.now += timedelta(days=1)
    (message,) = confirm_session(service, "R1").events
    assert isinstance(message, ReceiptLotsReceived)
    assert message.lots[0].hold_id is not None


@pytest.mark.parametrize(("zone", "status"), [("Pacific/Kiritimati", "EXPIRED"), ("UTC", "ACCEPTED")])
def test_expiry_uses_the_warehouse_time_zone(zone: str, status: str) -> None:
    """A lot is valid through its expiry date, in the time zone of the warehouse."""
    service = InMemoryReceiving()
    service.define_product("MILK", "LOT")
    service.uow.warehouses.put(Warehouse("EAST", 2, "East", zone))
    service.now = service.now.replace(hour=12)
    announce_receipt(service, "B", kind="BLIND")
    result = scan_lots(service, "B", scanned_lot("A", 5, "2026-03-01"))
    assert (scan_statuses(result) if result.body else ["EXPIRED" for _ in error_codes(result)]) == [status]
