"""Trace-back and trace-forward of lots."""

import httpx

from shared.identifiers import resource_path
from tests.integration.lots.conftest import LotsHarness
from tests.integration.lots.test_lookup import FAR_EXPIRY, UNUSUAL_NUMBER, get_json
from tests.support.messages.lot_orders import OrderMessages
from tests.support.messages.lots import DOCK, OUTBOUND, SHELF, STAGE


async def test_lot_trace_back(harness: LotsHarness, http: httpx.AsyncClient) -> None:
    """The backward trace lists receipts with supplier, returns, and found stock (S46)."""
    messages = OrderMessages(harness.sku)
    other_receipt = messages.receive(messages.received_lot(UNUSUAL_NUMBER, 5, FAR_EXPIRY), receipt="R-2").model_copy(
        update={"supplier": "Farm"}
    )
    await harness.handle(messages.receive(messages.received_lot(UNUSUAL_NUMBER, 10, FAR_EXPIRY)), other_receipt)
    await ship_lot(harness, messages)
    await harness.handle(messages.return_from_customer(UNUSUAL_NUMBER, 1))
    await harness.handle(messages.adjust(UNUSUAL_NUMBER, 2, "FOUND"))
    trace = await get_json(http, resource_path("lots", harness.sku, UNUSUAL_NUMBER, "trace-back"))
    assert [
        (inflow["change"], inflow["quantity"], inflow["receipt"], inflow["supplier"]) for inflow in trace["inflows"]
    ] == [
        ("RECEIVED", 10, "R-1", "Dairy"), ("RECEIVED", 5, "R-2", "Farm"),
        ("RETURNED", 1, None, None), ("FOUND", 2, None, None),
    ]  # fmt: skip
    assert trace["inflows"][2]["customer"] == "C-1"


async def ship_lot(harness: LotsHarness, messages: OrderMessages) -> None:
    """Ship four of the lot to one order, allocate three to a second, and pick two for a third."""
    await harness.handle(
        messages.put_away(UNUSUAL_NUMBER, 10),
        messages.request_allocation(1, 4),
        messages.request_allocation(2, 3),
        messages.request_allocation(3, 2),
    )
    await harness.handle(
        messages.pick(1, messages.lot_at_location(UNUSUAL_NUMBER, 4)),
        messages.pick(3, messages.lot_at_location(UNUSUAL_NUMBER, 2)),
    )
    await harness.handle(messages.dispatch(1, {UNUSUAL_NUMBER: 4}))


async def test_lot_trace_forward(harness: LotsHarness, http: httpx.AsyncClient) -> None:
    """The forward trace lists shipments, commitments, remaining stock, write-offs and returns (S46)."""
    messages = OrderMessages(harness.sku)
    await harness.handle(messages.receive(messages.received_lot(UNUSUAL_NUMBER, 12, FAR_EXPIRY)))
    await ship_lot(harness, messages)
    await harness.handle(
        messages.return_from_customer(UNUSUAL_NUMBER, 1), messages.adjust(UNUSUAL_NUMBER, 1, "LOST", DOCK)
    )
    trace = await get_json(http, resource_path("lots", harness.sku, UNUSUAL_NUMBER, "trace-forward"))
    assert [
        (outflow["shipment"], outflow["order"], outflow["customer"], outflow["quantity"])
        for outflow in trace["outflows"]
    ] == [("SH-1", messages.order_id(1), "C-1", 4)]
    assert [
        (commitment["order"], commitment["status"], commitment["location"], commitment["quantity"])
        for commitment in trace["commitments"]
    ] == [
        (messages.order_id(2), "ALLOCATED", SHELF, 3), (messages.order_id(3), "PICKED", OUTBOUND, 2),
    ]  # fmt: skip
    assert {commitment["customer"] for commitment in trace["commitments"]} == {"C-1"}
    assert [(location["location"], location["on_hand"], location["available"]) for location in trace["locations"]] == [
        (SHELF, 4, 1), (DOCK, 1, 0), (STAGE, 1, 0),
    ]  # fmt: skip
    assert [(write_off["change"], write_off["quantity"]) for write_off in trace["write_offs"]] == [("LOST", 1)]
    assert [(inflow["return_id"], inflow["quantity"]) for inflow in trace["returned"]] == [("RMA-1", 1)]
    total = sum(item["quantity"] for section in ("outflows", "commitments", "write_offs") for item in trace[section])
    allocated = sum(
        commitment["quantity"] for commitment in trace["commitments"] if commitment["status"] == "ALLOCATED"
    )
    assert total - allocated + sum(location["on_hand"] for location in trace["locations"]) == 12 + 1
