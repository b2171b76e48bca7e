"""What a scanned text is, as far as the text alone says it."""

import string
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.scans import Contents, ScanKind, classify, misread_as, substitutes, use_substitute
from shared.scans import ScanProblemCode as Problem
from shared.scans.gtin import GtinUse
from shared.settings import ScanSettings

GTIN = "09521234543213"
GS = "\x1d"

ELEMENT_STRINGS = [
    f"]C101{GTIN}21ABC1",
    f"]d201{GTIN}21ABC1",
    f"]Q301{GTIN}21ABC1\r",
    f"01{GTIN}10L1{GS}21ABC1",
    f"01{GTIN}10L1<GS>21ABC1",
    f"01{GTIN}10L1{{GS}}21ABC1",
    f"01{GTIN}10L1Ctrl+]21ABC1",
    f"01{GTIN}10L1^]21ABC1",
    f"]e001{GTIN}21ABC1",
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
    ScanKind.SSCC: ["095212345600000012", "]C0095212345600000012"],
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


def test_one_scan_fills_the_label() -> None:
    """S13: product, serial, lot, dates, quantity and measures of one code; day 00 is the last of the month."""
    text = f"]d201{GTIN}17280200112701311527123110L-1{GS}21007{GS}3012{GS}3103001250240X{GS}"
    assert classify(text, year=2026).contents == Contents(
        gtin=GTIN, serial="007", lot="L-1", expiry=date(2028, 2, 29), manufactured_on=date(2027, 1, 31),
        best_before=date(2027, 12, 31), quantity=12, measures={"NET WEIGHT (kg)": Decimal("1.250")},
        others=(("240", "X"),),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("year", "digits", "full"), [(2026, "76", 2076), (2026, "77", 1977), (2049, "00", 2000), (2050, "00", 2100)]
)
def test_century_of_two_digit_years(year: int, digits: str, full: int) -> None:
    """S13: a year is within 49 years before and 50 years after the current one."""
    assert classify(f"(01){GTIN}(17){digits}0101", year=year).contents.expiry == date(full, 1, 1)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("(01)09521234543210(21)A", Problem.WRONG_CHECK_DIGIT),
        ("]C100095212345600000013", Problem.WRONG_CHECK_DIGIT),
        (f"(01){GTIN}(17)270230", Problem.IMPOSSIBLE_DATE),
        (f"(01){GTIN}(17)271301", Problem.IMPOSSIBLE_DATE),
        (f"(01){GTIN}(7006)270200", Problem.IMPOSSIBLE_DATE),
        (f"(01){GTIN}(10)", Problem.EMPTY_VALUE),
        (f"(01){GTIN}(21)A B", Problem.MALFORMED_VALUE),
        (f"]C101{GTIN}10{'L' * 21}", Problem.MALFORMED_VALUE),
        ("(21)A", Problem.MISSING_AI),
        (f"(01){GTIN}(37)5", Problem.EXCLUSIVE_AI),
        (f"(01){GTIN}(10)A(10)B", Problem.CONTRADICTING_AI),
        ("]d2", Problem.NO_ELEMENTS),
        ("]d2rubbish", Problem.UNKNOWN_AI),
        (f"hTTps://a.eu/01/{GTIN}", Problem.SCHEME_IN_MIXED_CASE),
        (f"https://a.eu/01/{GTIN}/", Problem.TRAILING_SLASH),
        ("https://a.eu/01/9521234543213", Problem.SHORT_GTIN),
        (f"https://a.eu/gtin/{GTIN}", Problem.NAME_FOR_AI),
        (f"https://a.eu/01/{GTIN}?10=L1", Problem.MISPLACED_AI),
        (f"https://a.eu/01/{GTIN}/21/A/10/L1", Problem.MISPLACED_AI),
        (f"https://a.eu/01/{GTIN}?99=A&99=A", Problem.REPEATED_AI),
        ("https://id.gs1.org/ARFRq5sE2g", Problem.COMPRESSED_LINK),
        ("9" * 9000, Problem.TOO_LONG),
    ],
)
def test_problems_are_named(text: str, problem: Problem) -> None:
    """S13: what is wrong is refused by name, what leaves no doubt is tolerated by name."""
    scan = classify(text)
    assert problem in {found.code for found in scan.problems}
    assert scan.is_sound == all(found.is_tolerated for found in scan.problems)


def test_values_in_contradiction_are_left_out() -> None:
    """S13: of two lot numbers on one label none is taken; the same one twice is one."""
    assert classify(f"(01){GTIN}(10)A(10)B").contents.lot is None
    assert classify(f"(01){GTIN}(10)A(10)A").contents.lot == "A"


def test_brackets_and_groups_in_printed_text() -> None:
    """S13: brackets around no application identifier belong to the value; digits are printed in groups."""
    scan = classify(f"(01) {GTIN[:7]} {GTIN[7:]} (10) L(1)/7(X) (21) A")
    assert (scan.gtin, scan.contents.lot, scan.contents.serial) == (GTIN, "L(1)/7(X)", "A")


@pytest.mark.parametrize(
    ("text", "use"),
    [
        ("9521234543213", GtinUse.TRADE_ITEM),
        ("19521234543210", GtinUse.CASE),
        ("99521234543216", GtinUse.VARIABLE_MEASURE),
        ("2112345678900", GtinUse.RESTRICTED),
        ("0212345678909", GtinUse.RESTRICTED),
    ],
)
def test_use_of_gtins(text: str, use: GtinUse) -> None:
    """S13: cases, goods of variable measure and numbers of restricted use are named as such."""
    assert classify(text).gtin_use is use


def test_upc_e_is_a_gtin() -> None:
    """S13: UPC-E is the GTIN of its UPC-A; eight digits that may be two GTINs name both."""
    assert classify("04252614").gtin == "00042100005264"
    assert classify("00000000").other_gtin is None


def test_configured_substitute_of_fnc1() -> None:
    """S13: a scanner may send another character in place of FNC1; text of another kind keeps that character."""
    assert classify(f"01{GTIN}10L1|21ABC1", fnc1="|").contents.serial == "ABC1"
    assert classify("A|1", fnc1="|").kind is ScanKind.TEXT


def test_substitute_of_the_installation(monkeypatch: pytest.MonkeyPatch) -> None:
    """S13: the setting holds for every scan and serial number, a request may name another, values never hold it."""
    label = f"01{GTIN}10L1|21ABC1"
    assert misread_as(label) is None
    monkeypatch.setattr(substitutes, "_configured", "")
    use_substitute(ScanSettings(fnc1="|").fnc1)
    assert classify(label).contents.serial == "ABC1"
    assert misread_as(label) == "a GS1 element string"
    assert classify(label, fnc1="").kind is ScanKind.TEXT
    assert classify(label.replace("|", "<F8>"), fnc1="<F8>").contents.serial == "ABC1"
    for unfit in ("-", "A", "GS", "123456|89"):
        with pytest.raises(ValueError, match=r"FNC1|hold"):
            ScanSettings(fnc1=unfit)


@given(st.text(max_size=200))
def test_any_text_is_classified(text: str) -> None:
    """S13: no text makes the classification fail, and the text is kept as it was sent."""
    assert classify(text).text == text


@given(st.text(string.ascii_letters, min_size=1, max_size=64))
def test_letters_are_plain_text(text: str) -> None:
    """S13: letters alone are nothing but text."""
    assert classify(text).kind is ScanKind.TEXT
