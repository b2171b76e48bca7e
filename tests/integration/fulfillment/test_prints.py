"""SSCCs of cartons, carton labels, packing slips and delivery notes."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from httpx import AsyncClient
from sqlalchemy import text

from services.fulfillment.shipping import store
from services.fulfillment.shipping.domain.sscc import count_references
from shared.contracts.commands.fulfillment import CreateShipment, PackItems, PickItems, UnpickItems
from shared.contracts.fulfillment import AllocationRequested, CartonPacked
from shared.contracts.upstream import Customer, OrderLine
from shared.settings import SsccSettings
from tests.integration.fulfillment.harness import FulfillmentHarness
from tests.integration.fulfillment.lot_harness import LotHarness
from tests.support.label_images import draw_pdf_images, draw_svg_image, read_image, read_pdf_text


def configure(monkeypatch: pytest.MonkeyPatch, prefix: str) -> None:
    """Configure a company prefix."""
    monkeypatch.setattr(store, "sscc_settings", lambda: SsccSettings(company_prefix=prefix, extension_digit="3"))


@pytest.fixture
def prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    """Configure a company prefix."""
    configure(monkeypatch, "9521234")


@pytest.mark.usefixtures("prefix")
async def test_new_cartons_get_an_sscc(harness: FulfillmentHarness, http: AsyncClient) -> None:
    """Published and shown with the carton, printed on its label, found by its scan; kept when items leave (S21)."""
    await harness.pack_order("SO-1", "C-1", "S1", "S2")
    (content,) = harness.events_of(CartonPacked)
    sscc, carton = content.sscc, harness.scoped_id("C-1")
    assert sscc
    assert sscc.startswith("39521234")
    assert (await http.get(f"/cartons/{carton}")).json()["sscc"] == sscc
    (scan,) = read_image(draw_svg_image((await http.get(f"/cartons/{carton}/label", params={"format": "svg"})).text))
    assert (scan.symbology, scan.elements) == ("]C1", (("00", sscc),))
    assert (await http.get(f"/cartons/{sscc}")).json()["carton"] == carton
    await harness.pack_order("SO-2", "C-2", "S3")
    (other,) = harness.events_of(CartonPacked)
    assert other.sscc not in (None, sscc)
    labels = await http.get("/carton-labels", params={"order": harness.scoped_id("SO-1")})
    assert [read_image(page)[0].element("00") for page in draw_pdf_images(labels.content)] == [sscc]
    order, units = harness.scoped_id("SO-1"), harness.scanned_units("S1")
    await harness.handle(UnpickItems(order=order, units=units, location="EAST/A-1", reason="wrong"))
    (content,) = harness.events_of(CartonPacked)
    assert (content.sscc, [unit.serial for unit in content.units]) == (sscc, ["S2"])


async def test_without_prefix_cartons_have_no_sscc(harness: FulfillmentHarness, http: AsyncClient) -> None:
    """No SSCC is invented: the label has a plain code of the carton number, and says so (S21)."""
    await harness.pack_order("SO-1", "C-1", "S1")
    (content,) = harness.events_of(CartonPacked)
    assert content.sscc is None
    label = await http.get(f"/cartons/{harness.scoped_id('C-1')}/label", params={"format": "svg"})
    assert [scan.value for scan in read_image(draw_svg_image(label.text))] == [harness.scoped_id("C-1")]
    assert "No SSCC" in label.text


async def test_no_sscc_is_used_again_within_a_year(
    harness: FulfillmentHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the last serial reference the first one follows, unless it was used within a year (S21)."""
    configure(monkeypatch, "952123454321")
    await harness.pack_order("SO-1", "C-1", "S1")
    (content,) = harness.events_of(CartonPacked)
    assert content.sscc
    number = int(content.sscc[13:17]) + count_references("952123454321")
    again = f"SELECT {number} AS number FROM generate_series(1, CAST(:count AS integer))"  # noqa: S608
    monkeypatch.setattr(store, "SELECT_NUMBERS", text(again))
    await harness.pack_order("SO-2", "C-2", "S2")
    assert [event.sscc for event in harness.events_of(CartonPacked)] == [None]
    monkeypatch.setattr(store, "SSCC_RETENTION", timedelta(0))
    await harness.pack_order("SO-3", "C-3", "S3")
    assert [event.sscc for event in harness.events_of(CartonPacked)] == [content.sscc]


@pytest.mark.usefixtures("prefix")
async def test_documents_of_a_shipment(harness: FulfillmentHarness, lot_harness: LotHarness, http: AsyncClient) -> None:
    """The packing slip lists serials, lots and expiry dates; the delivery note quantities and the address (S21)."""
    customer = Customer(id="C-1", name="Ann", ship_to="Main Street 1\n12345 Town", contact="+49 40 1")
    line = OrderLine(line="2", sku=harness.sku, quantity=Decimal(2))
    await harness.handle(lot_harness.order_placed("SO-1", 2, line, customer=customer))
    lots, units = harness.events_of(AllocationRequested)
    await harness.handle(
        lot_harness.lot_allocated(lots, ("L/1", 2), expiry=date(2031, 3, 31)),
        harness.serial_allocated(units, ["S1", "S2"]),
    )
    carton, shipment = harness.scoped_id("C-1"), harness.scoped_id("SH-1")
    content: dict[str, Any] = {
        "order": lots.order, "units": harness.scanned_units("S1", "S2"),
        "stock": lot_harness.lot_selectors(("L/1", 2)),
    }  # fmt: skip
    await harness.handle(PickItems(location="EAST/STAGE", **content), PackItems(carton=carton, **content))
    await harness.handle(CreateShipment(shipment=shipment, cartons=[carton], carrier="DHL", tracking_number="T-9"))
    sscc = (await http.get(f"/cartons/{carton}")).json()["sscc"]
    for path in (f"/cartons/{carton}/packing-slip", f"/shipments/{shipment}/packing-slips"):
        response = await http.get(path)
        assert (response.status_code, response.headers["Content-Type"]) == (200, "application/pdf")
        (page,) = read_pdf_text(response.content)
        for part in (carton, sscc, "S1", "S2", "L/1", "2031-03-31", "DHL", "T-9", "12345 Town", "2 serial numbers"):
            assert part in page
    (note,) = read_pdf_text((await http.get(f"/shipments/{shipment}/delivery-note")).content)
    for part in (shipment, lots.order, "Main Street 1", "12345 Town", "+49 40 1", "L/1", "2031-03-31", sscc, "DHL"):
        assert part in note
    assert "S1" not in note.split()
    label = await http.get(f"/cartons/{carton}/label", params={"format": "zpl"})
    assert "12345 Town" in label.text
    for path in ("/cartons/X/packing-slip", "/cartons/X/label", "/shipments/X/packing-slips"):
        assert (await http.get(path)).status_code == 404
