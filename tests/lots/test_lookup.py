"""Lots looked up: the list, one as a whole, where from and where to; whatever its number is made of."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from shared.identifiers import address_of
from tests.lots.conftest import Line
from tests.unit.lots.making import BIN, DOCK, SHELF, STAGE
from tests.unit.lots.ordering import Ordering

ODD = "00392/17 a+b&c=%41"
FAR_OFF = datetime.now(UTC).date() + timedelta(days=400)


async def read(http: httpx.AsyncClient, path: str, **query: Any) -> Any:
    """What an address answers."""
    answer = await http.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_lot_as_a_whole(line: Line, http: httpx.AsyncClient) -> None:
    """Any number survives the address: dates, quantities by warehouse and place, holds, corrections (S25)."""
    say = Ordering(line.sku)
    await line.say(say.receive(say.came(ODD, "10.5", FAR_OFF)))
    await line.say(say.put_away(ODD, 8), say.want(1, 3), say.hold(ODD, "H-1", DOCK))
    await line.say(say.correct(ODD, FAR_OFF + timedelta(days=1)))
    lot = await read(http, address_of("lots", line.sku, ODD))
    assert (lot["lot"], lot["expiry"], lot["supplier"]) == (ODD, str(FAR_OFF + timedelta(days=1)), "Dairy")
    today = datetime.now(ZoneInfo("Europe/Berlin")).date()
    (east,) = lot["warehouses"]
    assert east == {
        "warehouse": "EAST", "on_hand": 10.5, "free": 5, "allocated": 3, "held": 2.5, "staged": 0, "picked": 0,
        "days_left": (FAR_OFF - today).days + 1, "expired": False,
    }  # fmt: skip
    assert [(it["location"], it["on_hand"], it["held"]) for it in lot["places"]] == [(SHELF, 8, 0), (DOCK, 2.5, 2.5)]
    assert [(it["hold"], it["location"], it["role"]) for it in lot["holds"]] == [("H-1", DOCK, "quality")]
    assert [(it["expiry_before"], it["reason"]) for it in lot["corrections"]] == [(str(FAR_OFF), "misread")]
    gone = await http.get(address_of("lots", line.sku, "nobody's"))
    assert (gone.status_code, gone.json()["ids"]) == (404, ["nobody's"])


LETTERED = ["AB-001", "ab-002", "Ab_003", "100%", "a\\b", "X/9", "0007", "zz ab 1", *(f"N-{n:04}" for n in range(40))]


@pytest.mark.usefixtures("way")
async def test_search_finds_what_an_oracle_finds(line: Line, http: httpx.AsyncClient) -> None:
    """Whichever way it goes: part, beginning, case, wildcards, expiry, place; pages lose and repeat nothing (S31)."""
    say = line.saying
    expiry = {lot: FAR_OFF + timedelta(days=place % 9) for place, lot in enumerate(LETTERED)}
    await line.say(say.receive(*(say.came(lot, 1, day) for lot, day in expiry.items())))
    await line.say(say.put_away("N-0007", 1, BIN), say.adjust("N-0008", 1, "SCRAPPED", DOCK))
    before = FAR_OFF + timedelta(days=4)
    asked: list[tuple[dict[str, Any], Callable[[str], bool]]] = [
        ({}, lambda _: True),
        ({"expiring_before": str(before)}, lambda lot: expiry[lot] < before),
        ({"stocked": True}, lambda lot: lot != "N-0008"),
        ({"warehouse": "EAST"}, lambda lot: lot != "N-0008"),
        ({"location": BIN}, lambda lot: lot == "N-0007"),
        ({"warehouse": "WEST"}, lambda _: False),
    ]
    needles = [None, "a", "AB", "ab-00", "%", "_00", "\\", "N-00", "-000", "0007", "zz AB", "nothing", "N-0039"]
    for q, (filters, fits) in product(needles, asked):
        query: dict[str, Any] = {"sku": line.sku, "limit": 9} | ({"q": q} if q else {}) | filters
        found, cursor = [], None
        while True:
            page = await read(http, "/lots", **query, **({"cursor": cursor} if cursor else {}))
            found += [it["lot"] for it in page["items"]]
            if not (cursor := page["next"]):
                break
        expected = sorted(lot for lot in LETTERED if fits(lot) and (not q or matches(q.lower(), lot.lower())))
        assert found == expected, (q, filters)


def matches(part: str, lot: str) -> bool:
    """Say whether a part is in a number, or a shorter one begins it."""
    return part in lot if len(part) > 2 else lot.startswith(part)


async def test_lots_are_searched(line: Line, http: httpx.AsyncClient) -> None:
    """By part of the number in any case, by expiry, by place; in pages that neither skip nor repeat."""
    say = line.saying
    numbers = [f"{it:03}/Lx" for it in range(5)]
    lots = [say.came(lot, 1, FAR_OFF + timedelta(days=place)) for place, lot in enumerate(numbers)]
    await line.say(say.receive(*lots, say.came("OTHER", 1, None)))
    await line.say(say.put_away("003/Lx", 1, BIN), say.adjust("002/Lx", 1, "SCRAPPED", DOCK))

    async def found(**query: Any) -> list[str]:
        return [it["lot"] for it in (await read(http, "/lots", sku=line.sku, **query))["items"]]

    assert await found() == [*numbers, "OTHER"]
    assert await found(q="3/lX") == ["003/Lx"]
    assert await found(expiring_before=str(FAR_OFF + timedelta(days=2))) == numbers[:2]
    assert await found(location=BIN) == ["003/Lx"]
    assert await found(warehouse="WEST") == []
    assert await found(stocked=True) == [*numbers[:2], *numbers[3:], "OTHER"]
    seen, query = [], {"sku": line.sku, "limit": 4}
    while True:
        page = await read(http, "/lots", **query)
        seen += [it["lot"] for it in page["items"]]
        if not page["next"]:
            break
        query["cursor"] = page["next"]
    assert seen == [*numbers, "OTHER"]


@pytest.mark.usefixtures("way")
async def test_an_untracked_product_is_found(line_untracked: Line, http: httpx.AsyncClient) -> None:
    """What is counted without lots is found under its product, whichever way the search goes (S25, S31)."""
    say = line_untracked.saying
    await line_untracked.say(say.receive(say.came("", 500, None)))
    for query in ({}, {"stocked": True}, {"warehouse": "EAST"}, {"location": DOCK}):
        page = await read(http, "/lots", sku=line_untracked.sku, **query)
        assert [(it["lot"], it["on_hand"]) for it in page["items"]] == [("", 500)]
    address = address_of("lots", line_untracked.sku, "")
    assert (await read(http, address))["places"][0]["on_hand"] == 500
    assert (await read(http, f"{address}/trace-back"))["came"][0]["quantity"] == 500
    assert (await read(http, f"{address}/trace-forward"))["places"][0]["location"] == DOCK


async def test_where_a_lot_came_from(line: Line, http: httpx.AsyncClient) -> None:
    """Every receipt with its supplier and quantity, what came back, what was found: one answer (S46)."""
    say = Ordering(line.sku)
    other = say.receive(say.came(ODD, 5, FAR_OFF), receipt="R-2").model_copy(update={"supplier": "Farm"})
    await line.say(say.receive(say.came(ODD, 10, FAR_OFF)), other)
    await shipped(line, say)
    await line.say(say.back(ODD, 1))
    await line.say(say.adjust(ODD, 2, "FOUND"))
    answer = await read(http, address_of("lots", line.sku, ODD, "trace-back"))
    assert [(it["change"], it["quantity"], it["receipt"], it["supplier"]) for it in answer["came"]] == [
        ("RECEIVED", 10, "R-1", "Dairy"), ("RECEIVED", 5, "R-2", "Farm"),
        ("RETURNED", 1, None, None), ("FOUND", 2, None, None),
    ]  # fmt: skip
    assert answer["came"][2]["customer"] == "C-1"


async def shipped(line: Line, say: Ordering) -> None:
    """Ship four of the lot to one order, let another have three, and pick two for a third."""
    await line.say(say.put_away(ODD, 10), say.want(1, 4), say.want(2, 3), say.want(3, 2))
    await line.say(say.pick(1, say.at(ODD, 4)), say.pick(3, say.at(ODD, 2)))
    await line.say(say.dispatch(1, {ODD: 4}))


async def test_where_a_lot_went(line: Line, http: httpx.AsyncClient) -> None:
    """Customers, orders, shipments with quantities, what orders still have, what is left and what is gone (S46)."""
    say = Ordering(line.sku)
    await line.say(say.receive(say.came(ODD, 12, FAR_OFF)))
    await shipped(line, say)
    await line.say(say.back(ODD, 1), say.adjust(ODD, 1, "LOST", DOCK))
    answer = await read(http, address_of("lots", line.sku, ODD, "trace-forward"))
    assert [(it["shipment"], it["order"], it["customer"], it["quantity"]) for it in answer["shipped"]] == [
        ("SH-1", say.order(1), "C-1", 4)
    ]
    assert [(it["order"], it["status"], it["location"], it["quantity"]) for it in answer["orders"]] == [
        (say.order(2), "ALLOCATED", SHELF, 3), (say.order(3), "PICKED", None, 2),
    ]  # fmt: skip
    assert {it["customer"] for it in answer["orders"]} == {"C-1"}
    assert [(it["location"], it["on_hand"], it["free"]) for it in answer["places"]] == [
        (SHELF, 4, 1), (DOCK, 1, 0), (STAGE, 1, 0),
    ]  # fmt: skip
    assert [(it["change"], it["quantity"]) for it in answer["gone"]] == [("LOST", 1)]
    assert [(it["return_id"], it["quantity"]) for it in answer["returned"]] == [("RMA-1", 1)]
    everywhere = sum(it["quantity"] for kind in ("shipped", "orders", "gone") for it in answer[kind])
    allocated = sum(it["quantity"] for it in answer["orders"] if it["status"] == "ALLOCATED")
    assert everywhere - allocated + sum(it["on_hand"] for it in answer["places"]) == 12 + 1
