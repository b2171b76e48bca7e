"""Labels of locations over HTTP are read back by a decoder."""

import httpx

from tests.integration.receiving.conftest import ReceivingHarness
from tests.support.label_images import draw_pdf_images, draw_svg_image, read_image


async def test_labels_of_locations(harness: ReceivingHarness, http: httpx.AsyncClient) -> None:
    """The code is the location with its warehouse; several print at once, an unknown one is named (S17)."""
    warehouse = harness.scoped_id("EAST")
    listed = (await http.get("/locations", params={"warehouse": warehouse})).json()["items"]
    locations = [location["location"] for location in listed]
    svg = await http.get(f"/locations/{locations[0]}/label", params={"format": "svg"})
    assert [scan.value for scan in read_image(draw_svg_image(svg.text))] == locations[:1]
    pages = await http.get("/location-labels", params={"location": locations})
    assert [read_image(page)[0].value for page in draw_pdf_images(pages.content)] == locations
    assert len(draw_pdf_images((await http.get("/location-labels", params={"warehouse": warehouse})).content)) == len(
        locations
    )
    unknown = await http.get("/location-labels", params={"location": [*locations, f"{warehouse}/NOWHERE"]})
    assert (unknown.status_code, unknown.json()["ids"]) == (404, [f"{warehouse}/NOWHERE"])
