"""The reports on lots, as pages and as files."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from services.lots.lookup.queries.reports import REPORTS
from shared.database import Transaction
from shared.stock.expiry import days_left, is_expired
from tests.lots.conftest import Line
from tests.lots.test_receipts import undated
from tests.unit.lots.making import BIN, DOCK, SHELF
from tests.unit.lots.ordering import Ordering

NOON = datetime(2031, 6, 15, 12, tzinfo=UTC)
DAY = NOON.date()


@pytest.fixture(autouse=True)
def at_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it be one day, whatever day it is."""
    monkeypatch.setattr(Transaction, "clock", staticmethod(lambda: NOON))


async def pages(http: httpx.AsyncClient, report: str, **query: Any) -> list[dict[str, Any]]:
    """A report page by page."""
    rows: list[dict[str, Any]] = []
    while True:
        answer = await http.get(f"/reports/{report}", params={"limit": 2, **query})
        assert answer.status_code == 200, answer.text
        rows += answer.json()["items"]
        if answer.json()["next"] is None:
            return rows
        query["cursor"] = answer.json()["next"]


async def file(http: httpx.AsyncClient, report: str, **query: Any) -> list[dict[str, str]]:
    """A report as a file."""
    answer = await http.get(f"/reports/{report}.csv", params=query)
    assert answer.status_code == 200, answer.text
    assert f'filename="{report}.csv"' in answer.headers["Content-Disposition"]
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


async def stocked(line: Line, *lots: tuple[str, int | None]) -> None:
    """Receive lots that expire in so many days."""
    say = line.saying
    came = [say.came(lot, 10, None if days is None else DAY + timedelta(days=days)) for lot, days in lots]
    await line.say(say.receive(*came))


async def test_lot_inventory_by_expiration(line: Line, http: httpx.AsyncClient) -> None:
    """What expires first comes first, what does not last; quantities are exact and add up, zeros stay (S42)."""
    say = Ordering(line.sku)
    await stocked(line, ("none", None), ("0012/3", 50), ("=1+1", 20))
    await line.say(say.put_away("0012/3", "7.25"), say.put_away("=1+1", 4, BIN), say.hold("0012/3", "H-1"))
    await line.say(say.want(1, 3), say.want(2, 1))
    await line.say(say.pick(2, say.at("=1+1", 1, BIN)))
    rows = await pages(http, "lot-inventory", sku=line.sku)
    told = [(it["lot"], it["days_left"], it["on_hand"], it["free"], it["allocated"], it["held"]) for it in rows]
    assert told == [("=1+1", 20, 9, 0, 3, 0), ("0012/3", 50, 10, 0, 0, 10), ("none", None, 10, 0, 0, 0)]
    assert [(it["staged"], it["picked"]) for it in rows] == [(6, 1), (0, 0), (10, 0)]
    assert all(it["on_hand"] == it["free"] + it["allocated"] + it["held"] + it["staged"] for it in rows)
    filed = await file(http, "lot-inventory", sku=line.sku)
    assert [(it["lot"], it["expiry"], it["on_hand"]) for it in filed] == [
        ("'=1+1", str(DAY + timedelta(days=20)), "9"), ("0012/3", str(DAY + timedelta(days=50)), "10"),
        ("none", "", "10"),
    ]  # fmt: skip


async def test_a_corrected_date_is_the_lot_s_place(line: Line, http: httpx.AsyncClient) -> None:
    """A lot whose date is corrected has its place by the new one, where it lies and where it is only picked (S42)."""
    say = Ordering(line.sku)
    await stocked(line, ("A", 20), ("B", 30), ("C", 40))
    await line.say(say.put_away("A", 10), say.want(1, 10, lots=["A"]))
    await line.say(say.pick(1, say.at("A", 10)))

    async def order() -> list[str]:
        rows = await pages(http, "lot-inventory", sku=line.sku)
        assert await undated(line) == []
        return [it["lot"] for it in rows]

    assert await order() == ["A", "B", "C"]
    await line.say(say.correct("A", DAY + timedelta(days=35)), say.correct("C", DAY + timedelta(days=25)))
    assert await order() == ["C", "B", "A"]
    await line.say(say.unpick(1, "A", 10, again=True))
    await line.say(say.correct("A", DAY + timedelta(days=5)))
    assert await order() == ["A", "C", "B"]
    await line.say(say.pick(1, say.at("A", 10, BIN)))
    assert await order() == ["A", "C", "B"]


