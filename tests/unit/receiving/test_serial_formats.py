"""Serial formats of products: definitions, and what they accept."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn

from shared.contracts.serial_formats import SerialFormat
from shared.contracts.upstream import ProductDefined
from shared.inventory.serial_formats import format_fault, matches
from shared.scans import ScanKind, classify
from tests.support.in_memory.receiving import InMemoryReceiving
from tests.unit.receiving.steps import announce_receipt, asn_line, error_codes, scan_serials, scan_statuses


def define(service: InMemoryReceiving, sku: str = "PUMP", **fields: Any) -> Any:
    """Define a product."""
    return service.handle_command(ProductDefined.model_validate({"sku": sku, **fields}))


@pytest.fixture
def service() -> InMemoryReceiving:
    """A service with the serial-tracked product PUMP."""
    return InMemoryReceiving()


@pytest.mark.parametrize(
    ("rules", "fault"),
    [
        ({}, "states no rule"),
        ({"min_length": 9, "max_length": 8}, "exceeds"),
        ({"pattern": "[0-9"}, "RE2"),
        ({"pattern": "(?=a)b"}, "RE2"),
        ({"pattern": "(a{1000}){1000}"}, "RE2"),
        ({"characters": "LETTERS", "check_digit": "LUHN"}, "digits"),
        ({"max_length": 14, "check_digit": "IMEI"}, "no IMEI"),
        ({"min_length": 9, "max_length": 11, "check_digit": "GTIN"}, "no GTIN"),
    ],
)
def test_senseless_format_is_refused(service: InMemoryReceiving, rules: dict[str, Any], fault: str) -> None:
    """S01: a format that nothing or everything matches is refused when the product is defined."""
    (violation,) = define(service, serial_format=rules).violations
    assert violation.code == "invalid_serial_format"
    assert fault in violation.detail
    assert service.uow.products["PUMP"].serial_format is None


@pytest.mark.parametrize("tracking", [{}, {"lot_tracked": True}])
def test_format_needs_serial_tracking(service: InMemoryReceiving, tracking: dict[str, bool]) -> None:
    """S01: a product without serial numbers has no format of them."""
    result = define(service, "NEW", name="New", serial_format={"min_length": 3}, **tracking)
    assert error_codes(result) == ["invalid_serial_format"]


@pytest.mark.parametrize("tracking", [{}, {"lot_tracked": True}])
def test_warranty_needs_serial_tracking(service: InMemoryReceiving, tracking: dict[str, bool]) -> None:
    """S01, S46: no warranty is kept that no unit can have, also if the tracking changes later."""
    define(service, "NEW", name="New", serial_tracked=True, warranty={"months": 12})
    result = define(service, "NEW", **{"serial_tracked": False, **tracking})
    assert error_codes(result) == ["invalid_warranty"]
    assert not error_codes(define(service, "NEW", warranty=None, **{"serial_tracked": False, **tracking}))
    assert error_codes(define(service, "NEW", warranty={"months": 12})) == ["invalid_warranty"]


def test_definition_is_a_merge_patch(service: InMemoryReceiving) -> None:
    """S01: omitted rules stay, null clears a rule or the whole format; the event and the change log show it."""
    (event,) = define(service, serial_format={"min_length": 3, "characters": "DIGITS"}).events
    assert event.serial_format == SerialFormat(min_length=3, characters="DIGITS")
    define(service, serial_format={"characters": None, "max_length": 9})
    assert service.uow.products["PUMP"].serial_format == SerialFormat(min_length=3, max_length=9)
    define(service, name="Infusion pump", serials_unique_per_product=True)
    product = service.uow.products["PUMP"]
    assert (product.serial_format, product.serials_unique_per_product) == (
        SerialFormat(min_length=3, max_length=9),
        True,
    )
    (event,) = define(service, serial_format=None, serials_unique_per_product=None).events
    assert (event.serial_format, event.serials_unique_per_product) == (None, False)
    assert not list(define(service, serial_format=None).events)


@pytest.mark.parametrize(
    ("rules", "serial", "is_match"),
    [
        ({"min_length": 3, "max_length": 4}, "ab", False),
        ({"min_length": 3, "max_length": 4}, "abc", True),
        ({"min_length": 3, "max_length": 4}, "abcde", False),
        ({"characters": "UPPERCASE_AND_DIGITS"}, "AB1", True),
        ({"characters": "UPPERCASE_AND_DIGITS"}, "Ab1", False),
        ({"characters": "HEXADECIMAL"}, "00fFa", True),
        ({"characters": "HEXADECIMAL"}, "00:ff", False),
        ({"characters": "LETTERS"}, "é", False),
        ({"pattern": "A|AB"}, "AB", True),
        ({"pattern": "A"}, "AB", False),
        ({"pattern": "[a-z]+$"}, "ab\n", False),
        ({"check_digit": "IMEI"}, "490154203237518", True),
        ({"check_digit": "IMEI"}, "490154203237519", False),
        ({"check_digit": "IMEI"}, "49015420323751", False),
        ({"check_digit": "IMEI"}, "49-015420-323751-8", False),
        ({"check_digit": "GTIN"}, "4006381333931", True),
        ({"check_digit": "GTIN"}, "4006381333930", False),
        ({"check_digit": "LUHN"}, "79927398713", True),
        ({"check_digit": "LUHN"}, "79927398710", False),
        ({"check_digit": "LUHN", "min_length": 12}, "79927398713", False),
    ],
)
def test_format_accepts_what_it_states(rules: dict[str, Any], serial: str, is_match: bool) -> None:
    """S13: every stated rule holds for the whole serial number."""
    assert matches(SerialFormat(**rules), serial) is is_match


@given(st.data())
def test_format_accepts_what_is_made_by_it(data: st.DataObject) -> None:
    """S13: serial numbers that are made by a format match it, and are accepted whatever they look like."""
    length = data.draw(st.integers(2, 20))
    digits = data.draw(st.text("0123456789", min_size=length - 1, max_size=length - 1))
    serial = digits + luhn.calc_check_digit(digits)
    prefix = data.draw(st.sampled_from(["SN-", "https://a.eu/", "(21)", "A,"]))
    made = {
        serial: {"min_length": length, "max_length": length, "characters": "DIGITS", "check_digit": "LUHN"},
        prefix + serial: {"pattern": rf"\Q{prefix}\E[0-9]{{{length}}}"},
    }
    service = InMemoryReceiving()
    for number, (text, rules) in enumerate(made.items()):
        rule = SerialFormat(**rules)  # type: ignore[arg-type]
        assert format_fault(rule) is None
        service.uow.products.put(service.uow.products["PUMP"]._replace(serial_format=rule))
        receipt = f"R{number}"
        assert not announce_receipt(service, receipt, asn_line([text])).violations
        assert scan_statuses(scan_serials(service, receipt, text)) == ["ACCEPTED"]


AI_VALUES = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=1, max_size=20)


@given(AI_VALUES, st.sampled_from(["]C1{}", "]d2{}", "\x1d{}", "{}\x1d10L1", "{}<GS>10L1", "{}"]))
def test_gs1_data_is_no_serial_without_a_format(value: str, spelling: str) -> None:
    """S13: what is read as GS1 data is never taken as a serial number by a product without a format."""
    text = spelling.format(f"010952123454321321{value}")
    assert classify(text).kind is ScanKind.GS1_ELEMENT_STRING
    service = InMemoryReceiving()
    announce_receipt(service, "R1", asn_line(quantity=1))
    assert error_codes(scan_serials(service, "R1", text)) == ["not_a_serial"]
    assert not service.uow.sessions.get(("R1", "S"))
