"""Raw scans on a receipt: product, number, lot, dates and quantity of one scan, each with its own result."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from services.receiving.products.domain.records import ProductBarcode
from shared.contracts.commands.receiving import ResolveDiscrepancy, ScanItems, UndoScan
from shared.contracts.receiving import ReceiptLotsReceived, ReceiptSerialsReceived
from shared.unit_of_work import CommandResult
from tests.support.in_memory.receiving import InMemoryReceiving
from tests.unit.receiving.steps import (
    announce_receipt,
    asn_line,
    confirm_session,
    error_codes,
    received_lots,
    scan_serials,
)

PUMP_GTIN, MILK_CASE, SCREW_GTIN = "09521234543213", "19521234543210", "00012345678905"


@pytest.fixture
def service() -> InMemoryReceiving:
    """A service whose receipt R1 expects the pumps 7 and 8, 2 further pumps and 60 of milk."""
    service = InMemoryReceiving()
    service.uow.barcodes.load(
        [
            ProductBarcode("9521234543213", "PUMP", 1), ProductBarcode(MILK_CASE, "MILK", 12),
            ProductBarcode("012345678905", "SCREW", 1),
        ]
    )  # fmt: skip
    announce_receipt(service, "R1", asn_line(["7", "8"], 4), asn_line(number="2", sku="MILK", quantity=60))
    return service


def scan(service: InMemoryReceiving, *scans: str, **fields: Any) -> CommandResult:
    """Send raw scans at the dock."""
    data = {"receipt": "R1", "session": "S", "location": "EAST/DOCK", "scans": list(scans)}
    return service.handle_command(ScanItems.model_validate(data | fields))


def outcomes(result: CommandResult) -> list[tuple[str, str, str]]:
    """Product, status and raw scan of each result."""
    assert result.body is not None, result.violations
    body: Any = result.body
    return [(item.sku, item.status, item.scan) for item in (*body.scan_results, *body.lots)]


def test_one_command_takes_several_products_and_lots(service: InMemoryReceiving) -> None:
    """S13, S14, S23: each scan of several products has its own result; the others are named as problems."""
    pump, milk, other_lot = (
        f"(01){PUMP_GTIN}(21)9",
        f"(01){MILK_CASE}(10)L1(17)261231",
        f"(01){MILK_CASE}(10)L2(17)261231",
    )
    result = scan(service, pump, milk, "8", other_lot, milk, "nothing", MILK_CASE)
    assert outcomes(result) == [
        ("PUMP", "ACCEPTED", pump), ("PUMP", "ACCEPTED", "8"),
        ("MILK", "ACCEPTED", milk), ("MILK", "ACCEPTED", other_lot), ("MILK", "ACCEPTED", milk),
        ("MILK", "LOT_REQUIRED", MILK_CASE),
    ]  # fmt: skip
    assert error_codes(result) == ["unknown_scan", "lot_required"]
    assert result.violations[0].ids == ["nothing"]
    confirmed = confirm_session(service, "R1")
    assert received_lots(confirmed) == [("2", [("L1", Decimal(24)), ("L2", Decimal(12))])]
    unit = service.uow.get_unit("PUMP", "9")
    assert (unit.status, unit.lot, unit.expiry) == ("ON_HAND", None, None)


def test_a_label_fills_lot_and_expiry_of_a_unit(service: InMemoryReceiving) -> None:
    """S13, S23: lot and expiry of a unit come from its label."""
    scan(service, f"]d201{PUMP_GTIN}1727033110L1\x1d217")
    unit = service.uow.get_unit("PUMP", "7")
    assert (unit.status, unit.lot, unit.expiry) == ("SCANNED", "L1", date(2027, 3, 31))


def test_a_label_of_another_product_is_a_discrepancy(service: InMemoryReceiving) -> None:
    """S16: a unit that is scanned as one product and labelled as another is kept for a supervisor."""
    result = scan(service, f"(01){SCREW_GTIN}(21)9", sku="PUMP")
    assert outcomes(result) == [("PUMP", "WRONG_PRODUCT", f"(01){SCREW_GTIN}(21)9")]
    assert not result.violations
    confirm_session(service, "R1")
    (found,) = service.uow.discrepancies
    assert (found.kind, found.serial, found.conflicting_value) == ("WRONG_PRODUCT", "9", "SCREW")


def test_a_lot_with_the_label_of_another_product_is_a_discrepancy(service: InMemoryReceiving) -> None:
    """S16, S23: its quantity waits for a supervisor, apart from scans of the product itself, and can be received."""
    service.define_product("CREAM", "LOT")
    service.uow.barcodes.load([ProductBarcode("29521234543217", "CREAM", 6)])
    label = "(01)29521234543217(10)L1(17)270331"
    result = scan(service, label, label, f"(01){MILK_CASE}(10)L1(17)261231", sku="MILK")
    assert [status for _, status, _ in outcomes(result)] == ["WRONG_PRODUCT", "WRONG_PRODUCT", "ACCEPTED"]
    confirmed = confirm_session(service, "R1")
    assert received_lots(confirmed) == [("2", [("L1", Decimal(12))])]
    (found,) = service.uow.discrepancies
    assert (found.kind, found.quantity, found.conflicting_value, found.scan) == (
        "WRONG_PRODUCT",
        Decimal(12),
        "CREAM",
        label,
    )
    accept = ResolveDiscrepancy(receipt="R1", discrepancy=found.discrepancy, resolution="ACCEPT", reason="relabelled")
    assert received_lots(service.handle_command(accept)) == [("2", [("L1", Decimal(12))])]


def test_without_a_sound_scan_nothing_is_recorded(service: InMemoryReceiving) -> None:
    """S13: a command none of whose scans means anything is rejected and opens no session."""
    result = scan(service, "nothing", f"(01){PUMP_GTIN}(21)7(17)270231", PUMP_GTIN)
    assert result.is_rejected
    assert sorted(error_codes(result)) == ["serials_required", "unknown_scan", "unreadable_scan"]
    assert len(service.uow.sessions) == 0


@pytest.mark.parametrize("fields", [{"serials": ["1"]}, {"lot": "L"}, {"barcode": "4006"}, {"expiry": "2027-01-01"}])
def test_scans_stand_for_all_other_fields(service: InMemoryReceiving, fields: dict[str, Any]) -> None:
    """S03, S13: fields that the scans say themselves are refused beside them."""
    with pytest.raises(ValidationError, match="scans require"):
        scan(service, "7", **fields)


def test_the_scan_is_kept_with_what_it_named(service: InMemoryReceiving) -> None:
    """S22: units, lots and discrepancies keep the text as it was sent, and events carry it; typed numbers have none."""
    label, case, other_case = (
        f"]d201{PUMP_GTIN}217",
        f"(01){MILK_CASE}(10)L1(17)261231",
        f"(01){MILK_CASE}(17)261231(10)L1",
    )
    scan(service, label, case, other_case, case, f"(01){SCREW_GTIN}(21)9", f"(01){MILK_CASE}(10)OLD(17)260101")
    scan_serials(service, "R1", "8")
    confirmed = confirm_session(service, "R1")
    (units,) = [event for event in confirmed.events if isinstance(event, ReceiptSerialsReceived)]
    assert (units.serials, units.scans) == (["7", "8"], [label, ""])
    lots = [lot for event in confirmed.events if isinstance(event, ReceiptLotsReceived) for lot in event.lots]
    assert [(lot.lot, lot.quantity, lot.scan) for lot in lots] == [
        ("L1", Decimal(24), case),
        ("L1", Decimal(12), other_case),
    ]
    assert {(row.kind, row.scan) for row in service.uow.discrepancies} == {
        ("UNEXPECTED", f"(01){SCREW_GTIN}(21)9"), ("EXPIRED", f"(01){MILK_CASE}(10)OLD(17)260101"),
    }  # fmt: skip
    (found,) = [row for row in service.uow.discrepancies if row.kind == "UNEXPECTED"]
    accept = ResolveDiscrepancy(receipt="R1", discrepancy=found.discrepancy, resolution="ACCEPT", reason="ordered")
    (accepted,) = [
        event for event in service.handle_command(accept).events if isinstance(event, ReceiptSerialsReceived)
    ]
    assert accepted.scans == [f"(01){SCREW_GTIN}(21)9"]


def test_labels_are_compared_with_announced_and_known_lots(service: InMemoryReceiving) -> None:
    """S16, S23, S25: labels that contradict announced lots, or spell a known lot in another way, are discrepancies."""
    lots = [{"lot": "L1", "quantity": 2, "expiry": "2027-03-31"}]
    announce_receipt(service, "R2", asn_line(quantity=2) | {"lots": lots})
    labels = [f"(01){PUMP_GTIN}(21)U1(10)L1(17)270330", f"(01){PUMP_GTIN}(21)U2(10)L2", f"(01){PUMP_GTIN}(21)U3(10)L1"]
    result = scan(service, *labels, receipt="R2")
    assert outcomes(result) == [
        ("PUMP", "NOT_AS_ANNOUNCED", labels[0]), ("PUMP", "NOT_AS_ANNOUNCED", labels[1]),
        ("PUMP", "ACCEPTED", labels[2]),
    ]  # fmt: skip
    first, other = f"(01){MILK_CASE}(10)M1(17)261231", f"(01){MILK_CASE}(10)m1(17)261231"
    assert outcomes(scan(service, first, other)) == [
        ("MILK", "ACCEPTED", first), ("MILK", "LOT_CASE_MISMATCH", other),
    ]  # fmt: skip


def test_more_than_announced_is_over(service: InMemoryReceiving) -> None:
    """S14, S15: units are recorded one by one; what exceeds the line is a discrepancy of its own."""
    labels = [f"(01){PUMP_GTIN}(21)N{number}" for number in range(3)]
    assert [status for _, status, _ in outcomes(scan(service, *labels, labels[0]))] == [
        "ACCEPTED", "ACCEPTED", "UNEXPECTED", "DUPLICATE_IN_RECEIPT",
    ]  # fmt: skip


def test_scanning_again_undoes_a_scan(service: InMemoryReceiving) -> None:
    """S13: the labels of a unit or lot undo its scans; what was not scanned is named."""
    label, case = f"(01){PUMP_GTIN}(21)7", f"(01){MILK_CASE}(10)L1(17)261231"
    scan(service, label, case)
    for scans, units, quantity in (([label, "nothing"], 1, 0), ([case], 0, 12)):
        result = service.handle_command(UndoScan(receipt="R1", session="S", scans=scans))
        body: Any = result.body
        assert (body.units, body.quantity) == (units, quantity)
        assert error_codes(result) == ["unknown_scan"] * ("nothing" in scans)
    assert service.uow.get_unit("PUMP", "7").status == "EXPECTED"
    assert len(service.uow.lot_scans) == 0


def test_typed_numbers_have_no_scan(service: InMemoryReceiving) -> None:
    """S22: events of typed numbers carry no scans."""
    scan_serials(service, "R1", "7")
    (received,) = [
        event for event in confirm_session(service, "R1").events if isinstance(event, ReceiptSerialsReceived)
    ]
    assert received.scans is None
