"""The HTTP API for lot-tracked stock: validation errors, problem details, holds and demands."""

from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest

from services.lots.app import app
from tests.integration.lots.conftest import LotsHarness
from tests.support.auth import bearer
from tests.support.messages.lot_orders import OrderMessages
from tests.support.messages.lots import BIN, DOCK, SHELF
from tests.support.messages.reference import location_changed, product_changed
from tests.support.progress import FixedProgress


async def post(http: httpx.AsyncClient, path: str, **body: Any) -> httpx.Response:
    """Send a command."""
    return await http.post(path, json=body, headers={"Idempotency-Key": str(uuid4()), **bearer("anna")})


@pytest.mark.parametrize("quantity", [0, -1, 10**15, 0.0000001, "1e400", "NaN", "Infinity", "ten", None, 1000001])
async def test_invalid_quantity_is_rejected(harness: LotsHarness, http: httpx.AsyncClient, quantity: Any) -> None:
    """A quantity that is not positive, too large or too precise is rejected and changes nothing."""
    messages = harness.messages
    await harness.handle(messages.receive(messages.received_lot("B-1", 10)))
    body = {"sku": harness.sku, "lot": "B-1", "quantity": quantity, "from_location": DOCK, "location": SHELF}
    response = await post(http, "/putaways", **body)
    assert (response.status_code, response.json()["code"]) == (400, "validation_error")
    assert list(await harness.balances()) == [("B-1", DOCK)]


@pytest.mark.parametrize("expiry", ["1900-01-01", "2027-02-31", "31.3.2027", 20270331, "2027-03-31T00:00:00Z"])
async def test_invalid_date_is_rejected(harness: LotsHarness, http: httpx.AsyncClient, expiry: Any) -> None:
    """An invalid date is rejected (S24)."""
    response = await post(http, "/corrections", sku=harness.sku, lot="B-1", expiry=expiry, reason="label misread")
    assert (response.status_code, response.json()["code"]) == (400, "validation_error")


async def test_putaway_before_receipt_is_retryable(harness: LotsHarness, http: httpx.AsyncClient) -> None:
    """A putaway before its receipt is retryable while events are in flight, and then succeeds (S26)."""
    app.state.progress = FixedProgress(is_settled=False)
    messages = harness.messages
    body = {"sku": harness.sku, "lot": "00392/174", "quantity": 1.5, "from_location": DOCK, "location": SHELF}
    early_response = await post(http, "/putaways", **body)
    assert (early_response.status_code, early_response.json()["code"], early_response.headers["Retry-After"]) == (
        409,
        "not_yet_available",
        "1",
    )
    await harness.handle(messages.receive(messages.received_lot("00392/174", 2)))
    response = await post(http, "/putaways", **body)
    assert response.status_code == 200
    assert response.json()["locations"] == [
        {"location": DOCK, "on_hand": 0.5, "allocated": 0, "missing": 0, "on_hold": False},
        {"location": SHELF, "on_hand": 1.5, "allocated": 0, "missing": 0, "on_hold": False},
    ]


async def test_lot_of_another_product_is_rejected(
    harness: LotsHarness, second_harness: LotsHarness, http: httpx.AsyncClient
) -> None:
    """A lot of another product is rejected, and the problem names that product (S25)."""
    await second_harness.handle(
        second_harness.messages.receive(second_harness.messages.received_lot(f"LOT {second_harness.sku}"))
    )
    body = {"lot": f"LOT {second_harness.sku}", "quantity": 1, "from_location": DOCK, "location": SHELF}
    response = await post(http, "/putaways", sku=harness.sku, **body)
    assert (response.status_code, response.json()["code"]) == (404, "lot_not_found")
    assert second_harness.sku in response.json()["detail"]


async def test_serial_tracked_product_is_rejected(harness: LotsHarness, http: httpx.AsyncClient) -> None:
    """Serial-tracked products are rejected (S02)."""
    sku = f"S-{harness.sku}"
    await harness.handle(product_changed(sku, "SERIAL"))
    response = await post(http, "/putaways", sku=sku, quantity=1, from_location=DOCK, location=SHELF)
    assert (response.status_code, response.json()["code"]) == (422, "serial_tracked_product")


async def test_mixed_lot_rejection_suggests_an_empty_location(harness: LotsHarness, http: httpx.AsyncClient) -> None:
    """If no location holds the lot, the rejection suggests an empty storage location of the warehouse (S30)."""
    messages = harness.messages
    await harness.handle(location_changed(f"EAST/{harness.sku}", pick_sequence=5000))
    await harness.handle(messages.receive(messages.received_lot("B-1"), messages.received_lot("B-2")))
    await harness.handle(messages.put_away("B-1", 10, SHELF))
    response = await post(http, "/putaways", sku=harness.sku, lot="B-2", quantity=1, from_location=DOCK, location=SHELF)
    assert (response.status_code, response.json()["code"]) == (409, "mixed_lots_not_allowed")
    [suggested] = response.json()["suggested"]
    used_locations = {
        row["location"] for row in await harness.fetch_all("SELECT location FROM balance WHERE on_hand > 0")
    }
    assert suggested.startswith("EAST/")
    assert suggested not in used_locations
    retry_response = await post(
        http, "/putaways", sku=harness.sku, lot="B-2", quantity=1, from_location=DOCK, location=suggested
    )
    assert retry_response.status_code == 200


