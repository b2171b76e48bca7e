"""Scanned carton labels where a carton is meant."""

import pytest

from services.fulfillment.shipping import store
from shared.contracts.commands.fulfillment import CreateShipment, MoveCartonItems, UnpackItems
from shared.contracts.fulfillment import CartonPacked
from shared.settings import SsccSettings
from tests.integration.fulfillment.harness import FulfillmentHarness


@pytest.fixture
def prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    """Configure a company prefix."""
    settings = SsccSettings(company_prefix="9521234", extension_digit="5")
    monkeypatch.setattr(store, "sscc_settings", lambda: settings)


async def carton_of(harness: FulfillmentHarness, serial: str) -> str:
    """The carton of a unit."""
    (row,) = await harness.fetch_all(
        "SELECT carton FROM allocated_unit WHERE sku = :sku AND serial = :serial", sku=harness.sku, serial=serial
    )
    return str(row["carton"])


@pytest.mark.usefixtures("prefix")
async def test_the_label_of_a_carton_names_it(harness: FulfillmentHarness) -> None:
    """S21: packed into, unpacked, moved and shipped by the SSCC in any spelling; a number stays a number."""
    await harness.pack_order("SO-1", "C-1", "S1", "S2")
    (content,) = harness.events_of(CartonPacked)
    order, carton, sscc = content.order, content.carton, content.sscc
    units = harness.scanned_units("S1")
    await harness.handle(UnpackItems(order=order, carton=f"]C100{sscc}", units=units))
    assert harness.events_of(CartonPacked)[0].carton == carton
    packed = await harness.handle(
        harness.pack_command("SO-1", "", "S1").model_copy(update={"carton": f"https://id.gs1.org/00/{sscc}"})
    )
    assert packed.error_codes() == []
    assert await carton_of(harness, "S1") == carton
    await harness.handle(
        MoveCartonItems(order=order, carton=f"(00){sscc}", to_carton="(00)895212340000000118", units=units)
    )
    assert await carton_of(harness, "S1") == "895212340000000118"
    await harness.handle(
        CreateShipment(shipment=harness.scoped_id("SH-1"), cartons=[f"00{sscc}", "]C100895212340000000118"])
    )
    rows = await harness.fetch_all(
        "SELECT carton FROM carton WHERE shipment = :shipment ORDER BY carton", shipment=harness.scoped_id("SH-1")
    )
    assert [row["carton"] for row in rows] == ["895212340000000118", carton]
    assert await harness.rejection_codes(UnpackItems(order=order, carton="(00)895212340000000101", units=units)) == [
        "carton_not_found"
    ]
