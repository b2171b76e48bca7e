"""Lot search, lot details and traces, with any characters in the lot number."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from shared.identifiers import resource_path
from tests.integration.lots.conftest import LotsHarness
from tests.support.messages.lot_orders import OrderMessages
from tests.support.messages.lots import BIN, DOCK, OUTBOUND, SHELF

UNUSUAL_NUMBER = "00392/17 a+b&c=%41"
FAR_EXPIRY = datetime.now(UTC).date() + timedelta(days=400)


async def get_json(http: httpx.AsyncClient, path: str, **query: Any) -> Any:
    """The JSON body of a successful response."""
    response = await http.get(path, params=query or None)
    assert response.status_code == 200, response.text
    return response.json()


async def test_lot_detail(harness: LotsHarness, http: httpx.AsyncClient) -> None:
    """A lot shows dates, balances by warehouse and location, holds and corrections under any number (S25)."""
    messages = OrderMessages(harness.sku)
    await harness.handle(messages.receive(messages.received_lot(UNUSUAL_NUMBER, "10.5", FAR_EXPIRY)))
    await harness.handle(
        messages.put_away(UNUSUAL_NUMBER, 8),
        messages.request_allocation(1, 3),
        messages.place_hold(UNUSUAL_NUMBER, "H-1", DOCK),
    )
    await harness.handle(messages.correct_dates(UNUSUAL_NUMBER, FAR_EXPIRY + timedelta(days=1)))
    lot = await get_json(http, resource_path("lots", harness.sku, UNUSUAL_NUMBER))
    assert (lot["lot"], lot["expiry"], lot["supplier"]) == (
        UNUSUAL_NUMBER,
        str(FAR_EXPIRY + timedelta(days=1)),
        "Dairy",
    )
    today = datetime.now(ZoneInfo("Europe/Berlin")).date()
    (east,) = lot["warehouses"]
    assert east == {
        "warehouse": "EAST", "on_hand": 10.5, "available": 5, "allocated": 3, "held": 2.5, "staged": 0, "missing": 0,
        "picked": 0, "days_left": (FAR_EXPIRY - today).days + 1, "expired": False,
    }  # fmt: skip
    assert [(location["location"], location["on_hand"], location["held"]) for location in lot["locations"]] == [
        (SHELF, 8, 0),
        (DOCK, 2.5, 2.5),
    ]
    assert [(hold["hold_id"], hold["location"], hold["owner_role"]) for hold in lot["holds"]] == [
        ("H-1", DOCK, "quality")
    ]
    assert [(correction["previous_expiry"], correction["reason"]) for correction in lot["corrections"]] == [
        (str(FAR_EXPIRY), "label misread")
    ]
    response = await http.get(resource_path("lots", harness.sku, "UNKNOWN"))
    assert (response.status_code, response.json()["ids"]) == (404, ["UNKNOWN"])


LOT_NUMBERS = [
    "AB-001",
    "ab-002",
    "Ab_003",
    "100%",
    "a\\b",
    "X/9",
    "0007",
    "zz ab 1",
    *(f"N-{number:04}" for number in range(40)),
]


@pytest.mark.usefixtures("forced_plan")
async def test_search_matches_a_brute_force_search(harness: LotsHarness, http: httpx.AsyncClient) -> None:
    """Search by term, expiry, location and stock equals a brute-force search; pages are complete (S31)."""
    messages = harness.messages
    expiry = {lot: FAR_EXPIRY + timedelta(days=index % 9) for index, lot in enumerate(LOT_NUMBERS)}
    await harness.handle(messages.receive(*(messages.received_lot(lot, 1, day) for lot, day in expiry.items())))
    await harness.handle(messages.put_away("N-0007", 1, BIN), messages.adjust("N-0008", 1, "SCRAPPED", DOCK))
    expires_before = FAR_EXPIRY + timedelta(days=4)
    searches: list[tuple[dict[str, Any], Callable[[str], bool]]] = [
        ({}, lambda _: True),
        ({"expiring_before": str(expires_before)}, lambda lot: expiry[lot] < expires_before),
        ({"stocked": True}, lambda lot: lot != "N-0008"),
        ({"warehouse": "EAST"}, lambda lot: lot != "N-0008"),
        ({"location": BIN}, lambda lot: lot == "N-0007"),
        ({"warehouse": "WEST"}, lambda _: False),
    ]
    terms = [None, "a", "AB", "ab-00", "%", "_00", "\\", "N-00", "-000", "0007", "zz AB", "unknown", "N-0039"]
    for q, (filters, predicate) in product(terms, searches):
        query: dict[str, Any] = {"sku": harness.sku, "limit": 9} | ({"q": q} if q else {}) | filters
        numbers, cursor = [], None
        while True:
            page = await get_json(http, "/lots", **query, **({"cursor": cursor} if cursor else {}))
            numbers += [item["lot"] for item in page["items"]]
            if not (cursor := page["next"]):
                break
        expected = sorted(lot for lot in LOT_NUMBERS if predicate(lot) and (not q or matches(q.lower(), lot.lower())))
        assert numbers == expected, (q, filters)


def matches(term: str, lot: str) -> bool:
    """Whether a lot number contains the term, or begins with it if the term is short."""
    return term in lot if len(term) > 2 else lot.startswith(term)


async def test_search_lots(harness: LotsHarness, http: httpx.AsyncClient) -> None:
    """Lots are found by term in any case, expiry and location; pages neither skip nor repeat."""
    messages = harness.messages
    numbers = [f"{number:03}/Lx" for number in range(5)]
    lots = [messages.received_lot(lot, 1, FAR_EXPIRY + timedelta(days=index)) for index, lot in enumerate(numbers)]
    await harness.handle(messages.receive(*lots, messages.received_lot("OTHER", 1, None)))
    await harness.handle(messages.put_away("003/Lx", 1, BIN), messages.adjust("002/Lx", 1, "SCRAPPED", DOCK))

    async def search(**query: Any) -> list[str]:
        return [item["lot"] for item in (await get_json(http, "/lots", sku=harness.sku, **query))["items"]]

    assert await search() == [*numbers, "OTHER"]
    assert await search(q="3/lX") == ["003/Lx"]
    assert await search(expiring_before=str(FAR_EXPIRY + timedelta(days=2))) == numbers[:2]
    assert await search(location=BIN) == ["003/Lx"]
    assert await search(warehouse="WEST") == []
    assert await search(stocked=True) == [*numbers[:2], *numbers[3:], "OTHER"]
    found_numbers, query = [], {"sku": harness.sku, "limit": 4}
    while True:
        page = await get_json(http, "/lots", **query)
        found_numbers += [item["lot"] for item in page["items"]]
        if not page["next"]:
            break
        query["cursor"] = page["next"]
    assert found_numbers == [*numbers, "OTHER"]


async def test_list_by_location_shows_the_quantity_there(harness: LotsHarness, http: httpx.AsyncClient) -> None:
    """Quantities and holds are those of the filtered location or warehouse, otherwise totals (S35)."""
    messages = OrderMessages(harness.sku)
    await harness.handle(
        messages.receive(messages.received_lot("B-1", "22.5", FAR_EXPIRY)),
        messages.receive(messages.received_lot("B-1", 5, FAR_EXPIRY), receipt="R-2", location="WEST/DOCK"),
    )
    await harness.handle(
        messages.put_away("B-1", 7), messages.put_away("B-1", 3, BIN), messages.request_allocation(1, 4),
        messages.place_hold("B-1", "H-1", DOCK),
    )  # fmt: skip
    await harness.handle(messages.pick(1, messages.lot_at_location("B-1", 1)))
    expected = [
        ({}, (26.5, 3, 1, True)),
        ({"warehouse": "EAST"}, (21.5, 3, 1, True)),
        ({"warehouse": "WEST"}, (5, 0, 0, False)),
        ({"location": SHELF}, (6, 3, 0, False)),
        ({"location": BIN}, (3, 0, 0, False)),
        ({"location": DOCK}, (12.5, 0, 0, True)),
        ({"location": OUTBOUND}, (0, 0, 1, False)),
    ]
    for query, quantities in expected:
        (item,) = (await get_json(http, "/lots", sku=harness.sku, **query))["items"]
        assert (item["on_hand"], item["allocated"], item["picked"], item["on_hold"]) == quantities, query


@pytest.mark.usefixtures("forced_plan")
async def test_search_finds_untracked_products(untracked_harness: LotsHarness, http: httpx.AsyncClient) -> None:
    """Untracked stock is found under its product by each search path (S25, S31)."""
    messages = untracked_harness.messages
    await untracked_harness.handle(messages.receive(messages.received_lot("", 500, None)))
    for query in ({}, {"stocked": True}, {"warehouse": "EAST"}, {"location": DOCK}):
        page = await get_json(http, "/lots", sku=untracked_harness.sku, **query)
        assert [(item["lot"], item["on_hand"]) for item in page["items"]] == [("", 500)]
    path = resource_path("lots", untracked_harness.sku, "")
    assert (await get_json(http, path))["locations"][0]["on_hand"] == 500
    assert (await get_json(http, f"{path}/trace-back"))["inflows"][0]["quantity"] == 500
    assert (await get_json(http, f"{path}/trace-forward"))["locations"][0]["location"] == DOCK


@pytest.mark.usefixtures("forced_plan")
async def test_lots_are_found_by_their_documents(harness: LotsHarness, http: httpx.AsyncClient) -> None:
    """Order, customer, shipment, receipt, expiry range and time of change find the lots by each plan (S31, S46)."""
    messages, receipt = OrderMessages(harness.sku), harness.scoped_id("R")
    customer, shipment = harness.scoped_id("C"), harness.scoped_id("SH")
    lots = [messages.received_lot(f"B-{number}", 9, FAR_EXPIRY + timedelta(days=number)) for number in range(4)]
    await harness.handle(messages.receive(*lots[:2], receipt=receipt), messages.receive(*lots[2:], receipt="R-9"))
    await harness.handle(messages.put_away("B-0", 9), messages.put_away("B-1", 9, BIN))
    await harness.handle(messages.request_allocation(1, 9), messages.request_allocation(2, 3))
    await harness.handle(messages.pick(1, messages.lot_at_location("B-0", 9)))
    await harness.handle(
        messages.dispatch(1, {"B-0": 9}).model_copy(update={"customer": customer, "shipment": shipment})
    )
    since = datetime.now(UTC)
    await harness.handle(messages.place_hold("B-2", "H-1"))
    await harness.handle(messages.correct_dates("B-3", FAR_EXPIRY + timedelta(days=9)))
    searches: list[tuple[dict[str, Any], list[str]]] = [
        ({"order": messages.order_id(1)}, ["B-0"]),
        ({"order": messages.order_id(2)}, ["B-1"]),
        ({"customer": customer}, ["B-0"]),
        ({"shipment": shipment}, ["B-0"]),
        ({"receipt": receipt}, ["B-0", "B-1"]),
        ({"receipt": receipt, "stocked": True}, ["B-1"]),
        ({"changed_since": since.isoformat()}, ["B-2", "B-3"]),
        ({"expiring_from": str(FAR_EXPIRY + timedelta(days=1))}, ["B-1", "B-2", "B-3"]),
        (
            {
                "expiring_from": str(FAR_EXPIRY + timedelta(days=1)),
                "expiring_before": str(FAR_EXPIRY + timedelta(days=2)),
            },
            ["B-1"],
        ),
        ({"order": messages.order_id(1), "receipt": receipt, "customer": customer, "location": BIN}, []),
    ]
    for query, expected in searches:
        page = await get_json(http, "/lots", sku=harness.sku, limit=2, **query)
        found = [item["lot"] for item in page["items"]]
        if page["next"]:
            page = await get_json(http, "/lots", sku=harness.sku, limit=2, cursor=page["next"], **query)
            found += [item["lot"] for item in page["items"]]
        assert found == expected, query


async def test_lots_are_sorted_by_expiry(harness: LotsHarness, http: httpx.AsyncClient) -> None:
    """Pages by expiry neither skip nor repeat lots, and leave out undated ones (S29)."""
    messages = harness.messages
    days = {"B-1": 9, "B-2": 5, "B-3": 5, "B-4": 7}
    lots = [messages.received_lot(lot, 1, FAR_EXPIRY + timedelta(days=count)) for lot, count in days.items()]
    await harness.handle(messages.receive(*lots, messages.received_lot("B-5", 1, None)))
    for sort, expected in {"expiry": ["B-2", "B-3", "B-4", "B-1"], "-expiry": ["B-1", "B-4", "B-3", "B-2"]}.items():
        for filters in ({}, {"location": DOCK}, {"q": "b-", "stocked": True}):
            found: list[str] = []
            query: dict[str, Any] = {"sku": harness.sku, "sort": sort, "limit": 1, **filters}
            while True:
                page = await get_json(http, "/lots", **query)
                found += [item["lot"] for item in page["items"]]
                if not page["next"]:
                    break
                query["cursor"] = page["next"]
            assert found == expected, (sort, filters)
    response = await http.get("/lots", params={"sort": "supplier"})
    assert (response.status_code, "'-expiry'" in response.text) == (400, True)
