"""Products and locations: tracking modes, policies and publication to all services."""

from shared.contracts.commands.receiving import CloseReceipt
from shared.contracts.product_attributes import DefinedBarcode
from shared.contracts.upstream import AsnAnnounced, AsnLine, LocationDefined, ProductDefined, WarehouseDefined
from tests.e2e.serial_scenario import STAGE, WAREHOUSE, SerialScenario
from tests.e2e.system import SystemUnderTest
from tests.support.polling import wait_until


async def test_product_tracking_modes(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A product is tracked by SERIAL, LOT or NONE, as defined, in all services (S01)."""
    boxes = {"SERIAL": {"serial_tracked": True}, "LOT": {"lot_tracked": True}, "NONE": {"serial_tracked": False}}
    for tracking, box in boxes.items():
        sku = await scenario.define_product(scenario.new_id(tracking), **box)
        (event,) = await scenario.wait_for_event("products", sku, "product.changed.v1")
        assert event["data"]["tracking"] == tracking
        assert (await system.get_json("receiving", f"/products/{sku}"))["tracking"] == tracking


async def test_receiving_a_tracked_product_requires_serials(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A serial-tracked product is received by serial only; unscanned units are short (S02)."""
    await scenario.define_product()
    receipt = scenario.new_id("ASN")
    line = AsnLine(line="1", sku=scenario.sku, quantity=3)
    await system.publish(AsnAnnounced(receipt=receipt, warehouse=WAREHOUSE, lines=[line]))
    await scenario.wait_for_event("receiving.events", receipt, "receipt.line_expected.v1")
    await system.execute(CloseReceipt(receipt=receipt))
    (closed,) = await scenario.wait_for_event("receiving.events", receipt, "receipt.closed.v1")
    (summary,) = closed["data"]["lines"]
    assert (summary["announced"], summary["received"], summary["short"]) == (3, 0, 3)
    await system.wait_until_quiescent()
    assert not await system.fetch_rows("serials", "SELECT 1 FROM serial WHERE sku = $1", scenario.sku)


async def test_picking_a_tracked_product_requires_serials(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A pick of a serial-tracked product lists serials; a quantity is a validation_error (S02)."""
    await scenario.define_product()
    await scenario.stock_units(2)
    order = await scenario.place_order(2)
    await scenario.wait_for_allocation(order, 2)
    for units in ([], [{"sku": scenario.sku}], [{"sku": scenario.sku, "quantity": 2}]):
        response = await system.post("fulfillment", "/picks", {"order": order, "units": units, "location": STAGE})
        assert (response.status_code, response.json()["code"]) == (400, "validation_error")
    await scenario.wait_for_allocation(order, 2)


async def test_serials_of_an_untracked_product_are_rejected(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """Serials of an untracked or lot-tracked product are rejected (S02)."""
    for boxes in ({"serial_tracked": False}, {"lot_tracked": True}):
        sku = await scenario.define_product(scenario.new_id("P"), **boxes)
        receipt = scenario.new_id("BR")
        await system.execute(AsnAnnounced(receipt=receipt, warehouse=WAREHOUSE, kind="BLIND"))
        await system.assert_rejected(scenario.scan_command(receipt, ["U-1"], sku=sku), "not_serial_tracked")
        line = AsnLine(line="1", sku=sku, quantity=1, serials=["U-1"])
        asn = AsnAnnounced(receipt=scenario.new_id("ASN"), warehouse=WAREHOUSE, lines=[line])
        await system.assert_rejected(asn, "not_serial_tracked")
        order = scenario.order_command(1, serials=["U-1"], sku=sku)
        await scenario.wait_for_product_at_fulfillment(sku)
        await system.assert_rejected(order, "not_serial_tracked")


async def test_unit_of_an_ordered_product_is_refused(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """An order, also of a product that is never received, fixes its unit and tracking at receiving (S03)."""
    await scenario.define_product()
    await scenario.place_order(2)
    await scenario.wait_for_event("ordered-products", scenario.sku, "product.ordered.v1")
    await system.wait_until_quiescent()
    for change in ({"unit": "box"}, {"serial_tracked": False}):
        await system.assert_rejected(ProductDefined.model_validate({"sku": scenario.sku} | change), "product_in_use")


async def test_product_cannot_have_both_trackings(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A product tracked by both serial and lot is rejected over Kafka and HTTP (S03)."""
    both = ProductDefined(sku=scenario.sku, name="Pump", serial_tracked=True, lot_tracked=True)
    (event,) = await system.publish(both)
    await system.wait_for_rejection("receiving", event, "conflicting_tracking", scenario.sku)
    problem = await system.assert_rejected(both, "conflicting_tracking")
    assert problem["status"] == 422
    assert "by serial" in problem["detail"]
    assert "by lot" in problem["detail"]
    assert (await system.get("receiving", f"/products/{scenario.sku}")).status_code == 404


async def test_tracking_change_is_rejected_with_history(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A product with a receipt keeps its tracking; the rejection lists the document (S03)."""
    await scenario.define_product()
    await scenario.announce_asn(scenario.new_serials(1))
    switch = ProductDefined(sku=scenario.sku, serial_tracked=False, lot_tracked=True)
    (event,) = await system.publish(switch)
    await system.wait_for_rejection("receiving", event, "product_in_use", scenario.sku)
    problem = await system.assert_rejected(switch, "product_in_use")
    assert problem["status"] == 409
    assert problem["blocked_by"]
    assert (await system.get_json("receiving", f"/products/{scenario.sku}"))["tracking"] == "SERIAL"


async def test_tracking_can_change_without_history(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """Without receipts and orders the tracking can change; a later order is served by the new owner of the stock."""
    await scenario.define_product(lot_tracked=True)
    await scenario.redefine_product(serial_tracked=True, lot_tracked=False)
    serials = await scenario.stock_units(1)
    await system.wait_until_quiescent()
    order = await scenario.place_order(1)
    assert await scenario.wait_for_allocation(order, 1) == serials


async def test_barcode_belongs_to_one_product(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A product may have several barcodes; one of another product is rejected with its owner."""
    codes = [
        DefinedBarcode(code=f"4{scenario.token}", quantity=1),
        DefinedBarcode(code=f"5{scenario.token}", quantity=12),
    ]
    await scenario.define_product(barcodes=codes)
    other = ProductDefined(sku=scenario.new_id("P"), name="Other", serial_tracked=True, barcodes=codes[:1])
    problem = await system.assert_rejected(other, "barcode_taken")
    assert problem["blocked_by"] == [f"/products/{scenario.sku}"]
    (event,) = await scenario.wait_for_event("products", scenario.sku)
    assert {code["code"]: code["quantity"] for code in event["data"]["barcodes"]} == {
        code.code: code.quantity for code in codes
    }


async def test_product_changes_are_recorded(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """Each change of a product is recorded with actor and both versions; a no-op is not (S22)."""
    for name in ("Pump", "Pump", "Pump 300"):
        await system.execute(ProductDefined(sku=scenario.sku, name=name, serial_tracked=True), actor="mia")
    latest, first = (await system.get_json("receiving", f"/products/{scenario.sku}/changes"))["items"]
    assert (first["version"], first["before"], first["after"]["name"]) == (1, None, "Pump")
    assert (latest["version"], latest["before"]["name"], latest["after"]["name"]) == (2, "Pump", "Pump 300")
    assert {latest["actor"], first["actor"]} == {"mia"}
    await scenario.wait_for_event("products", scenario.sku, version=2)
    assert len(system.listener.events_of("products", scenario.sku)) == 2


async def test_locations_are_published_to_all_services(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A warehouse and a location defined over HTTP are published to all services (S35)."""
    warehouse, location = f"W{scenario.token}", f"W{scenario.token}/A-1"
    await system.execute(WarehouseDefined(warehouse=warehouse, name="New", time_zone="Asia/Tokyo"))
    await system.execute(LocationDefined(location=location, type="STORAGE", pick_sequence=7))
    await scenario.wait_for_event("locations", warehouse, "warehouse.changed.v1", time_zone="Asia/Tokyo")
    await scenario.wait_for_event("locations", location, "location.changed.v1", type="STORAGE", pick_sequence=7)

    async def is_known() -> bool:
        for service in ("serials", "fulfillment"):
            assert await system.fetch_rows(service, "SELECT 1 FROM location WHERE location = $1", location), service
        return True

    await wait_until(is_known)
    invalid_warehouse = WarehouseDefined(warehouse="MARS", name="Mars", time_zone="Mars/Olympus")
    await system.assert_rejected(invalid_warehouse, "unknown_time_zone")


async def test_demand_without_lot_stock_is_reported_short(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A demand without stock is answered by lots as entirely open."""
    await scenario.define_product(serial_tracked=False)
    order = await scenario.place_order(5)
    (allocation,) = await scenario.wait_for_event("lots.events", scenario.sku, "lot.allocated.v1", order=order)
    assert allocation["data"]["open_quantity"] == 5

    async def is_backordered() -> bool:
        order_body = await system.get_json("fulfillment", f"/orders/{order}")
        return bool(order_body["lines"][0]["backordered"] == 5)

    await wait_until(is_backordered)
