"""Recalls over HTTP: invalid ranges, duplicate and unknown ids, and every list as CSV."""

import csv
import io
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest

from shared.contracts.commands.lots import CloseRecall, OpenRecall
from shared.contracts.recalls import RecallOpened
from shared.contracts.serials import RecalledSerialState, SerialRecalled
from tests.integration.lots.conftest import LotsHarness
from tests.integration.lots.test_http import post
from tests.support.messages.lot_orders import OrderMessages
from tests.support.messages.reference import product_changed


@pytest.fixture
def recall_id() -> str:
    """A recall id with special characters for this test."""
    return f"=R/{uuid4().hex[:8]}"


@pytest.mark.parametrize(("first", "last"), [("SN-9", "SN-1"), ("SN-9", "SN-10"), ("sn-9", "SN-1"), ("A10", "A9")])
async def test_reversed_range_is_rejected(
    harness: LotsHarness, http: httpx.AsyncClient, recall_id: str, first: str, last: str
) -> None:
    """A range with reversed ends or ends of different lengths is rejected with its field (S46)."""
    ranges = [{"sku": harness.sku, "first": "SN-1", "last": "sn-9"}, {"sku": harness.sku, "first": first, "last": last}]
    response = await post(http, "/recalls", recall=recall_id, reason="glass", ranges=ranges)
    assert (response.status_code, response.json()["errors"][0]["field"]) == (400, "ranges.1")
    response = await post(http, "/recalls", recall=recall_id, reason="glass", ranges=[*ranges[:1], *ranges[:1]])
    assert response.json()["code"] == "recall_no_match"


async def test_empty_lot_without_product_is_rejected(http: httpx.AsyncClient, recall_id: str) -> None:
    """An empty lot number requires a product; without one it would match all untracked stock (S46)."""
    response = await post(http, "/recalls", recall=recall_id, reason="glass", lots=[{"lot": ""}])
    assert (response.status_code, response.json()["errors"][0]["field"]) == (400, "lots.0")


async def test_duplicate_recall_is_rejected(harness: LotsHarness, http: httpx.AsyncClient, recall_id: str) -> None:
    """A recall id is unique: any other request with the same id is rejected (S46)."""
    fields: dict[str, Any] = {"recall": recall_id, "reason": "glass", "lots": [{"sku": harness.sku, "lot": "B-1"}]}
    assert (await post(http, "/recalls", **fields)).status_code == 202
    for changes in ({}, {"mock": True}, {"lots": [{"sku": harness.sku, "lot": "B-2"}]}):
        response = await post(http, "/recalls", **fields | changes)
        assert (response.status_code, response.json()["code"]) == (409, "document_exists")
    assert (await http.get(f"/recalls/{quote(recall_id, safe='')}")).json()["mock"] is False


@pytest.mark.parametrize(
    "page", ["", "/stock", "/orders", "/contacts", "/reconciliation", "/stock.csv", "/contacts.csv"]
)
async def test_unknown_recall_is_not_found(http: httpx.AsyncClient, page: str) -> None:
    """An unknown recall and its lists are not found, rather than empty (S46)."""
    response = await http.get(f"/recalls/RC-mistyped{page}")
    assert (response.status_code, response.json()["code"]) == (404, "recall_not_found")


async def test_recall_lists_as_csv(harness: LotsHarness, http: httpx.AsyncClient, recall_id: str) -> None:
    """Every CSV list has the rows and columns of its JSON page, for lots and serials (S46)."""
    messages, pump = OrderMessages(harness.sku), f"PUMP-{uuid4().hex[:8]}"
    await harness.handle(product_changed(pump, "SERIAL"))
    await harness.handle(messages.receive(messages.received_lot("B-1", 10)))
    await harness.handle(messages.put_away("B-1", 10), *(messages.request_allocation(number, 2) for number in (1, 2)))
    await harness.handle(messages.pick(1, messages.lot_at_location("B-1", 2)))
    await harness.handle(messages.dispatch(1, {"B-1": 2}))
    result = await harness.handle(
        OpenRecall.model_validate(
            {
                "recall": recall_id,
                "reason": "glass",
                "lots": [{"sku": harness.sku, "lot": "B-1"}],
                "serials": [{"sku": pump, "serial": "SN-1"}],
            }
        )
    )
    await harness.handle(*(RecallOpened.model_validate(data) for data in result.data_of("recall.opened.v1")))
    units = [
        RecalledSerialState(serial="SN-1", status="SHIPPED", held=False, order="SO-1", shipment="SH-1", customer="C-1"),
        RecalledSerialState(serial="SN-2", status="ALLOCATED", location="EAST/A-1", order="SO-2"),
    ]
    await harness.handle(SerialRecalled(recall=recall_id, sku=pump, units=units, is_last=True))
    lists = (await http.get(f"/recalls/{quote(recall_id, safe='')}")).json()["lists"]
    assert set(lists) == {"stock", "orders", "contacts", "reconciliation"}
    for list_name, path in lists.items():
        items = (await http.get(path)).json()["items"]
        csv_rows = list(csv.DictReader(io.StringIO((await http.get(f"{path}.csv")).text, newline="")))
        assert [row["lot_or_serial"] for row in csv_rows] == [row["lot_or_serial"] for row in items], list_name
        assert list(csv_rows[0]) == list(items[0])
        assert {row["sku"] for row in items} == {harness.sku, pump}


async def test_recall_of_a_lot_number_shared_by_two_products(
    harness: LotsHarness, second_harness: LotsHarness, http: httpx.AsyncClient, recall_id: str
) -> None:
    """A lot number of two products is recalled for both, or for the named product only (S46)."""
    lot = uuid4().hex[:8]
    for owner_harness in (harness, second_harness):
        await owner_harness.handle(owner_harness.messages.receive(owner_harness.messages.received_lot(lot)))
    for recall_name, skus in ((f"{recall_id}-1", [harness.sku]), (f"{recall_id}-2", [])):
        body = (
            await post(http, "/recalls", recall=recall_name, reason="glass", text=f"lot {lot}1 {lot}", skus=skus)
        ).json()
        matching_skus = {product["sku"] for product in body["products"] if lot in product["lots"]}
        assert matching_skus == ({harness.sku} if skus else {harness.sku, second_harness.sku})


async def test_arrivals_after_closing_are_held(harness: LotsHarness, http: httpx.AsyncClient, recall_id: str) -> None:
    """After closing, later arrivals of named lots, ranges and terms are still held and listed (S46)."""
    messages = harness.messages
    result = await harness.handle(
        OpenRecall.model_validate(
            {
                "recall": recall_id,
                "reason": "glass",
                "skus": [harness.sku],
                "text": "LX-0040 to LX-0049",
                "lots": [{"sku": harness.sku, "lot": "B-1"}],
            }
        )
    )
    await harness.handle(*(RecallOpened.model_validate(data) for data in result.data_of("recall.opened.v1")))
    assert (await harness.handle(CloseRecall(recall=recall_id, reason="no stock left"))).error_codes() == []
    await harness.handle(
        messages.receive(
            messages.received_lot("B-1"), messages.received_lot("lx-0045"), messages.received_lot("LX-0050")
        )
    )
    stock = (await http.get(f"/recalls/{quote(recall_id, safe='')}/stock")).json()["items"]
    assert [(lot["lot_or_serial"], lot["on_hold"]) for lot in stock] == [("B-1", True), ("lx-0045", True)]
