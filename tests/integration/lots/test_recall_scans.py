"""Recalls opened by raw scans, over the real service."""

import httpx

from shared.contracts.commands.lots import OpenRecall
from tests.integration.lots.conftest import LotsHarness
from tests.integration.lots.test_http import post
from tests.integration.lots.test_raw_scans import define_barcodes


async def test_a_scanned_lot_is_recalled(harness: LotsHarness, http: httpx.AsyncClient) -> None:
    """S46, S13, S22: the label of a case opens a recall of its lot, which keeps the text; wrong scans open none."""
    messages, gtin = harness.messages, await define_barcodes(harness)
    await harness.handle(messages.receive(messages.received_lot("B-1", 60)))
    case, recall = f"(01){gtin}(10)B-1", f"RC-{harness.sku}"
    body = {"recall": recall, "reason": "glass", "scans": [case, "nothing"]}
    wrong = await post(http, "/recalls", **body)
    assert (wrong.status_code, wrong.json()["code"], wrong.json()["ids"]) == (404, "unknown_scan", ["nothing"])
    opened = await harness.handle(OpenRecall.model_validate(body | {"scans": [case]}))
    (event,) = opened.data_of("recall.opened.v1")
    assert (event["sku"], event["lots"]) == (harness.sku, ["B-1"])
    shown = (await http.get(f"/recalls/{recall}")).json()
    assert (shown["scans"], shown["products"][0]["lots"]) == ([case], ["B-1"])
