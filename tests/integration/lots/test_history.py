"""The history of a lot: movements, and holds and date corrections after their end."""

from datetime import timedelta
from typing import Any

import httpx

from shared.identifiers import resource_path
from tests.integration.lots.conftest import LotsHarness
from tests.integration.lots.test_reports import DAY, csv_rows, report_rows
from tests.support.messages.lots import BIN, DOCK, SHELF


async def pages(http: httpx.AsyncClient, path: str, **query: Any) -> list[dict[str, Any]]:
    """Return all items of a list, one per page."""
    items: list[dict[str, Any]] = []
    while True:
        response = await http.get(path, params={"limit": 1, **query})
        assert response.status_code == 200, response.text
        items += response.json()["items"]
        if response.json()["next"] is None:
            return items
        query["cursor"] = response.json()["next"]


async def test_ended_holds_and_corrections_stay_in_the_history(harness: LotsHarness, http: httpx.AsyncClient) -> None:
    """Who placed a hold, who released it, who corrected the dates, when and why, between the movements (S22, S44)."""
    messages = harness.messages
    first, second = DAY + timedelta(days=50), DAY + timedelta(days=60)
    await harness.handle(messages.receive(messages.received_lot("B/1", 10, first)), actor="rita")
    await harness.handle(messages.place_hold("B/1", "H-1"), actor="olga")
    await harness.handle(messages.place_hold("B/1", "H-2", DOCK), actor="olga")
    await harness.handle(messages.correct_dates("B/1", second), actor="carl")
    await harness.handle(messages.release_hold("H-1"), actor="quinn")
    await harness.handle(messages.put_away("B/1", 4), actor="pete")
    path = resource_path("lots", harness.sku, "B/1", "history")
    history = await pages(http, path)
    assert [(row["change"], row["actor"], row["location"], row["hold_id"], row["reason"]) for row in history] == [
        ("RECEIVED", "rita", DOCK, None, history[0]["reason"]),
        ("HOLD_PLACED", "olga", None, "H-1", "quality check"),
        ("HOLD_PLACED", "olga", DOCK, "H-2", "quality check"),
        ("DATES_CORRECTED", "carl", None, None, "label misread"),
        ("HOLD_RELEASED", "quinn", None, "H-1", "cleared"),
        ("PUT_AWAY", "pete", DOCK, None, history[5]["reason"]),
        ("PUT_AWAY", "pete", SHELF, None, history[6]["reason"]),
        ("HOLD_PLACED", "pete", SHELF, "H-2", "quality check"),
    ]
    assert (history[3]["previous_expiry"], history[3]["expiry"]) == (str(first), str(second))
    assert await report_rows(http, "lot-movements", sku=harness.sku) == history
    csv_row_list = await csv_rows(http, "lot-movements", sku=harness.sku)
    assert [row["change"] for row in csv_row_list] == [row["change"] for row in history]
    # What concerns all locations concerns each warehouse.
    assert len(await report_rows(http, "lot-movements", sku=harness.sku, warehouse="EAST")) == 8
    west = await report_rows(http, "lot-movements", sku=harness.sku, warehouse="WEST")
    assert [row["change"] for row in west] == ["HOLD_PLACED", "DATES_CORRECTED", "HOLD_RELEASED"]
    assert (await http.get(resource_path("lots", harness.sku, "B/2", "history"))).status_code == 404


async def test_released_holds_are_listed(harness: LotsHarness, http: httpx.AsyncClient) -> None:
    """A hold placed again after its release is listed as released and as open (S22)."""
    messages = harness.messages
    await harness.handle(messages.receive(messages.received_lot("B-1", 10)))
    await harness.handle(messages.place_hold("B-1", "H-1"), actor="olga")
    await harness.handle(messages.release_hold("H-1"), actor="quinn")
    assert await pages(http, "/holds", sku=harness.sku) == []
    (hold,) = await pages(http, "/holds", sku=harness.sku, released=True)
    assert (hold["opened_by"], hold["released_by"], hold["released_reason"]) == ("olga", "quinn", "cleared")
    assert hold["opened_at"] <= hold["released_at"]


async def test_movements_name_their_document(harness: LotsHarness, http: httpx.AsyncClient) -> None:
    """Each entry names a document: that of the command, otherwise receipt, order or hold, or the message (S22)."""
    messages = harness.messages
    await harness.handle(messages.receive(messages.received_lot("B-1", 10)))
    await harness.handle(
        messages.put_away("B-1", 10).model_copy(update={"document": "TASK-7"}),
        messages.move("B-1", 2, BIN),
        messages.place_hold("B-1", "H-1"),
        messages.adjust("B-1", 1, "SCRAPPED").model_copy(update={"document": "ADJ-1"}),
    )
    select_cause = "SELECT DISTINCT cause_id FROM ledger WHERE sku = :sku AND change = 'MOVED'"
    (moved,) = await harness.fetch_all(select_cause, sku=harness.sku)
    rows = await report_rows(http, "lot-movements", sku=harness.sku)
    assert [(row["change"], row["document"]) for row in rows] == [
        ("RECEIVED", "R-1"), ("PUT_AWAY", "TASK-7"), ("PUT_AWAY", "TASK-7"), ("MOVED", moved["cause_id"]),
        ("MOVED", moved["cause_id"]), ("HOLD_PLACED", "H-1"), ("SCRAPPED", "ADJ-1"),
    ]  # fmt: skip