async def test_expiring_lots_in_buckets(line: Line, http: httpx.AsyncClient) -> None:
    """Each boundary day lies in its bucket, by the one rule of what is expired; each can be asked for (S29, S43)."""
    boundaries = (-400, -1, 0, 7, 8, 30, 31, 90, 91, 1000)
    await stocked(line, ("none", None), *((f"B{days}", days) for days in boundaries))
    rows = await pages(http, "expiring-lots", sku=line.sku)
    assert [it["days_left"] for it in rows] == list(boundaries)
    for row in rows:
        expiry = datetime.fromisoformat(row["expiry"]).date()
        assert (row["bucket"] == "expired") == is_expired(expiry, DAY)
        assert row["days_left"] == days_left(expiry, DAY)
    by = {"expired": [-400, -1], "<=7": [0, 7], "<=30": [8, 30], "<=90": [31, 90], ">90": [91, 1000]}
    for bucket, days in by.items():
        assert [it["days_left"] for it in await pages(http, "expiring-lots", sku=line.sku, bucket=bucket)] == days
        filed = await file(http, "expiring-lots", sku=line.sku, bucket=bucket)
        assert [int(it["days_left"]) for it in filed] == days
    assert (await http.get("/reports/expiring-lots", params={"bucket": "soon"})).status_code == 400


async def test_lot_movement_history(line: Line, http: httpx.AsyncClient) -> None:
    """Receipt, putaway, pick, shipment, each with who, why and which paper, lot by lot; of a time if asked (S44)."""
    say = Ordering(line.sku)
    await stocked(line, ("B-2", 50), ("B-1", 60))
    await line.say(say.put_away("B-1", 6), say.want(1, 2))
    await line.say(say.pick(1, say.at("B-1", 2)))
    await line.say(say.dispatch(1, {"B-1": 2}))
    rows = await pages(http, "lot-movements", sku=line.sku)
    assert [(it["lot"], it["change"], it["location"], it["on_hand"], it["picked"]) for it in rows] == [
        ("B-1", "RECEIVED", DOCK, 10, 0), ("B-1", "PUT_AWAY", DOCK, -6, 0), ("B-1", "PUT_AWAY", SHELF, 6, 0),
        ("B-1", "PICKED", SHELF, -2, 2), ("B-1", "SHIPPED", None, 0, -2), ("B-2", "RECEIVED", DOCK, 10, 0),
    ]  # fmt: skip
    assert (rows[0]["receipt"], rows[4]["shipment"], rows[4]["customer"]) == ("R-1", "SH-1", "C-1")
    assert all(it["actor"] for it in rows)
    assert [it["change"] for it in await file(http, "lot-movements", sku=line.sku, lot="B-2")] == ["RECEIVED"]
    later = (NOON + timedelta(seconds=1)).isoformat()
    assert await pages(http, "lot-movements", sku=line.sku, since=later) == []


async def test_stock_of_a_product(line: Line, http: httpx.AsyncClient) -> None:
    """Free, allocated, held and picked of a product in each warehouse, over all its lots, exactly."""
    say = Ordering(line.sku)
    await stocked(line, ("B-1", 50), ("B-2", 60))
    await line.say(say.receive(say.came("B-1", "0.000001", DAY + timedelta(days=50)), location="WEST/DOCK"))
    await line.say(say.put_away("B-1"), say.put_away("B-2", 10, BIN), say.hold("B-2", "H-1", BIN), say.want(1, 4))
    await line.say(say.pick(1, say.at("B-1", 1)))
    east, west = await pages(http, "stock", sku=line.sku)
    assert (east["warehouse"], east["on_hand"], east["free"], east["allocated"]) == ("EAST", 19, 6, 3)
    assert (east["held"], east["picked"], east["staged"], east["lots"]) == (10, 1, 0, 2)
    assert (west["warehouse"], west["on_hand"], west["staged"]) == ("WEST", 0.000001, 0.000001)
    (filed,) = await file(http, "stock", sku=line.sku, warehouse="WEST")
    assert filed["on_hand"] == "0.000001"


async def test_the_books_agree(line: Line, http: httpx.AsyncClient) -> None:
    """The report of the reconciliation proves that the ledger is the balance, and shows what does not agree."""
    say = Ordering(line.sku)
    await stocked(line, ("B-1", 50), ("B-2", 60))
    await line.say(say.put_away("B-1", 6), say.want(1, 2), say.adjust("B-2", 1, "SCRAPPED", DOCK))
    rows = await pages(http, "reconciliation", sku=line.sku)
    assert [(it["lot"], it["received"], it["on_hand"], it["scrapped"], it["agrees"]) for it in rows] == [
        ("B-1", 10, 10, 0, True), ("B-2", 10, 9, 1, True),
    ]  # fmt: skip
    assert await pages(http, "reconciliation", sku=line.sku, wrong_only=True) == []


@pytest.mark.parametrize("report", [report.name for report in REPORTS])
async def test_pages_and_files_have_the_same_columns(http: httpx.AsyncClient, line: Line, report: str) -> None:
    """What a page names, the file names in the same order, and the documentation tells what each is."""
    await stocked(line, ("B-1", 50))
    (row,) = await pages(http, report, sku=line.sku)
    (filed,) = await file(http, report, sku=line.sku)
    assert list(filed) == list(row)
    about = (await http.get("/openapi.json")).json()["paths"][f"/reports/{report}.csv"]["get"]["description"]
    assert all(f"`{column}` " in about for column in row)
