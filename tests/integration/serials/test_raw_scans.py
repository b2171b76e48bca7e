"""Raw scans in the commands of serials, over the real service, with the audit trail."""

import csv
import io
from typing import Any
from uuid import uuid4

import httpx

from shared.contracts.commands.serials import MoveSerials, PutAwaySerials
from tests.integration.serials.conftest import SerialsHarness
from tests.integration.serials.messages import ProductMessages, serial_numbers
from tests.support.auth import bearer
from tests.support.gtins import new_gtin
from tests.support.messages.reference import product_changed
from tests.support.messages.serials import BIN, SHELF
from tests.support.workbooks import read_records


async def receive_labelled(harness: SerialsHarness, count: int) -> tuple[list[str], list[str]]:
    """Receive units of lot L-1; returns their serial numbers and labels."""
    gtin = new_gtin().zfill(14)
    serials = [harness.scoped_id(serial) for serial in serial_numbers(count)]
    await harness.handle(product_changed(harness.sku, "SERIAL", barcodes=[{"code": gtin}]))
    await harness.handle(ProductMessages(harness.sku).receive(serials, lot="L-1"))
    return serials, [f"]d201{gtin}10L-1\x1d21{serial}" for serial in serials]


async def post(http: httpx.AsyncClient, path: str, **body: Any) -> Any:
    """Send a command that succeeds, at least in part."""
    answer = await http.post(path, json=body, headers={"Idempotency-Key": str(uuid4()), **bearer("anna")})
    assert answer.is_success, answer.text
    return answer.json()


async def test_scans_are_kept_in_the_audit_trail(harness: SerialsHarness, http: httpx.AsyncClient) -> None:
    """S13, S16, S22, S33: scans fill a command; history, traces and files show each with its change, as it was sent."""
    (first, second), (label, other) = await receive_labelled(harness, 2)
    wrong = other.replace("L-1", "L-2")
    put_away = await post(http, "/putaways", scans=[label, wrong, "what is it?"], location=SHELF)
    assert [unit["serial"] for unit in put_away["updated"]] == [first]
    assert {(problem["code"], *problem["ids"]) for problem in put_away["rejected"]} == {
        ("label_mismatch", wrong), ("unknown_scan", "what is it?"),
    }  # fmt: skip
    stored = (await http.get("/serials", params={"sku": harness.sku, "status": "IN_INVENTORY"})).json()["items"]
    assert [unit["serial"] for unit in stored] == [first]
    await post(http, "/putaways", sku=harness.sku, serials=[second], location=SHELF)
    await post(http, "/moves", scans=[first], location=BIN)
    await post(http, "/holds", scans=[label], hold_id="H-1", reason="suspicion")
    of_lot = label[: label.index("\x1d")]
    await post(http, "/holds", scans=[of_lot], hold_id="H-2", reason="suspicion")
    (standing,) = (await http.get("/standing-holds", params={"sku": harness.sku})).json()["items"]
    assert (standing["lots"], standing["scan"]) == (["L-1"], of_lot)
    await post(http, "/lot-corrections", scans=[label.replace("L-1", "L-3")], reason="label misread")
    count = {"count_id": harness.scoped_id("CT"), "location": SHELF, "reason": "cycle count"}
    await post(http, "/counts", **count, scans=[label.replace("L-1", "l-3"), second])
    listed = await http.get("/count-discrepancies", params={"count": count["count_id"], "sku": harness.sku})
    assert [(row["serial"], row["scan"]) for row in listed.json()["items"]] == [(first, label.replace("L-1", "l-3"))]

    expected = [
        ("RECEIVED", None), ("PUT_AWAY", label), ("MOVED", first), ("HOLD_PLACED", label), ("HOLD_PLACED", None),
        ("LOT_CORRECTED", label.replace("L-1", "L-3")),
    ]  # fmt: skip
    path = f"/serials/{harness.sku}/{first}"
    for entries in (
        (await http.get(f"{path}/history")).json()["items"],
        (await http.get(path)).json()["history"],
    ):
        assert [(entry["change"], entry["scan"]) for entry in entries] == expected
    query = {"sku": harness.sku, "serial": first}
    text = (await http.get("/reports/serial-history.csv", params=query)).text
    rows = csv.DictReader(io.StringIO(text, newline=""))
    assert [(row["change"], row["scan"] or None) for row in rows] == expected
    book = (await http.get("/reports/serial-history.xlsx", params=query)).content
    escaped = [(change, scan and scan.replace("\x1d", "_x001D_")) for change, scan in expected]
    assert [(row["change"], row["scan"]) for row in read_records(book)] == escaped
    assert [entry["scan"] for entry in (await http.get(f"{path}/trace-back")).json()["inflows"]] == [None]


async def test_scans_cost_one_statement_per_batch(harness: SerialsHarness) -> None:
    """S13: the scans of a batch are looked up with one statement, and events repeat them beside their serials."""
    serials, labels = await receive_labelled(harness, 60)
    await harness.handle(PutAwaySerials(scans=labels, location=SHELF))
    typed = await harness.handle(MoveSerials(sku=harness.sku, serials=serials[:1], location=BIN))
    one = await harness.handle(MoveSerials(scans=labels[1:2], location=BIN))
    many = await harness.handle(*(MoveSerials(scans=labels[start : start + 20], location=SHELF) for start in (0, 20)))
    assert typed.error_codes() == one.error_codes() == many.error_codes() == []
    assert one.statement_count == many.statement_count == typed.statement_count + 1
    assert [event.get("scans") for event in typed.data_of("serial.state_changed.v1")] == [None]
    kept = {
        serial: scan
        for event in many.data_of("serial.state_changed.v1")
        for serial, scan in zip(event["serials"], event["scans"], strict=True)
    }
    assert kept == dict(zip(serials[:40], labels[:40], strict=True))
