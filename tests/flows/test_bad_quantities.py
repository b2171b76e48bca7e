"""Quantities that are none: neither announced nor ordered, over Kafka and over HTTP."""

from typing import Any

import pytest

from tests.flows.shop import CUSTOMER, WAREHOUSE, Shop
from tests.flows.world import Json, World

BAD = {"zero": 0, "negative": -1, "a thousand million": 10**9, "no number": "many", "not a number": "NaN"}
each_bad = pytest.mark.parametrize("quantity", BAD.values(), ids=BAD.keys())


def asn(shop: Shop, quantity: Any) -> Json:
    """An ASN of that many."""
    line = {"line": "1", "sku": shop.sku, "quantity": quantity}
    return {"receipt": shop.no("ASN"), "warehouse": WAREHOUSE, "lines": [line]}


def order(shop: Shop, quantity: Any) -> Json:
    """An order of that many."""
    line = {"line": "1", "sku": shop.sku, "quantity": quantity}
    return {"order": shop.no("SO"), "warehouse": WAREHOUSE, "customer": CUSTOMER.model_dump(), "lines": [line]}


@each_bad
async def test_an_announced_quantity_that_is_none(world: World, shop: Shop, quantity: Any) -> None:
    """An ASN of 0, of less, or of 10^9 units is a dead letter over Kafka and a 400 over HTTP; there is no receipt."""
    data = asn(shop, quantity)
    at = await world.send("erp.asns", world.cloud_event("asn.announced.v1", data), data["receipt"])
    assert "quantity" in (await world.dead_letter("receiving", at))["error"]
    answer = await world.post("receiving", "/receipts", data)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
    assert answer.json()["errors"][0]["field"] == "lines.0.quantity"
    assert (await world.get("receiving", f"/receipts/{data['receipt']}")).status_code == 404


@each_bad
async def test_an_ordered_quantity_that_is_none(world: World, shop: Shop, quantity: Any) -> None:
    """An order of 0, of less, or of 10^9 units is a dead letter over Kafka and a 400 over HTTP; there is no order."""
    data = order(shop, quantity)
    at = await world.send("oms.orders", world.cloud_event("order.placed.v1", data), data["order"])
    assert "quantity" in (await world.dead_letter("fulfillment", at))["error"]
    answer = await world.post("fulfillment", "/orders", data)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
    assert answer.json()["errors"][0]["field"] == "lines.0.quantity"
    assert (await world.get("fulfillment", f"/orders/{data['order']}")).status_code == 404


async def test_half_a_serialised_unit_is_refused(world: World, shop: Shop) -> None:
    """2.5 units of a serial-tracked product can be neither announced nor ordered: 422, with its code (S14)."""
    await shop.product()
    for service, path, data, document, topic in (
        ("receiving", "/receipts", asn(shop, 2.5), "receipt", "erp.asns"),
        ("fulfillment", "/orders", order(shop, 2.5), "order", "oms.orders"),
    ):
        answer = await world.post(service, path, data)
        assert (answer.status_code, answer.json()["code"]) == (422, "not_whole"), answer.text
        type_ = "asn.announced.v1" if document == "receipt" else "order.placed.v1"
        event = world.cloud_event(type_, data)
        await world.send(topic, event, data[document])
        await world.rejection(service, event, "not_whole", data[document])
