"""Raw scans in the commands of lots, over the real service, with their records."""

from typing import Any

import httpx

from shared.contracts.commands.lots import MoveLot
from shared.identifiers import resource_path
from tests.integration.lots.conftest import LotsHarness
from tests.integration.lots.test_http import post
from tests.integration.lots.test_reports import csv_rows
from tests.support.gtins import new_gtin
from tests.support.messages.lots import BIN, DOCK, SHELF
from tests.support.messages.reference import product_changed
from tests.support.workbooks import read_records


async def define_barcodes(harness: LotsHarness) -> str:
    """Give the product of the test the GTIN of a case of 12; returns it in 14 digits."""
    gtin = new_gtin().zfill(14)
    await harness.handle(product_changed(harness.sku, "LOT", 2, barcodes=[{"code": gtin, "quantity": 12}]))
    return gtin


async def test_scans_are_kept_in_all_records(harness: LotsHarness, http: httpx.AsyncClient) -> None:
    """S13, S22, S23: scans fill a command; history, traces, counts, files and events show them as they were sent."""
    messages, gtin = harness.messages, await define_barcodes(harness)
    await harness.handle(messages.receive(messages.received_lot("B/1", 60)))
    label = f"]d201{gtin}1727033110B/1\x1d3702"
    case = f"(01){gtin}(10)B/1"
    put_away = await post(http, "/putaways", scans=[case, case], from_location=DOCK, location=SHELF)
    assert put_away.status_code == 200, put_away.text
    assert [(row["location"], row["on_hand"]) for row in put_away.json()["locations"]] == [(DOCK, 36), (SHELF, 24)]
    wrong = await post(http, "/putaways", scans=[label], from_location=DOCK, location=SHELF)
    assert (wrong.status_code, wrong.json()["ids"]) == (422, [label])
    unknown = await post(http, "/putaways", scans=["what?"], from_location=DOCK, location=SHELF)
    assert (unknown.status_code, unknown.json()["code"], unknown.json()["ids"]) == (404, "unknown_scan", ["what?"])
    [kept] = await harness.fetch_all("SELECT raw FROM rejection ORDER BY id DESC LIMIT 1")
    assert kept["raw"] == {"actor": "anna", "scans": ["what?"], "from_location": DOCK, "location": SHELF}
    dated = f"]d201{gtin}1727033110B/1"
    hold = {"scans": [dated], "hold_id": "H-1", "reason": "suspicion"}
    assert (await post(http, "/holds", **hold)).status_code == 201
    corrected = f"]d201{gtin}10B/1\x1d17270430"
    assert (await post(http, "/corrections", scans=[corrected], reason="label misread")).status_code == 200
    lost = {"scans": [corrected], "location": SHELF, "adjustment": "LOST", "reason": "gone"}
    assert (await post(http, "/adjustments", **lost)).status_code == 200
    counted = await post(http, "/counts", scans=[corrected, case], location=SHELF, reason="stocktaking")
    assert (counted.status_code, counted.json()["counted"], counted.json()["variance"]) == (200, 24, 12)

    path = resource_path("lots", harness.sku, "B/1")
    history = (await http.get(f"{path}/history")).json()["items"]
    expected = [
        ("RECEIVED", None), ("PUT_AWAY", f"{case}\n{case}"), ("PUT_AWAY", f"{case}\n{case}"), ("HOLD_PLACED", dated),
        ("DATES_CORRECTED", corrected), ("LOST", corrected), ("COUNT_GAIN", f"{corrected}\n{case}"),
    ]  # fmt: skip
    assert [(row["change"], row["scan"]) for row in history] == expected
    book = await http.get("/reports/lot-movements.xlsx", params={"sku": harness.sku})
    rows = [(row["change"], row["scan"]) for row in read_records(book.content)]
    assert rows == [(change, scan and scan.replace("\x1d", "_x001D_")) for change, scan in expected]  # escaped by OOXML
    rows = [(row["change"], row["scan"] or None) for row in await csv_rows(http, "lot-movements", sku=harness.sku)]
    assert rows == expected
    counts = (await http.get("/counts", params={"sku": harness.sku})).json()["items"]
    assert [row["scan"] for row in counts] == [f"{corrected}\n{case}"]
    trace = (await http.get(f"{path}/trace-back")).json()["inflows"]
    assert [row["scan"] for row in trace] == [None, f"{corrected}\n{case}"]
    trace = (await http.get(f"{path}/trace-forward")).json()["write_offs"]
    assert [row["scan"] for row in trace] == [corrected]


async def test_scans_cost_one_statement_per_batch(harness: LotsHarness) -> None:
    """S13: the scans of a batch are looked up with one statement, and events repeat them."""
    messages, gtin = harness.messages, await define_barcodes(harness)
    await harness.handle(messages.receive(messages.received_lot("B-1", 99)))
    await harness.handle(messages.put_away("B-1", 99))
    text = f"01{gtin}10B-1"
    fields: dict[str, Any] = {"from_location": SHELF, "location": BIN}
    await harness.handle(messages.move("B-1", 1, BIN))
    typed = await harness.handle(messages.move("B-1", 1, BIN))
    one = await harness.handle(MoveLot(**fields, scans=[text]))
    many = await harness.handle(*(MoveLot(**fields, scans=[text] * 2) for _ in range(3)))
    assert typed.error_codes() == one.error_codes() == many.error_codes() == []
    assert one.statement_count == many.statement_count == typed.statement_count + 1
    assert [event.get("scan") for event in typed.data_of("lot.moved.v1")] == [None]
    assert [event["scan"] for event in many.data_of("lot.moved.v1")] == [f"{text}\n{text}"] * 3
