"""Traces of a unit back and forward."""

from typing import Any

import httpx

from shared.contracts.commands.serials import MoveSerials
from tests.integration.serials.conftest import SerialsHarness
from tests.integration.serials.messages import ProductMessages, serial_numbers
from tests.support.messages.serials import BIN


async def test_unit_trace_back_and_forward(harness: SerialsHarness, http: httpx.AsyncClient) -> None:
    """The traces contain receipts with suppliers, returns, and shipments with the current location (S46)."""
    messages = ProductMessages(harness.sku)
    serials = serial_numbers(1)
    await harness.handle(messages.receive(serials, receipt="ASN-1", lot="L-7/a", supplier="Acme"))
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
    assert [(entry["receipt"], entry["supplier"], entry["return_id"]) for entry in backward["inflows"]] == [
        ("ASN-1", "Acme", None), (None, None, "RMA-1"),
    ]  # fmt: skip
    assert (await http.get(f"/serials/{harness.sku}/unknown/trace-back")).status_code == 404


async def test_history_names_the_document_of_each_change(harness: SerialsHarness, http: httpx.AsyncClient) -> None:
    """Each entry names a document: that of the command, otherwise receipt, order or hold, or the message (S22)."""
    messages = ProductMessages(harness.sku)
    (serial,) = serial_numbers(1)
    await harness.handle(messages.receive([serial]))
    put_away = messages.put_away([serial]).model_copy(update={"document": "TASK-7"})
    (event,) = (await harness.handle(put_away)).data_of("serial.state_changed.v1")
    await harness.handle(MoveSerials(sku=harness.sku, serials=[serial], location=BIN))
    await harness.handle(messages.request_allocation(1))
    history = (await http.get(f"/serials/{harness.sku}/{serial}/history")).json()["items"]
    assert [(entry["change"], entry["document"]) for entry in history] == [
        ("RECEIVED", "R-1"), ("PUT_AWAY", "TASK-7"), ("MOVED", history[2]["cause_id"]),
        ("ALLOCATED", messages.order_id(1)),
    ]  # fmt: skip
    assert event["document"] == "TASK-7"
    rows = (await http.get("/reports/serial-history", params={"sku": harness.sku})).json()["items"]
    assert [row["document"] for row in rows] == [entry["document"] for entry in history]


async def test_history_shows_the_scans_of_receiving(harness: SerialsHarness, http: httpx.AsyncClient) -> None:
    """S22: receipt and return show the text that the scanner sent, as JSON and CSV; typed numbers have none."""
    messages = ProductMessages(harness.sku)
    scanned, typed = serial_numbers(2)
    label = f"(01)09521234543213(21){scanned}"
    await harness.handle(messages.receive([scanned, typed]).model_copy(update={"scans": [label, ""]}))
    for serial, expected in ((scanned, label), (typed, None)):
        history = (await http.get(f"/serials/{harness.sku}/{serial}/history")).json()["items"]
        assert [(entry["change"], entry["scan"]) for entry in history] == [("RECEIVED", expected)]
    trace = (await http.get(f"/serials/{harness.sku}/{scanned}/trace-back")).json()["inflows"]
    assert [entry["scan"] for entry in trace] == [label]
    lines = (await http.get("/reports/serial-history.csv", params={"sku": harness.sku})).text
    assert lines.count(label) == 1
