"""Scans of something else in place of a serial or lot number (S13, S17): refused, and named for what they are."""

from typing import Any

import pytest

from services.receiving.products.domain.records import ProductBarcode
from services.receiving.receipts.domain.misreads import MAX_LENGTH, MAX_NAMED
from shared.contracts.serial_formats import SerialFormat
from tests.support.in_memory.receiving import InMemoryReceiving
from tests.unit.receiving.steps import (
    amend_receipt,
    announce_receipt,
    asn_line,
    confirm_session,
    error_codes,
    line_counts,
    scan_lots,
    scan_serials,
    scan_statuses,
    scanned_lot,
    service_with_announced_lots,
    unit_status,
)

EAN = "4006381333931"
OTHER_EAN = "9521234543213"

MISREADS = {
    EAN: "BARCODE",
    f"0{EAN}": "BARCODE",
    f"01{'0' + EAN}": "BARCODE",
    OTHER_EAN: "BARCODE",
    f"]E0{EAN}": "BARCODE",
    "4006": "BARCODE",
    "PUMP": "SKU",
    "R1": "RECEIPT",
    "EAST/DOCK": "LOCATION",
    "EAST/A-1": "LOCATION",
    "(01)09521234543213(21)ABC1": "GS1_ELEMENT_STRING",
    "]C1010952123454321321ABC2": "GS1_ELEMENT_STRING",
    "010952123454321310L1\x1d21ABC2": "GS1_ELEMENT_STRING",
    "https://id.gs1.org/01/09521234543213/21/ABC3": "GS1_DIGITAL_LINK",
    "https://maker.example/p/77": "URL",
    "AA:BB:CC:00:00:01,AA:BB:CC:00:00:02": "SEVERAL_VALUES",
    "A1;A2": "SEVERAL_VALUES",
    "A1\tA2": "SEVERAL_VALUES",
    "A1\r\nA2": "SEVERAL_VALUES",
    "A001-A120": "RANGE",
    "]C0SN-7": "SYMBOLOGY_IDENTIFIER",
    "pump": "SKU",
    "r1": "RECEIPT",
}
NO_MISREADS = [
    "SN-0001",
    "356938035643809",
    "4006381333932",
    "012345678905",
    "0043",
    "A1/7",
    "WEST",
    "AA:BB:CC:00:00:01",
]


@pytest.fixture
def service() -> InMemoryReceiving:
    """A service whose receipt R1 expects ten pumps; pumps and screws have barcodes with a check digit."""
    service = InMemoryReceiving()
    service.uow.barcodes.load([ProductBarcode(EAN, "PUMP", 1), ProductBarcode(OTHER_EAN, "SCREW", 1)])
    announce_receipt(service, "R1", asn_line(quantity=10))
    return service


def set_format(service: InMemoryReceiving, **rules: Any) -> None:
    """Give the pumps a serial format."""
    service.uow.products.put(service.uow.products["PUMP"]._replace(serial_format=SerialFormat(**rules)))


@pytest.mark.parametrize(("text", "read_as"), MISREADS.items())
def test_misread_scan_is_refused_as_what_it_is(service: InMemoryReceiving, text: str, read_as: str) -> None:
    """S13, S17: what is known to be something else is no serial number, and is named; it is no discrepancy."""
    result = scan_serials(service, "R1", text, "SN-1")
    scanned, _ = result.body.scan_results  # type: ignore[union-attr]
    assert (scanned.status, scanned.read_as) == ("NOT_A_SERIAL", read_as)
    (violation,) = result.violations
    assert (violation.code, violation.ids) == ("not_a_serial", [text])
    assert scanned.conflicting_value in violation.detail
    confirm_session(service, "R1")
    assert line_counts(service, "R1") == (10, 0, 1, 0, 1)
    assert not list(service.uow.discrepancies)


@pytest.mark.parametrize("text", NO_MISREADS)
def test_what_may_be_a_serial_number_is_one(service: InMemoryReceiving, text: str) -> None:
    """S13: a text that nothing known explains is taken, also a number with a valid check digit."""
    assert scan_statuses(scan_serials(service, "R1", text)) == ["ACCEPTED"]


def test_scan_that_looks_like_a_range_names_the_field(service: InMemoryReceiving) -> None:
    """S13: no scan is read as a range; the problem says where ranges are stated."""
    (violation,) = scan_serials(service, "R1", "A001-A120").violations
    assert "is a range; state it in the field ranges" in violation.detail
    assert scan_statuses(scan_serials(service, "R1", ranges=[{"from": "A001", "to": "A003"}])) == ["ACCEPTED"] * 3


@pytest.mark.parametrize("kind", ["BLIND", "OPENING"])
def test_receipts_without_asn_refuse_misreads(service: InMemoryReceiving, kind: str) -> None:
    """S13: blind receipts and opening stock refuse them too."""
    announce_receipt(service, "R2", kind=kind)
    assert error_codes(scan_serials(service, "R2", EAN)) == ["not_a_serial"]
    assert "R2" in service.uow.receipts
    assert ("R2", "S") not in service.uow.sessions


def test_many_misreads_are_counted(service: InMemoryReceiving) -> None:
    """S13: the problem describes the first scans and counts the others."""
    (violation,) = scan_serials(service, "R1", *MISREADS).violations
    assert len(violation.ids) == len(MISREADS)
    assert f"{len(MISREADS)} of {len(MISREADS)} scans" in violation.detail
    assert f"and {len(MISREADS) - MAX_NAMED} more" in violation.detail
    assert "'PUMP' is the SKU of the product; 'R1' is the number of the receipt" in violation.detail


