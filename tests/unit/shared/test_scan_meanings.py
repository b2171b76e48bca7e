"""What raw scans in commands mean: the context decides, contradictions are named, nothing is guessed."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.commands.fulfillment import UnitSelector
from shared.contracts.commands.receiving import ScannedLot
from shared.contracts.problems import Code
from shared.contracts.raw_scans import ReadScan
from shared.contracts.serial_formats import SerialFormat
from shared.inventory.scan_meanings import Catalogue, KnownName, KnownProduct, ScanContext, read_scan
from shared.inventory.scan_problems import group_problems, label_mismatch
from shared.scans import classify

GTIN, CASE, SALT_GTIN, WEIGHED = "09521234543213", "19521234543210", "00012345678905", "99521234543216"
VALVE_GTIN = "04006381333931"
SSCC = "395212345432100004"
CATALOGUE = Catalogue(
    [
        KnownProduct("PUMP", "SERIAL"),
        KnownProduct("PHONE", "SERIAL", SerialFormat(min_length=15, max_length=15, characters="DIGITS")),
        KnownProduct("VALVE", "SERIAL", SerialFormat(min_length=5)),
        KnownProduct("MILK", "LOT"),
        KnownProduct("SALT", "NONE"),
    ],
    [
        KnownName("BARCODE", VALVE_GTIN, "VALVE", 1), KnownName("BARCODE", "9521234543213", "PUMP", 1),
        KnownName("BARCODE", CASE, "MILK", 12),
        KnownName("BARCODE", "012345678905", "SALT", 6), KnownName("BARCODE", WEIGHED, "MILK", 1),
        KnownName("BARCODE", "AB-1", "MILK", 24), KnownName("SKU", "MILK", "MILK"), KnownName("SKU", "PUMP", "PUMP"),
        KnownName("SERIAL", "7", "PUMP", document="R1"), KnownName("SERIAL", "7", "PHONE", document="R2"),
        KnownName("LOT", "7", "MILK"), KnownName("SERIAL", "8", "PUMP"), KnownName("LOT", "L1", "MILK"),
    ],
)  # fmt: skip


def read(text: str, sku: str | None = None, document: str | None = None, *expected: str) -> ReadScan:
    """What a scan means in the catalogue of these tests."""
    context = ScanContext(sku, document)
    if expected:
        context = context._replace(expected=frozenset(expected))  # type: ignore[arg-type]
    return read_scan(classify(text, year=2026), context, CATALOGUE)


def problem_code(found: ReadScan) -> Code:
    """Code of the problem of a scan, which names its text."""
    assert found.problem is not None, found
    assert found.problem.ids == [found.text]
    assert repr(found.text[:64]) in found.problem.detail
    return found.problem.code


@pytest.mark.parametrize("sku", [None, "PUMP"])
def test_a_label_fills_everything_at_once(sku: str | None) -> None:
    """S13, S23: product, serial number, lot and dates come from one scan, kept as it was sent."""
    text = f"]d201{GTIN}172703311126010110L/01\x1d21007a"
    assert read(text, sku) == ReadScan(
        text, "PUMP", "007a", "L/01", None, date(2027, 3, 31), date(2026, 1, 1), gtin=GTIN
    )


def test_a_case_means_its_quantity() -> None:
    """S13, S23: the quantity is that on the label, else that of the barcode; variable measure has none."""
    found = read(f"(01){CASE}(10)L1(17)270331")
    assert found[:6] == (found.text, "MILK", None, "L1", Decimal(12), date(2027, 3, 31))
    assert read(f"(01){CASE}(10)L1(30)5").quantity == 5
    assert read(f"(01){WEIGHED}(3103)000195(10)L1").quantity is None
    assert read("0012345678905") == ReadScan("0012345678905", "SALT", quantity=Decimal(6), gtin=SALT_GTIN)
    assert read("AB-1").quantity == 24
    assert read(f"(01){SALT_GTIN}(10)X(17)270331").lot is None


def test_serial_numbers_are_required() -> None:
    """S13: a label without the serial number of a unit is a problem for a serial-tracked product."""
    for text in (GTIN, f"(01){GTIN}(10)L1", "PUMP"):
        assert problem_code(read(text)) == Code.SERIALS_REQUIRED
        assert problem_code(read(text, "PUMP")) == Code.SERIALS_REQUIRED


def test_plain_texts_are_identifiers_of_a_given_product() -> None:
    """S13, S17: with a product, plain text is its serial number or lot, new or known, as written."""
    assert read("]C0007/a-B ", "PUMP") == ReadScan("]C0007/a-B ", "PUMP", "007/a-B")
    assert read("007/a-B", "MILK") == ReadScan("007/a-B", "MILK", lot="007/a-B")
    assert read("7", "MILK").lot == "7"
    assert problem_code(read("A-1", "SALT")) == Code.UNKNOWN_SCAN
    assert problem_code(read("A-1", "NONE")) == Code.PRODUCT_NOT_FOUND


def test_the_serial_format_decides_first() -> None:
    """S17: what matches the format of the product is its serial number, whatever it looks like."""
    assert read("490154203237518", "PHONE").serial == "490154203237518"
    assert read("https://a.example/x", "VALVE").serial == "https://a.example/x"
    assert read(f"(01){VALVE_GTIN}(21)7", "VALVE").serial == "7"
    assert read(SSCC, "PUMP").serial is None
    assert problem_code(read(SSCC, "PUMP")) == Code.UNREADABLE_SCAN


def test_the_context_decides_before_anybody_is_asked() -> None:
    """S13: the document's units first, then the expected kinds; what remains open names its candidates."""
    assert read("8").serial == "8"
    assert read("7", None, "R1").sku == "PUMP"
    assert read("7", None, "R2").sku == "PHONE"
    assert read("7", None, None, "LOT") == ReadScan("7", "MILK", lot="7")
    open_scan = read("7")
    assert problem_code(open_scan) == Code.AMBIGUOUS_SCAN
    assert open_scan.problem
    assert "SERIAL 7 of PUMP, SERIAL 7 of PHONE, LOT 7 of MILK" in open_scan.problem.detail


