"""Labels are read back by a decoder with the same identifiers, from SVG and PDF (S13, S20)."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.labels import (
    SIZES,
    Item,
    Label,
    Symbol,
    Symbology,
    carton_label,
    draw_pdf,
    draw_svg,
    location_label,
    lot_label,
    unit_label,
)
from shared.scans import Scan, ScanKind
from tests.support.label_images import draw_pdf_images, draw_svg_image, read_image, read_pdf_text

TODAY = date(2026, 11, 30)
GTIN, SSCC = "09521234543213", "123456789012345675"
ITEM = Item("WIDGET-1", "Blue widget", GTIN, "00392/174", date(2027, 12, 31))
CHARACTER_SET_82 = "".join(
    chr(code) for code in range(33, 127) if chr(code).isalnum() or chr(code) in "!\"%&'()*+,-./:;<=>?_"
)
IDENTIFIERS = st.text(CHARACTER_SET_82, min_size=1, max_size=20)
PLAIN = st.text([chr(code) for code in range(33, 127)], min_size=1, max_size=64)


def read_everywhere(label: Label) -> Scan:
    """Decode the SVG and the PDF of a label: both hold the symbol once."""
    scans = [*read_image(draw_svg_image(draw_svg(label))), *read_image(draw_pdf_images(draw_pdf([label]))[0])]
    assert len(scans) == 2
    assert scans[0] == scans[1]
    return scans[0]


def test_the_label_of_a_unit_holds_gtin_serial_lot_and_expiry() -> None:
    """S13, S15: one scan of the label says product, serial, lot and expiry, with slashes and leading zeros."""
    scan = read_everywhere(unit_label(ITEM, "SN-0001", TODAY))
    assert scan.symbology == "]d2"
    assert scan.elements == (("01", GTIN), ("17", "271231"), ("10", "00392/174"), ("21", "SN-0001"))


def test_the_label_of_a_lot_holds_no_serial() -> None:
    """S20: the label of a lot says product, lot and expiry; of an untracked product the product alone."""
    assert read_everywhere(lot_label(ITEM, TODAY)).elements == (("01", GTIN), ("17", "271231"), ("10", "00392/174"))
    assert read_everywhere(lot_label(Item("SCREW", gtin=GTIN), TODAY)).elements == (("01", GTIN),)


def test_the_label_of_a_carton_holds_its_sscc() -> None:
    """S22: GS1-128 with the SSCC; without one a plain code of the carton number, and the label says so."""
    scan = read_everywhere(carton_label("C-1", "O-1", SSCC))
    assert (scan.symbology, scan.elements) == ("]C1", (("00", SSCC),))
    plain = carton_label("C-1", "O-1", None)
    assert read_everywhere(plain).value == "C-1"
    assert "No SSCC: plain code of the carton number" in plain.lines


@pytest.mark.parametrize(
    ("serial", "reason"),
    [("A" * 21, "over 20 characters"), ("SN#1", "characters that GS1 does not allow"), ("A B", "does not allow")],
)
def test_a_serial_that_gs1_does_not_allow_gets_a_plain_code(serial: str, reason: str) -> None:
    """S13: the code is the serial number alone; the label says why."""
    label = unit_label(ITEM, serial, TODAY)
    assert label.symbol.symbology is Symbology.DATAMATRIX
    assert reason in label.lines[-1]
    assert read_everywhere(label).value == serial


def test_without_gtin_the_code_is_plain() -> None:
    """S13: a GTIN is never invented, nor one with a wrong check digit used."""
    for gtin in (None, "09521234543214"):
        label = unit_label(ITEM._replace(gtin=gtin), "SN-1", TODAY)
        assert label.lines[-1] == "Plain code of the serial number, not GS1: product without GTIN"
        assert read_everywhere(label).value == "SN-1"


def test_what_does_not_fit_the_code_of_a_unit_is_named() -> None:
    """S20: a lot that GS1 does not allow and a year that two digits cannot say are left out, and named."""
    label = unit_label(ITEM._replace(lot="LOT 7", expiry=date(2099, 1, 1)), "SN-1", TODAY)
    assert read_everywhere(label).elements == (("01", GTIN), ("21", "SN-1"))
    assert "Lot not in the code: with characters that GS1 does not allow" in label.lines
    assert "Expiry not in the code: GS1 has two digits for the year" in label.lines


def test_the_text_is_on_the_label() -> None:
    """S13: people read what the code says; a character that the font lacks is a question mark."""
    label = unit_label(ITEM._replace(name="Crème 日"), "SN-1", TODAY)
    (text,) = read_pdf_text(draw_pdf([label]))
    flat = " ".join(text.split())
    for part in ("SN SN-1", "LOT 00392/174", "EXP 2027-12-31", "Crème ?", f"(01){GTIN}", "(21)SN-1"):
        assert part in flat
        assert part.partition(" ")[0].replace("&", "&amp;") in draw_svg(label)


def test_several_labels_are_pages_of_their_sizes() -> None:
    """S13: labels of a receipt are printed at once."""
    labels = [unit_label(ITEM, f"SN-{number}", TODAY) for number in range(3)] + [carton_label("C", "O", SSCC)]
    pages = draw_pdf_images(draw_pdf(labels))
    assert [read_image(page)[0].element("21") for page in pages] == ["SN-0", "SN-1", "SN-2", None]
    assert pages[3].height > pages[0].height


def test_symbols_take_valid_data_only() -> None:
    """S13: neither an empty symbol, nor plain text in a GS1 symbol."""
    for symbology in Symbology:
        with pytest.raises(ValueError, match="holds"):
            Symbol(symbology)
    with pytest.raises(ValueError, match="element string"):
        Symbol(Symbology.GS1_128, text="C-1")


@settings(max_examples=40)
@given(serial=IDENTIFIERS, lot=IDENTIFIERS | st.just(""), expiry=st.none() | st.dates(TODAY, date(2070, 1, 1)))
def test_identifiers_survive_label_and_scan(serial: str, lot: str, expiry: date | None) -> None:
    """S13, S20: what goes onto a label is what its scan says, whatever GS1 allows."""
    scan = read_everywhere(unit_label(Item("SKU", "", GTIN, lot, expiry), serial, TODAY))
    assert scan.kind is ScanKind.GS1_ELEMENT_STRING
    assert (scan.gtin, scan.element("21"), scan.element("10")) == (GTIN, serial, lot or None)
    assert scan.element("17") == (f"{expiry:%y%m%d}" if expiry else None)


@settings(max_examples=40)
@given(text=PLAIN, size=st.sampled_from(sorted(SIZES)))
def test_plain_codes_survive_label_and_scan(text: str, size: str) -> None:
    """S22: a location or carton number is read as it is, on every size."""
    label = location_label(f"EAST/{text.replace('/', '-')[:32]}", "STORAGE", size)  # type: ignore[arg-type]
    assert read_everywhere(label).text[3:] == label.symbol.text
    label = carton_label(text, "O-1", None, size)  # type: ignore[arg-type]
    assert read_everywhere(label).text[3:] == text
