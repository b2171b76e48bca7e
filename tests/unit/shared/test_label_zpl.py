"""Labels in ZPL are read back by a decoder, drawn by a renderer of ZPL on Node.js."""

from datetime import date

import pytest

from shared.labels import Item, carton_label, draw_zpl, location_label, lot_label, unit_label
from tests.support.label_images import draw_zpl_images, install_zpl_renderer, read_image

TODAY = date(2026, 11, 30)
GTIN, SSCC = "09521234543213", "123456789012345675"
ITEM = Item("WIDGET-1", "Blue ^ widget ~", GTIN, "00392/174_>!", date(2027, 12, 31))


def test_the_printer_draws_symbols_and_text() -> None:
    """S13: native commands, and no character of an identifier is a command."""
    zpl = draw_zpl([unit_label(ITEM._replace(gtin=None), "^XZ~JR\\", TODAY)])
    assert zpl.count("^XZ") == 1
    assert "~" not in zpl
    assert "^BXN," in zpl
    assert "\\5EXZ\\7EJR\\5C" in zpl


@pytest.mark.parametrize("dots_per_mm", [8, 12])
def test_labels_in_zpl_are_read_back(dots_per_mm: int) -> None:
    """S13, S20, S22: each label says its identifiers, at 203 and 300 dpi."""
    if reason := install_zpl_renderer():
        pytest.skip(reason)
    item = ITEM._replace(lot="00392/174_>?")
    labels = [
        unit_label(item, "SN_>;>8\"%&'()*+,!", TODAY, "100x50"),
        lot_label(item, TODAY, "100x50"),
        unit_label(item._replace(gtin=None), "a b^c~d\\e|!#$%&()@", TODAY, "100x50"),
        carton_label("C-1", "O-1", SSCC, "100x50"),
        carton_label("C>1^~\\0", "O-1", None, "100x50"),
        location_label("EAST/A-01-02", "STORAGE", "100x50"),
    ]
    images = draw_zpl_images(draw_zpl(labels, dots_per_mm), (100, 50), dots_per_mm)
    scans = [read_image(image)[0] for image in images]
    assert [scan.elements for scan in scans] == [label.symbol.elements for label in labels]
    assert [scan.value for scan in scans] == [label.symbol.data for label in labels]
    assert [scan.symbology for scan in scans] == ["]d2", "]d2", "]d1", "]C1", "]C0", "]C0"]
