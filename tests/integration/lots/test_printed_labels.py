"""Labels of lots over HTTP are read back by a decoder."""

import httpx

from tests.integration.lots.conftest import LotsHarness
from tests.support.label_images import draw_pdf_images, draw_svg_image, read_image
from tests.support.messages.reference import product_changed

GTIN = "09521234543213"


async def test_labels_of_lots(http: httpx.AsyncClient, harness: LotsHarness) -> None:
    """GTIN, expiry and lot with its slash and zeros; a lot that GS1 does not allow has a plain code (S20)."""
    product = product_changed(harness.sku, "LOT", version=2, barcodes=[{"code": GTIN}])
    messages, receipt = harness.messages, harness.scoped_id("R-1")
    await harness.handle(product)
    lots = [messages.received_lot("00392/174"), messages.received_lot("LOT 7")]
    await harness.handle(messages.receive(*lots, receipt=receipt))
    svg = await http.get(f"/lots/{harness.sku}/00392%2F174/label", params={"format": "svg"})
    (scan,) = read_image(draw_svg_image(svg.text))
    assert (scan.gtin, scan.element("10"), scan.element("17")) == (GTIN, "00392/174", f"{lots[0].expiry:%y%m%d}")
    pages = draw_pdf_images((await http.get("/lot-labels", params={"receipt": receipt})).content)
    assert [read_image(page)[0].text[:3] for page in pages] == ["]d2", "]d1"]
    assert (await http.get(f"/lots/{harness.sku}/NONE/label")).status_code == 404
