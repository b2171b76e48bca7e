"""Labels of units over HTTP are read back by a decoder."""

from datetime import date

import httpx

from tests.integration.serials.conftest import SerialsHarness
from tests.integration.serials.messages import ProductMessages, serial_numbers
from tests.support.label_images import draw_pdf_images, draw_svg_image, read_image
from tests.support.messages.reference import product_changed

GTIN = "09521234543213"
BARCODES = [
    {"code": "PUMP-CODE"}, {"code": "19521234543210", "quantity": 12}, {"code": "9521234543214"},
    {"code": "9521234543213"},
]  # fmt: skip


async def test_labels_of_units(http: httpx.AsyncClient, harness: SerialsHarness) -> None:
    """The GTIN of one unit, not of its case or with a wrong check digit; serial, lot and expiry as received (S13)."""
    messages, serials = ProductMessages(harness.sku), serial_numbers(2)
    await harness.handle(product_changed(harness.sku, "SERIAL", barcodes=BARCODES, name="Pump & seal"))
    receipt = harness.scoped_id("R-1")
    await harness.handle(messages.expect(serials, receipt=receipt))
    await harness.handle(messages.receive(serials, lot="00a/7", expiry=date(2031, 3, 31), receipt=receipt))
    path = f"/serials/{harness.sku}/{serials[0]}/label"
    svg = await http.get(path, params={"format": "svg"})
    assert (svg.status_code, svg.headers["Content-Type"]) == (200, "image/svg+xml")
    (scan,) = read_image(draw_svg_image(svg.text))
    assert scan.elements == (("01", GTIN), ("17", "310331"), ("10", "00a/7"), ("21", serials[0]))
    zpl = await http.get(path, params={"format": "zpl", "size": "100x50", "dpi": "300"})
    assert zpl.text.startswith("^XA^CI28^PW1200")
    pages = await http.get("/serial-labels", params={"receipt": receipt})
    assert pages.headers["Content-Type"] == "application/pdf"
    scans = [read_image(page)[0] for page in draw_pdf_images(pages.content)]
    assert [scan.element("21") for scan in scans] == serials


async def test_labels_that_do_not_exist(http: httpx.AsyncClient, harness: SerialsHarness) -> None:
    """An unknown unit has no label, several labels are no single image, sizes are given (S13)."""
    assert (await http.get(f"/serials/{harness.sku}/X/label")).status_code == 404
    for path, params in (("/serial-labels", {"format": "svg"}), (f"/serials/{harness.sku}/X/label", {"size": "1x1"})):
        assert (await http.get(path, params=params)).status_code == 400