def test_a_label_of_another_product_is_named() -> None:
    """S16, S20: product on the label and product of the command contradict each other."""
    found = read(f"(01){GTIN}(21)7", "PHONE")
    assert problem_code(found) == Code.WRONG_PRODUCT
    assert (found.sku, found.serial, found.label_sku) == ("PHONE", "7", "PUMP")
    assert problem_code(read(CASE, "PUMP")) == Code.WRONG_PRODUCT


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (f"(01){GTIN[:-1]}4(21)7", Code.UNREADABLE_SCAN),
        ("(21)7", Code.UNREADABLE_SCAN),
        (f"(01){GTIN}(21)7(17)270231", Code.UNREADABLE_SCAN),
        (f"(01){CASE}(10)L(17)270331(11)280331", Code.UNREADABLE_SCAN),
        (f"(01){CASE}(10)L(30)0", Code.UNREADABLE_SCAN),
        (f"(01){CASE}(10)L(30)99999999", Code.UNREADABLE_SCAN),
        ("]C0 A-1", Code.UNREADABLE_SCAN),
        (f"(00){SSCC}", Code.UNREADABLE_SCAN),
        (SSCC, Code.UNREADABLE_SCAN),
        ("https://example.com/x", Code.UNREADABLE_SCAN),
        ("A1,A2", Code.UNREADABLE_SCAN),
        ("SN001-SN009", Code.UNREADABLE_SCAN),
        ("a\x00b", Code.UNREADABLE_SCAN),
        ("A-1", Code.UNKNOWN_SCAN),
        ("(01)00000000000017(21)7", Code.PRODUCT_NOT_FOUND),
    ],
)
def test_what_means_nothing_has_a_problem(text: str, code: Code) -> None:
    """S13: unsound, unknown and foreign scans are refused with the reason; none is dropped."""
    assert problem_code(read(text)) == code


def test_a_second_code_of_a_label_counts_on_a_given_product() -> None:
    """S13: the GTIN may stand in another code of the label; the command names the product instead."""
    assert read("(10)L1(17)270331", "MILK")[1:6] == ("MILK", None, "L1", None, date(2027, 3, 31))
    assert read("(21)7", "PUMP").serial == "7"


def test_labels_are_compared_with_the_books() -> None:
    """S20, S23: a label with another lot or expiry than the books say contradicts them; case does not."""
    found = ReadScan("x", "PUMP", "7", "l1", expiry=date(2027, 3, 31))
    assert label_mismatch(found, lot="L1", expiry=None) is None
    mismatch = label_mismatch(found, lot="L2", expiry=date(2027, 3, 30))
    assert mismatch
    assert (mismatch.code, mismatch.ids) == (Code.LABEL_MISMATCH, ["x"])


def test_problems_are_grouped_by_code() -> None:
    """S13: one problem per code lists the texts of all its scans."""
    problems = group_problems([read("A-1"), read("8"), read("A-2"), read("7")])
    assert [(problem.code, problem.ids) for problem in problems] == [
        (Code.AMBIGUOUS_SCAN, ["7"]), (Code.UNKNOWN_SCAN, ["A-1", "A-2"]),
    ]  # fmt: skip


def write_label(gtin: str, attributes: dict[str, str]) -> str:
    """A label in brackets; most are nonsense."""
    return f"(01){gtin}" + "".join(f"({ai}){value}" for ai, value in attributes.items())


labels = st.builds(
    write_label,
    st.sampled_from([GTIN, CASE, SALT_GTIN, WEIGHED, VALVE_GTIN, "00000000000017"]),
    st.dictionaries(st.sampled_from(["10", "11", "15", "17", "21", "30", "00", "3103"]), st.text(max_size=22)),
)
texts = st.one_of(labels, st.text(max_size=70), st.sampled_from(["7", "L1", "AB-1", SSCC, GTIN, "PUMP"]))


@given(texts, st.sampled_from([None, "PUMP", "PHONE", "VALVE", "MILK", "SALT", "NONE"]))
def test_any_text_is_a_valid_item_or_a_problem(text: str, sku: str | None) -> None:
    """S13: whatever is scanned, it names an item that every message can carry, or its problem says why not."""
    found = read(text, sku)
    assert found.text == text
    if found.problem is not None:
        assert found.problem.ids == [text]
        return
    assert found.sku == (sku or found.sku)
    product = CATALOGUE.products[found.sku or ""]
    assert (product.tracking == "SERIAL") == (found.serial is not None)
    UnitSelector(sku=product.sku, serial=found.serial or "-")
    ScannedLot(
        lot=found.lot or "", quantity=found.quantity, expiry=found.expiry, manufactured_on=found.manufactured_on,
        best_before=found.best_before,
    )  # fmt: skip
