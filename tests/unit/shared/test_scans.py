"""What a scanned text is, as far as the text alone says it."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.scans import ScanKind, classify

GTIN = "09521234543213"
GS = "\x1d"

ELEMENT_STRINGS = [
    f"]C101{GTIN}21ABC1",
    f"]d201{GTIN}21ABC1",
    f"]Q301{GTIN}21ABC1\r",
    f"01{GTIN}10L1{GS}21ABC1",
    f"01{GTIN}10L1<GS>21ABC1",
    f"01{GTIN}10L1{{GS}}21ABC1",
    f"]C1{GS}01{GTIN}21ABC1",
    f"(01){GTIN}(21)ABC1",
    f"(01) {GTIN} (21) ABC1",
    f"01{GTIN}21ABC1",
]

KINDS = {
    ScanKind.GS1_ELEMENT_STRING: [
        "]C1rubbish",
        f"ABC{GS}1",
        "(21)ABC1",
        "(01)09521234543210(21)ABC1",
        "00095212345600000012",
    ],
    ScanKind.GS1_DIGITAL_LINK: [f"https://id.gs1.org/01/{GTIN}/21/ABC1", f"HTTPS://SHOP.EXAMPLE/x/01/{GTIN}?17=270101"],
    ScanKind.URL: ["https://maker.example/p/77", "http://x", "www.maker.example/77", "ftp://a/b,c", "]Q1HTTPS://X.EU/1"],
    ScanKind.GTIN: ["9521234543213", GTIN, "012345678905", "96385074", f"01{GTIN}", "]E09521234543213"],
    ScanKind.SEVERAL_VALUES: ["A1,A2", "A1;A2", "A1\tA2", "A1\r\nA2\r\n", "AA:BB:CC:00:00:01,AA:BB:CC:00:00:02", "A1,"],
    ScanKind.RANGE: ["A001-A120", "Z1-Z5", "A001..A120", "SN100 + 20", "SN1X - SN9X", "A1 to A9", "100 - 120"],
    ScanKind.TEXT: [
        "SN-0001", "1234-5678", "AA:BB:CC:00:00:01", "00-1A-00-1B", "12-34-12-56", "00392/174", "SN 7", "A1\r\n",
        "9521234543210", "0109521234543213X", "(99X)A", "a@b.eu", "10-20-10-30", "A9-A1", "C++", "A1+2", "",
    ],
}  # fmt: skip


@pytest.mark.parametrize("text", ELEMENT_STRINGS)
def test_every_spelling_of_an_element_string_gives_its_elements(text: str) -> None:
    """S13: the symbology prefix, any spelling of FNC1, brackets or none give the same GTIN and serial number."""
    scan = classify(text)
    assert (scan.kind, scan.gtin, scan.element("21")) == (ScanKind.GS1_ELEMENT_STRING, GTIN, "ABC1")
    assert scan.text == text


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in KINDS.items() for text in texts])
def test_kinds(kind: ScanKind, text: str) -> None:
    """S13: each text is what it is beyond doubt; what may be a serial number is plain text."""
    assert classify(text).kind is kind


def test_digital_link_gives_its_elements() -> None:
    """S13: the GTIN and serial number of a Digital Link of any domain, in whatever case."""
    scan = classify(f"HTTPS://Shop.Example/stem/01/{GTIN}/21/ab%2F1")
    assert (scan.gtin, scan.element("21")) == (GTIN, "ab/1")


def test_spellings_of_a_gtin_are_one_code() -> None:
    """S13: UPC-A, EAN-13 and ITF-14 of one number are the same GTIN."""
    assert {classify(text).gtin for text in ("012345678905", "0012345678905", "00012345678905")} == {"00012345678905"}


def test_symbology_of_plain_codes_is_named() -> None:
    """S13: the identifier of the symbology is no part of the value."""
    scan = classify("]C0SN-1")
    assert (scan.kind, scan.symbology, scan.value) == (ScanKind.TEXT, "]C0", "SN-1")


def test_values_and_range_ends() -> None:
    """S13: several values are given in their order, a range by its ends."""
    assert classify("A1, A2;A3\r\n").values == ("A1", "A2", "A3")
    assert classify("A001-A120").values == ("A001", "A120")


@given(st.text(max_size=200))
def test_any_text_is_classified(text: str) -> None:
    """S13: no text makes the classification fail, and the text is kept as it was sent."""
    assert classify(text).text == text


@given(st.text(string.ascii_letters, min_size=1, max_size=64))
def test_letters_are_plain_text(text: str) -> None:
    """S13: letters alone are nothing but text."""
    assert classify(text).kind is ScanKind.TEXT