async def test_open_holds_are_listed(harness: LotsHarness, http: httpx.AsyncClient) -> None:
    """An open hold shows who placed it, its reason, role and quantity; a released hold is not listed."""
    messages = harness.messages
    await harness.handle(messages.receive(messages.received_lot("B-1", "2.5")))
    body = {"sku": harness.sku, "lot": "B-1", "hold_id": "H-1", "owner_role": "quality", "reason": "quality check"}
    place_response = await post(http, "/holds", **body)
    assert (place_response.status_code, place_response.headers["Location"]) == (201, "/holds?hold=H-1")
    assert place_response.json() == {
        "sku": harness.sku,
        "hold_id": "H-1",
        "open_on": [{"lot": "B-1", "location": None}],
        "leaving": [],
    }
    [hold] = (await http.get("/holds", params={"sku": harness.sku})).json()["items"]
    assert (hold["opened_by"], hold["owner_role"], hold["reason"], hold["on_hand"]) == (
        "anna",
        "quality",
        "quality check",
        2.5,
    )
    release_response = await post(http, "/holds/H-1/release", sku=harness.sku, reason="cleared")
    assert release_response.json()["open_on"] == []
    assert (await http.get("/holds", params={"sku": harness.sku})).json()["items"] == []


async def test_insufficient_stock_problem_details(harness: LotsHarness, http: httpx.AsyncClient) -> None:
    """The problem states the quantities on hand and available, with a help text."""
    messages = harness.messages
    await harness.handle(messages.receive(messages.received_lot("B-1", 2)))
    await harness.handle(messages.put_away("B-1", 2))
    response = await post(http, "/moves", sku=harness.sku, lot="B-1", quantity=3, from_location=SHELF, location=BIN)
    assert (response.status_code, response.json()["code"]) == (409, "insufficient_stock")
    assert "2 on hand, 2 available, 0 allocated" in response.json()["detail"]
    assert response.json()["help"]


async def test_demands_show_their_allocations(harness: LotsHarness, http: httpx.AsyncClient) -> None:
    """A demand shows its allocations and its open quantity, and can be filtered by status."""
    messages = OrderMessages(harness.sku)
    await harness.handle(messages.receive(messages.received_lot("B-1", 10), messages.received_lot("B-2", 10)))
    await harness.handle(
        messages.put_away("B-1", 2.5), messages.put_away("B-2", 4, BIN), messages.place_hold("B-2", "H-1")
    )
    await harness.handle(
        messages.request_allocation(1, 5),
        messages.request_allocation(2, 1, lots=["B-9"]),
        messages.cancel_allocation(2),
        messages.cancel_allocation(3),
    )
    first, second, third = (await http.get("/demands", params={"sku": harness.sku})).json()["items"]
    assert (first["quantity"], first["open_quantity"], first["picked"]) == (5, 2.5, [])
    assert first["allocated"] == [{"lot": "B-1", "quantity": 2.5, "location": SHELF}]
    assert (second["status"], second["lots"], third["status"], third["quantity"]) == (
        "CANCELLED", ["B-9"], "CANCELLED", None,
    )  # fmt: skip
    open_items = (await http.get("/demands", params={"sku": harness.sku, "backordered": True})).json()["items"]
    assert [demand["demand_id"] for demand in open_items] == [messages.demand_id(1)]
    query = {"sku": harness.sku, "status": ["OPEN", "CLOSED"]}
    assert [demand["demand_id"] for demand in (await http.get("/demands", params=query)).json()["items"]] == [
        messages.demand_id(1)
    ]
    unknown = await http.get("/demands", params={"status": "UNKNOWN"})
    assert (unknown.status_code, unknown.json()["errors"][0]["field"]) == (400, "query.status.0")


async def test_recall_id_with_special_characters(harness: LotsHarness, http: httpx.AsyncClient) -> None:
    """A recall id may contain reserved URL characters; its list links still work (S46)."""
    recall_id = f"R/1?x#{uuid4().hex[:8]}"
    await harness.handle(harness.messages.receive(harness.messages.received_lot("B-1")))
    response = await post(http, "/recalls", recall=recall_id, reason="glass", lots=[{"sku": harness.sku, "lot": "B-1"}])
    assert response.status_code == 202
    recall = (await http.get(f"/recalls/{quote(recall_id, safe='')}")).json()
    assert recall["recall"] == recall_id
    assert [row["lot_or_serial"] for row in (await http.get(recall["lists"]["stock"])).json()["items"]] == ["B-1"]
