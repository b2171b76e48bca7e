"""What counts as history of a product: open announcements and anything that was received or ordered."""

import httpx

from shared.contracts.commands.receiving import CloseReceipt, DiscardSession
from shared.contracts.reference import ProductOrdered
from shared.contracts.upstream import AsnCancelled, ProductDefined
from tests.integration.receiving.conftest import ReceivingHarness
from tests.integration.receiving.lot_messages import lot_scan_command, scanned_lot
from tests.integration.receiving.test_http import get_json, post


async def change_unit(harness: ReceivingHarness, sku: str, unit: str) -> list[str]:
    """Change the unit of a product; returns the error codes."""
    return (await harness.handle(ProductDefined(sku=harness.scoped_id(sku), unit=unit))).error_codes()


async def test_unit_of_a_product_with_stock_is_refused(milk_harness: ReceivingHarness, http: httpx.AsyncClient) -> None:
    """100 boxes do not become 100 pieces, over HTTP and Kafka; what was received counts for ever (S03)."""
    sku, receipt = milk_harness.scoped_id("MILK"), milk_harness.scoped_id("R")
    response = await post(http, "/products", sku=sku, unit="box")
    assert (response.status_code, response.json()["code"]) == (409, "product_in_use")
    assert "unit 'each' cannot change" in response.json()["detail"]
    await milk_harness.handle(lot_scan_command(milk_harness, scanned_lot("A", 5)), milk_harness.confirm_command("R"))
    await milk_harness.handle(CloseReceipt(receipt=receipt))
    assert await change_unit(milk_harness, "MILK", "box") == ["product_in_use"]
    assert await change_unit(milk_harness, "SALT", "box") == []
    assert (await get_json(http, f"/products/{sku}"))["unit"] == "each"


async def test_history_of_serial_tracked_products(harness: ReceivingHarness) -> None:
    """An announcement counts until it is cancelled, scans until they are discarded, received units always (S03)."""
    assert await change_unit(harness, "PUMP", "set") == []
    await harness.handle(harness.asn_command("R1", "A", "B"))
    assert await change_unit(harness, "PUMP", "each") == ["product_in_use"]
    await harness.handle(AsnCancelled(receipt=harness.scoped_id("R1")))
    assert await change_unit(harness, "PUMP", "each") == []
    await harness.handle(harness.asn_command("R2", kind="BLIND", lines=[]), harness.scan_command("R2", "A"))
    assert await change_unit(harness, "PUMP", "set") == ["product_in_use"]
    await harness.handle(DiscardSession(receipt=harness.scoped_id("R2"), session="S"))
    assert await change_unit(harness, "PUMP", "set") == []
    await harness.handle(harness.scan_command("R2", "A", session="S2"), harness.confirm_command("R2", "S2"))
    await harness.handle(CloseReceipt(receipt=harness.scoped_id("R2")))
    assert await change_unit(harness, "PUMP", "each") == ["product_in_use"]


async def test_ordered_product_keeps_unit_tracking_and_decimals(
    harness: ReceivingHarness, http: httpx.AsyncClient
) -> None:
    """An order is history for ever, also of a product that is defined later; receipts do not block it (S03)."""
    sku, later = harness.scoped_id("SALT"), harness.scoped_id("LATER")
    repeated = ProductOrdered(sku=sku, ordered_version=1)
    result = await harness.handle(repeated, repeated, ProductOrdered(sku=later))
    assert result.event_types() == []
    response = await post(http, "/products", sku=sku, unit="bag")
    assert (response.status_code, response.json()["code"]) == (409, "product_in_use")
    assert response.json()["detail"] == f"Product {sku} was ordered; its unit 'kg' cannot change"
    assert "blocked_by" not in response.json()
    for change in ({"lot_tracked": True}, {"decimals": 2}):
        rejected = await harness.handle(ProductDefined.model_validate({"sku": sku} | change))
        assert rejected.error_codes() == ["product_in_use"]
    defined = ProductDefined(sku=later, name="Later", unit="kg")
    assert (await harness.handle(defined, defined.model_copy(update={"unit": "bag"}))).error_codes() == [
        "product_in_use"
    ]


async def test_change_before_the_first_order_arrives_is_a_conflict(harness: ReceivingHarness) -> None:
    """A unit that changed while the first order was on its way stays changed, and a supervisor learns of it (S03)."""
    sku, first = harness.scoped_id("SALT"), ProductOrdered(sku=harness.scoped_id("SALT"), ordered_version=1)
    result = await harness.handle(ProductDefined(sku=sku, unit="bag"), first, ProductDefined(sku=sku, unit="box"))
    assert result.error_codes() == ["product_in_use"]
    [conflict] = [data for data in result.data_of("receipt.rejected.v1") if data["kind"] == "EVENT_CONFLICT"]
    assert (conflict["code"], conflict["sku"], conflict["rejected_type"]) == (
        "product_in_use", sku, "product.ordered.v1",
    )  # fmt: skip
    assert "ordered as version 1; its unit 'kg' cannot change, but is changed in version 2" in conflict["detail"]
    assert (await harness.handle(first)).events == []
    pump = harness.scoped_id("PUMP")
    renamed = await harness.handle(ProductDefined(sku=pump, name="P"), ProductOrdered(sku=pump, ordered_version=1))
    assert renamed.event_types() == ["product.changed.v1"]
