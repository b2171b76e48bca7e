"""Invalid quantities of ASNs and orders, over Kafka and HTTP."""

from typing import Any

import pytest

from tests.e2e.serial_scenario import CUSTOMER, WAREHOUSE, SerialScenario
from tests.e2e.system import JsonObject, SystemUnderTest

INVALID_QUANTITIES = {
    "zero": 0,
    "negative": -1,
    "10^9": 10**9,
    "text": "many",
    "NaN": "NaN",
}
each_invalid_quantity = pytest.mark.parametrize("quantity", INVALID_QUANTITIES.values(), ids=INVALID_QUANTITIES.keys())


def asn_body(scenario: SerialScenario, quantity: Any) -> JsonObject:
    """Return the body of an ASN with this quantity."""
    line = {"line": "1", "sku": scenario.sku, "quantity": quantity}
    return {"receipt": scenario.new_id("ASN"), "warehouse": WAREHOUSE, "lines": [line]}


def order_body(scenario: SerialScenario, quantity: Any) -> JsonObject:
    """Return the body of an order with this quantity."""
    line = {"line": "1", "sku": scenario.sku, "quantity": quantity}
    return {"order": scenario.new_id("SO"), "warehouse": WAREHOUSE, "customer": CUSTOMER.model_dump(), "lines": [line]}


@each_invalid_quantity
async def test_invalid_asn_quantity(system: SystemUnderTest, scenario: SerialScenario, quantity: Any) -> None:
    """An ASN with an invalid quantity is a dead letter over Kafka, a 400 over HTTP, and creates no receipt."""
    data = asn_body(scenario, quantity)
    position = await system.send_record("erp.asns", system.cloud_event("asn.announced.v1", data), data["receipt"])
    assert "quantity" in (await system.wait_for_dead_letter("receiving", position))["error"]
    response = await system.post("receiving", "/receipts", data)
    assert (response.status_code, response.json()["code"]) == (400, "validation_error")
    assert response.json()["errors"][0]["field"] == "lines.0.quantity"
    assert (await system.get("receiving", f"/receipts/{data['receipt']}")).status_code == 404


@each_invalid_quantity
async def test_invalid_order_quantity(system: SystemUnderTest, scenario: SerialScenario, quantity: Any) -> None:
    """An order with an invalid quantity is a dead letter over Kafka, a 400 over HTTP, and creates no order."""
    data = order_body(scenario, quantity)
    position = await system.send_record("oms.orders", system.cloud_event("order.placed.v1", data), data["order"])
    assert "quantity" in (await system.wait_for_dead_letter("fulfillment", position))["error"]
    response = await system.post("fulfillment", "/orders", data)
    assert (response.status_code, response.json()["code"]) == (400, "validation_error")
    assert response.json()["errors"][0]["field"] == "lines.0.quantity"
    assert (await system.get("fulfillment", f"/orders/{data['order']}")).status_code == 404


async def test_fraction_of_a_serial_tracked_unit_is_rejected(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A fraction of a serial-tracked unit can be neither announced nor ordered: 422 (S14)."""
    await scenario.define_product()
    for service, path, data, id_field, topic in (
        ("receiving", "/receipts", asn_body(scenario, 2.5), "receipt", "erp.asns"),
        ("fulfillment", "/orders", order_body(scenario, 2.5), "order", "oms.orders"),
    ):
        response = await system.post(service, path, data)
        assert (response.status_code, response.json()["code"]) == (422, "quantity_precision"), response.text
        type_ = "asn.announced.v1" if id_field == "receipt" else "order.placed.v1"
        event = system.cloud_event(type_, data)
        await system.send_record(topic, event, data[id_field])
        await system.wait_for_rejection(service, event, "quantity_precision", data[id_field])