@pytest.mark.parametrize("text", [text for text in MISREADS if text.isprintable()])
def test_asn_lists_no_misreads(service: InMemoryReceiving, text: str) -> None:
    """S05, S17: an ASN or amendment with such a serial is rejected with its line, and nothing of it is applied."""
    results = [
        announce_receipt(service, "R1", asn_line(["SN-1"]), asn_line(["SN-2", text], number="2")),
        amend_receipt(service, "R1", asn_line(["SN-2", text], number="2")),
    ]
    for result in results:
        (violation,) = result.violations
        assert (violation.code, violation.ids) == ("not_a_serial", [text])
        assert "Line 2: 1 of 2 serials are no serial numbers: " in violation.detail
        assert f"{text[:MAX_LENGTH]!r} is " in violation.detail
    assert line_counts(service, "R1") == (10, 0, 0, 0, 0)


def test_asn_of_an_undefined_product_is_judged_by_the_text_alone(service: InMemoryReceiving) -> None:
    """S05, S17: before its product arrives, what a text says beyond doubt counts; its barcodes are not known."""
    result = announce_receipt(service, "R2", asn_line(["(21)A"], sku="NEW"))
    assert error_codes(result) == ["not_a_serial"]
    assert not announce_receipt(service, "R2", asn_line(["4006", "SN-1"], sku="NEW")).violations


def test_expired_label_leaves_no_trace_of_misreads(service: InMemoryReceiving) -> None:
    """S16, S24: goods rejected by their label are discrepancies, scans that are no serial numbers are none."""
    result = scan_serials(service, "R1", EAN, "SN-1", expiry="2020-01-01")
    assert error_codes(result) == ["expired", "not_a_serial"]
    assert [discrepancy.serial for discrepancy in service.uow.discrepancies] == ["SN-1"]


NO_LOTS = ["4007", "MILK", "R1", "EAST/DOCK", "(01)09521234543213(10)L1", "https://maker.example/7", "]C0L1"]


@pytest.mark.parametrize("text", NO_LOTS)
def test_lot_is_no_misread(text: str) -> None:
    """S23: a barcode, SKU, location or GS1 text is no lot number either."""
    service = service_with_announced_lots()
    assert error_codes(scan_lots(service, "R1", scanned_lot(text))) == ["not_a_lot"]


@pytest.mark.parametrize("text", ["A,B", "A1-A9", "00392/174", "L 7"])
def test_lot_may_have_any_signs(text: str) -> None:
    """S23: lot numbers with commas, slashes and hyphens exist."""
    service = service_with_announced_lots()
    assert scan_statuses(scan_lots(service, "R1", scanned_lot(text))) == ["ACCEPTED"]


def test_lot_on_a_serial_label_is_no_misread(service: InMemoryReceiving) -> None:
    """S23: the lot number beside serial numbers is checked as well."""
    assert error_codes(scan_serials(service, "R1", "SN-1", lot=EAN)) == ["not_a_lot"]


def test_format_is_checked(service: InMemoryReceiving) -> None:
    """S13: a serial number that is not of the format of its product is refused, in scans and ASNs."""
    set_format(service, check_digit="IMEI")
    result = scan_serials(service, "R1", "490154203237518", "490154203237519", EAN, "SN-1")
    assert scan_statuses(result) == ["ACCEPTED", "SERIAL_FORMAT_MISMATCH", "NOT_A_SERIAL", "SERIAL_FORMAT_MISMATCH"]
    assert error_codes(result) == ["not_a_serial", "serial_format_mismatch"]
    (violation,) = announce_receipt(service, "R2", asn_line(["SN-2"], number="7")).violations
    assert (violation.code, violation.ids) == ("serial_format_mismatch", ["SN-2"])
    assert violation.detail.startswith("Line 7")
    assert "check digit IMEI" in violation.detail


@pytest.mark.parametrize(
    ("rules", "serial"),
    [
        ({"characters": "DIGITS", "min_length": 13}, EAN),
        ({"pattern": "https://.*"}, "https://maker.example/p/77"),
        ({"pattern": r"\(01\).*"}, "(01)09521234543213(21)ABC1"),
        ({"pattern": "[A-Z][0-9]+-[A-Z][0-9]+"}, "A001-A120"),
        ({"max_length": 64}, "AA,BB"),
    ],
)
def test_match_overrides_every_guess(service: InMemoryReceiving, rules: dict[str, Any], serial: str) -> None:
    """S13: a serial number of the format is taken as it is, whatever it looks like."""
    set_format(service, **rules)
    assert not announce_receipt(service, "R2", asn_line([serial])).violations
    assert scan_statuses(scan_serials(service, "R2", serial)) == ["ACCEPTED"]
    service.uow.units.remove(("PUMP", serial))
    assert scan_statuses(scan_serials(service, "R1", serial)) == ["ACCEPTED"]


def test_registered_serials_keep_their_form(service: InMemoryReceiving) -> None:
    """S17: a format holds for new serial numbers; those that are registered are scanned and announced as they are."""
    announce_receipt(service, "R2", asn_line(["OLD-1", "OLD-2"]))
    set_format(service, characters="DIGITS")
    assert not announce_receipt(service, "R2", asn_line(["OLD-1", "OLD-2"], quantity=3)).violations
    assert scan_statuses(scan_serials(service, "R2", "OLD-1", "OLD-3", "77")) == [
        "ACCEPTED", "SERIAL_FORMAT_MISMATCH", "ACCEPTED",
    ]  # fmt: skip
    confirm_session(service, "R2")
    assert unit_status(service, "OLD-1") == "ON_HAND"
