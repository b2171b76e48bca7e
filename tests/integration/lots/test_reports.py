"""The lot reports as JSON pages and CSV files."""

import csv
import io
from datetime import UTC, datetime, time, timedelta
from typing import Any

import httpx
import pytest

from services.lots.lookup.queries.reports import REPORTS
from shared.inventory.expiry import days_left, is_expired
from shared.persistence.database import Transaction
from tests.integration.lots.conftest import LotsHarness
from tests.integration.lots.test_receipts import balances_with_wrong_expiry
from tests.support.messages.lot_orders import OrderMessages
from tests.support.messages.lots import BIN, DOCK, SHELF
from tests.support.messages.reference import location_changed
from tests.support.workbooks import read_records

NOON = datetime(2031, 6, 15, 12, tzinfo=UTC)
DAY = NOON.date()


@pytest.fixture(autouse=True)
def at_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the transaction clock to a fixed time."""
    monkeypatch.setattr(Transaction, "clock", staticmethod(lambda: NOON))


async def report_rows(http: httpx.AsyncClient, report: str, **query: Any) -> list[dict[str, Any]]:
    """All rows of a report, page by page."""
    rows: list[dict[str, Any]] = []
    while True:
        response = await http.get(f"/reports/{report}", params={"limit": 2, **query})
        assert response.status_code == 200, response.text
        rows += response.json()["items"]
        if response.json()["next"] is None:
            return rows
        query["cursor"] = response.json()["next"]


async def csv_rows(http: httpx.AsyncClient, report: str, **query: Any) -> list[dict[str, str]]:
    """All rows of a report as CSV."""
    response = await http.get(f"/reports/{report}.csv", params=query)
    assert response.status_code == 200, response.text
    assert f'filename="{report}.csv"' in response.headers["Content-Disposition"]
    return list(csv.DictReader(io.StringIO(response.text, newline="")))


def as_json(value: Any) -> Any:
    """Format a cell like JSON: times are in UTC."""
    if isinstance(value, datetime):
        return str(value.date()) if value.time() == time() else f"{value.isoformat()}Z"
    return value


async def receive_dated_lots(harness: LotsHarness, *lots: tuple[str, int | None]) -> None:
    """Receive lots that expire after these numbers of days."""
    messages = harness.messages
    received_lots = [
        messages.received_lot(lot, 10, None if days is None else DAY + timedelta(days=days)) for lot, days in lots
    ]
    await harness.handle(messages.receive(*received_lots))


async def report_short_pick(harness: LotsHarness, lot: str) -> None:
    """Report that an order misses stock of a lot."""
    messages = OrderMessages(harness.sku)
    await harness.handle(messages.put_away(lot, 2), messages.request_allocation(1, 2))
    await harness.handle(messages.deallocate(1, messages.lot_at_location(lot, 1), variance_id="V-1"))


async def test_lot_inventory_by_expiration(harness: LotsHarness, http: httpx.AsyncClient) -> None:
    """Rows are ordered by expiry, lots without one last; quantities are exact and add up (S42)."""
    messages = OrderMessages(harness.sku)
    await receive_dated_lots(harness, ("none", None), ("0012/3", 50), ("=1+1", 20))
    await harness.handle(
        messages.put_away("0012/3", "7.25"), messages.put_away("=1+1", 4, BIN), messages.place_hold("0012/3", "H-1")
    )
    await harness.handle(messages.request_allocation(1, 3), messages.request_allocation(2, 1))
    await harness.handle(messages.pick(2, messages.lot_at_location("=1+1", 1, BIN)))
    rows = await report_rows(http, "lot-inventory", sku=harness.sku)
    summary = [
        (row["lot"], row["days_left"], row["on_hand"], row["available"], row["allocated"], row["held"]) for row in rows
    ]
    assert summary == [("=1+1", 20, 9, 0, 3, 0), ("0012/3", 50, 10, 0, 0, 10), ("none", None, 10, 0, 0, 0)]
    assert [(row["staged"], row["picked"]) for row in rows] == [(6, 1), (0, 0), (10, 0)]
    assert all(row["on_hand"] == row["available"] + row["allocated"] + row["held"] + row["staged"] for row in rows)
    csv_row_list = await csv_rows(http, "lot-inventory", sku=harness.sku)
    assert [(row["lot"], row["expiry"], row["on_hand"]) for row in csv_row_list] == [
        ("=1+1", str(DAY + timedelta(days=20)), "9"), ("0012/3", str(DAY + timedelta(days=50)), "10"),
        ("none", "", "10"),
    ]  # fmt: skip


async def test_inventory_order_follows_a_corrected_expiry(harness: LotsHarness, http: httpx.AsyncClient) -> None:
    """A corrected expiry changes the order of stocked and picked lots (S42)."""
    messages = OrderMessages(harness.sku)
    await receive_dated_lots(harness, ("A", 20), ("B", 30), ("C", 40))
    await harness.handle(messages.put_away("A", 10), messages.request_allocation(1, 10, lots=["A"]))
    await harness.handle(messages.pick(1, messages.lot_at_location("A", 10)))

    async def order() -> list[str]:
        rows = await report_rows(http, "lot-inventory", sku=harness.sku)
        assert await balances_with_wrong_expiry(harness) == []
        return [row["lot"] for row in rows]

    assert await order() == ["A", "B", "C"]
    await harness.handle(
        messages.correct_dates("A", DAY + timedelta(days=35)), messages.correct_dates("C", DAY + timedelta(days=25))
    )
    assert await order() == ["C", "B", "A"]
    await harness.handle(messages.unpick(1, "A", 10, reallocate=True))
    await harness.handle(messages.correct_dates("A", DAY + timedelta(days=5)))
    assert await order() == ["A", "C", "B"]
    await harness.handle(messages.pick(1, messages.lot_at_location("A", 10, BIN)))
    assert await order() == ["A", "C", "B"]


async def test_expiring_lots_are_grouped_in_buckets(harness: LotsHarness, http: httpx.AsyncClient) -> None:
    """Each boundary day is in its bucket, consistent with the expiry rule; buckets can be selected (S29, S43)."""
    boundaries = (-400, -1, 0, 7, 8, 30, 31, 90, 91, 1000)
    await receive_dated_lots(harness, ("none", None), *((f"B{days}", days) for days in boundaries))
    rows = await report_rows(http, "expiring-lots", sku=harness.sku)
    assert [row["days_left"] for row in rows] == list(boundaries)
    for row in rows:
        expiry = datetime.fromisoformat(row["expiry"]).date()
        assert (row["bucket"] == "expired") == is_expired(expiry, DAY)
        assert row["days_left"] == days_left(expiry, DAY)
    days_by_bucket = {"expired": [-400, -1], "<=7": [0, 7], "<=30": [8, 30], "<=90": [31, 90], ">90": [91, 1000]}
    for bucket, days in days_by_bucket.items():
        assert [
            row["days_left"] for row in await report_rows(http, "expiring-lots", sku=harness.sku, bucket=bucket)
        ] == days
        csv_row_list = await csv_rows(http, "expiring-lots", sku=harness.sku, bucket=bucket)
        assert [int(row["days_left"]) for row in csv_row_list] == days
    assert (await http.get("/reports/expiring-lots", params={"bucket": "soon"})).status_code == 400


async def test_lot_movement_history(harness: LotsHarness, http: httpx.AsyncClient) -> None:
    """Movements are listed by lot with actor, reason and documents, and can be filtered by time (S44)."""
    messages = OrderMessages(harness.sku)
    await receive_dated_lots(harness, ("B-2", 50), ("B-1", 60))
    await harness.handle(messages.put_away("B-1", 6), messages.request_allocation(1, 2))
    await harness.handle(messages.pick(1, messages.lot_at_location("B-1", 2)))
    await harness.handle(messages.dispatch(1, {"B-1": 2}))
    rows = await report_rows(http, "lot-movements", sku=harness.sku)
    assert [(row["lot"], row["change"], row["location"], row["on_hand"], row["picked"]) for row in rows] == [
        ("B-1", "RECEIVED", DOCK, 10, 0), ("B-1", "PUT_AWAY", DOCK, -6, 0), ("B-1", "PUT_AWAY", SHELF, 6, 0),
        ("B-1", "PICKED", SHELF, -2, 2), ("B-1", "SHIPPED", None, 0, -2), ("B-2", "RECEIVED", DOCK, 10, 0),
    ]  # fmt: skip
    assert (rows[0]["receipt"], rows[4]["shipment"], rows[4]["customer"]) == ("R-1", "SH-1", "C-1")
    assert all(row["actor"] for row in rows)
    assert [row["change"] for row in await csv_rows(http, "lot-movements", sku=harness.sku, lot="B-2")] == ["RECEIVED"]
    later = (NOON + timedelta(seconds=1)).isoformat()
    assert await report_rows(http, "lot-movements", sku=harness.sku, since=later) == []


async def test_stock_report(harness: LotsHarness, http: httpx.AsyncClient) -> None:
    """Available, allocated, held and picked quantities per product and warehouse over all its lots."""
    messages = OrderMessages(harness.sku)
    await receive_dated_lots(harness, ("B-1", 50), ("B-2", 60))
    await harness.handle(
        messages.receive(messages.received_lot("B-1", "0.000001", DAY + timedelta(days=50)), location="WEST/DOCK")
    )
    await harness.handle(
        messages.put_away("B-1"),
        messages.put_away("B-2", 10, BIN),
        messages.place_hold("B-2", "H-1", BIN),
        messages.request_allocation(1, 4),
    )
    await harness.handle(messages.pick(1, messages.lot_at_location("B-1", 1)))
    east_row, west_row = await report_rows(http, "stock", sku=harness.sku)
    assert (east_row["warehouse"], east_row["on_hand"], east_row["available"], east_row["allocated"]) == (
        "EAST",
        19,
        6,
        3,
    )
    assert (east_row["held"], east_row["picked"], east_row["staged"], east_row["lots"]) == (10, 1, 0, 2)
    assert (west_row["warehouse"], west_row["on_hand"], west_row["staged"]) == ("WEST", 0.000001, 0.000001)
    (csv_row,) = await csv_rows(http, "stock", sku=harness.sku, warehouse="WEST")
    assert csv_row["on_hand"] == "0.000001"


async def test_reconciliation_report(harness: LotsHarness, http: httpx.AsyncClient) -> None:
    """The ledger reconciles with the balances; a filter selects differences."""
    messages = OrderMessages(harness.sku)
    await receive_dated_lots(harness, ("B-1", 50), ("B-2", 60))
    await harness.handle(
        messages.put_away("B-1", 6), messages.request_allocation(1, 2), messages.adjust("B-2", 1, "SCRAPPED", DOCK)
    )
    rows = await report_rows(http, "reconciliation", sku=harness.sku)
    assert [(row["lot"], row["received"], row["on_hand"], row["scrapped"], row["agrees"]) for row in rows] == [
        ("B-1", 10, 10, 0, True), ("B-2", 10, 9, 1, True),
    ]  # fmt: skip
    assert await report_rows(http, "reconciliation", sku=harness.sku, wrong_only=True) == []


@pytest.mark.parametrize("report", [report.name for report in REPORTS])
async def test_json_and_files_are_the_same(http: httpx.AsyncClient, harness: LotsHarness, report: str) -> None:
    """CSV and XLSX have the columns and rows of JSON; lot numbers are verbatim texts, each column is documented."""
    lots = ("=1+1", "0012", "12345678901234567890")
    if report == "location-exceptions":
        dock, messages = f"EAST/{harness.sku}", harness.messages
        await harness.handle(location_changed(dock, "DOCK"))
        await harness.handle(messages.receive(*map(messages.received_lot, lots), location=dock))
        await harness.handle(location_changed(dock, version=2))
    else:
        await receive_dated_lots(harness, *((lot, 50) for lot in lots))
    if report == "variances":
        await report_short_pick(harness, lots[0])
    rows = await report_rows(http, report, sku=harness.sku)
    row = rows[0]
    csv_row_list = await csv_rows(http, report, sku=harness.sku)
    assert [list(csv_row) for csv_row in csv_row_list] == [list(row)] * len(rows)
    response = await http.get(f"/reports/{report}.xlsx", params={"sku": harness.sku})
    assert f'filename="{report}.xlsx"' in response.headers["Content-Disposition"]
    workbook_rows = read_records(response.content)
    assert [list(map(as_json, workbook_row.values())) for workbook_row in workbook_rows] == [
        [value or None if value == "" else value for value in json_row.values()] for json_row in rows
    ]
    description = (await http.get("/openapi.json")).json()["paths"][f"/reports/{report}.csv"]["get"]["description"]
    assert all(f"`{column}` " in description for column in row)
