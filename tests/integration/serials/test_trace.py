"""Traces of a unit back and forward."""

from typing import Any

import httpx

from tests.integration.serials.conftest import SerialsHarness
from tests.integration.serials.messages import ProductMessages, serial_numbers


async def test_unit_trace_back_and_forward(harness: SerialsHarness, http: httpx.AsyncClient) -> None:
    """The traces contain receipts and returns, and shipments with the current location (S46)."""
    messages = ProductMessages(harness.sku)
    serials = serial_numbers(1)
    await harness.handle(messages.receive(serials, lot="L-7/a"))
    await harness.handle(messages.put_away(serials), messages.request_allocation(1))
    await harness.handle(messages.pick(1, serials))
    await harness.handle(messages.dispatch(1, serials))

    async def get(resource: str) -> Any:
        return (await http.get(f"/serials/{harness.sku}/{serials[0]}/{resource}")).json()

    forward = await get("trace-forward")
    assert (forward["status"], forward["location"], forward["lot"]) == ("SHIPPED", None, "L-7/a")
    assert [(shipment["order"], shipment["shipment"], shipment["customer"]) for shipment in forward["outflows"]] == [
        (messages.order_id(1), forward["shipment"], forward["customer"])
    ]
    assert forward["customer"]
    await harness.handle(messages.return_from_customer(1, serials, version=3))
    forward_after_return = await get("trace-forward")
    assert (forward_after_return["status"], len(forward_after_return["outflows"])) == ("RECEIVED", 1)
    backward = await get("trace-back")
    assert [(entry["receipt"], entry["return_id"]) for entry in backward["inflows"]] == [("R-1", None), (None, "RMA-1")]
    assert (await http.get(f"/serials/{harness.sku}/unknown/trace-back")).status_code == 404
