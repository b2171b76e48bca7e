"""Unit lookups, compared with a brute-force search."""

from dataclasses import replace
from itertools import product as combinations
from typing import Any

import httpx
import pytest

from services.serials.lookup.queries import counts
from services.serials.lookup.queries import unit as unit_queries
from services.serials.lookup.queries.counts import count_by_status
from services.serials.lookup.queries.filters import Filters
from services.serials.lookup.queries.search import search
from services.serials.units.domain.transitions import STATUSES
from shared.contracts.commands.serials import MoveSerials, PlaceSerialHold, PutAwaySerials
from shared.contracts.receiving import ReceiptLineExpected, ReceiptSerialsReceived
from shared.contracts.serials import SerialStatus
from shared.http import first_page
from shared.identifiers import resource_path
from shared.persistence.database import read_only
from tests.integration.serials.conftest import SerialsHarness
from tests.integration.serials.messages import ProductMessages, serial_numbers, split_serials
from tests.support.messages.serials import BIN, DOCK, SHELF

UNUSUAL_SERIALS = ["AB-001", "ab-002", "Ab_003", "100%", "a\\b", "X/9", "0007", "zz ab 1"]


async def _stock_units(harness: SerialsHarness) -> dict[str, str]:
    """Store units of one product in three statuses; return the status of each serial."""
    serials = [*UNUSUAL_SERIALS, *(f"N-{number:04}" for number in range(60))]
    versions = [1] * len(serials)
    await harness.handle(
        ReceiptLineExpected(
            receipt="R-1",
            warehouse="EAST",
            line="1",
            sku=harness.sku,
            quantity=len(serials),
            serials=serials,
            versions=versions,
        )
    )
    received = serials[:40]
    await harness.handle(
        ReceiptSerialsReceived(
            receipt="R-1", line="1", sku=harness.sku, serials=received, versions=[2] * 40, location=DOCK, session="S"
        )
    )
    await harness.handle(PutAwaySerials(sku=harness.sku, serials=received[:20], location=SHELF))
    return {
        serial: "IN_INVENTORY" if number < 20 else "RECEIVED" if number < 40 else "EXPECTED"
        for number, serial in enumerate(serials)
    }


async def _search_all_pages(harness: SerialsHarness, filters: Filters, size: int) -> list[str]:
    """Return all pages of a search as one list."""
    serials: list[str] = []
    after = ("", "")
    async with read_only(harness.engine) as tx:
        while rows := await search(tx, filters, after, size):
            serials += [row.serial for row in rows]
            after = (rows[-1].sku, rows[-1].serial)
    return serials


@pytest.mark.usefixtures("forced_plan")
async def test_search_matches_a_brute_force_search(harness: SerialsHarness) -> None:
    """Search by part, prefix, case, wildcards, product and status is exact (S31, S32, S33)."""
    units = await _stock_units(harness)
    terms = [None, "a", "AB", "ab-00", "%", "_00", "\\", "N-00", "-000", "0007", "zz AB", "nothing", "N-0059"]
    status_filters: list[tuple[SerialStatus, ...]] = [(), *((status,) for status in STATUSES), ("RECEIVED", "EXPECTED")]
    for q, statuses in combinations(terms, status_filters):
        expected = sorted(
            serial
            for serial, unit_status in units.items()
            if (q is None or (q.lower() in serial.lower() if len(q) >= 3 else serial.lower().startswith(q.lower())))
            and (not statuses or unit_status in statuses)
        )
        for size in (7, 500):
            serials = await _search_all_pages(harness, Filters(q=q, sku=harness.sku, status=statuses), size)
            assert serials == expected, (q, statuses, size)


@pytest.mark.usefixtures("forced_plan")
async def test_search_by_location_order_and_hold(harness: SerialsHarness) -> None:
    """Location, order and hold filters narrow the list, and the counts agree with it (S33, S35)."""
    units = await _stock_units(harness)
    held_serials = [serial for serial, status in units.items() if status != "EXPECTED"][::9]
    await harness.handle(PlaceSerialHold(sku=harness.sku, serials=held_serials, hold_id="H-1", reason="look"))
    assert await _search_all_pages(harness, Filters(sku=harness.sku, on_hold=True), 50) == sorted(held_serials)
    stored = sorted(serial for serial, status in units.items() if status == "IN_INVENTORY")
    assert await _search_all_pages(harness, Filters(sku=harness.sku, location=SHELF), 50) == stored
    assert await _search_all_pages(harness, Filters(sku=harness.sku, warehouse="WEST"), 50) == []
    assert await _search_all_pages(harness, Filters(q="n-00", sku=harness.sku, warehouse="EAST"), 3) == [
        f"N-{number:04}" for number in range(60)
    ]
    await harness.handle(ProductMessages(harness.sku).request_allocation(1, 2, serials=["0007", "100%"]))
    order = ProductMessages(harness.sku).order_id(1)
    assert await _search_all_pages(harness, Filters(order=order), 1) == ["0007", "100%"]
    assert await _search_all_pages(harness, Filters(q="0%", order=order), 50) == []
    assert await _search_all_pages(harness, Filters(q="00%", order=order, status=("ALLOCATED",)), 50) == ["100%"]
    async with read_only(harness.engine) as tx:
        counts_by_status = {
            status_count.status: status_count.units
            for status_count in await count_by_status(tx, Filters(sku=harness.sku))
        }
        received_counts = await count_by_status(tx, Filters(sku=harness.sku, q="N-00", status=("RECEIVED",)))
        not_held_counts = await count_by_status(tx, Filters(sku=harness.sku, on_hold=False))
    statuses = [*units.values(), "ALLOCATED", "ALLOCATED"]
    expected = {status: statuses.count(status) for status in STATUSES}
    assert counts_by_status == expected | {"IN_INVENTORY": expected["IN_INVENTORY"] - 2}
    assert (
        sum(status_count.units for status_count in received_counts),
        any(status_count.has_more for status_count in received_counts),
    ) == (60, False)
    assert sum(status_count.units for status_count in not_held_counts) == len(units) - len(held_serials)


@pytest.mark.parametrize("filters", [Filters(), Filters(q="SN-"), Filters(warehouse="EAST")])
async def test_counts_stop_at_a_limit(
    harness: SerialsHarness, monkeypatch: pytest.MonkeyPatch, filters: Filters
) -> None:
    """A count of 1200 units is exact; beyond the limit, it is the limit and `has_more` is true (S33)."""
    messages = ProductMessages(harness.sku)
    for batch in split_serials(serial_numbers(1200)):
        await harness.handle(messages.expect(batch))
    monkeypatch.setattr(counts, "ROW_CAP", 100)
    for limit, expected in ((1200, ("EXPECTED", 1200, False)), (1000, ("EXPECTED", 1000, True))):
        monkeypatch.setattr(counts, "MAX_COUNT", limit)
        async with read_only(harness.engine) as tx:
            status_counts = await count_by_status(tx, replace(filters, sku=harness.sku))
        assert [tuple(status_count) for status_count in status_counts if status_count.units] == [expected]


@pytest.mark.parametrize("name", ["history", "trace-back", "trace-forward"])
async def test_serial_named_like_a_sub_resource(http: httpx.AsyncClient, harness: SerialsHarness, name: str) -> None:
    """A serial named like a sub-resource has its own path, and its sub-resources follow it (S34, S36)."""
    await harness.handle(ProductMessages(harness.sku).receive([name]))
    unit = (await http.get(f"/serials/{harness.sku}/{name}")).json()
    assert (unit["serial"], unit["status"]) == (name, "RECEIVED")
    page = (await http.get(f"/serials/{harness.sku}/{name}/{name}")).json()
    assert page["items"] if name == "history" else page["serial"] == name


async def test_encoded_slash_does_not_split_the_path(http: httpx.AsyncClient, harness: SerialsHarness) -> None:
    """Percent-encoded slashes distinguish units whose SKU and serial concatenate to the same text (S34)."""
    units = {f"{harness.sku}/A": "B/S", f"{harness.sku}/A/B": "S"}
    for sku, serial in units.items():
        await harness.handle(ProductMessages(sku).receive([serial]))
    for sku, serial in units.items():
        unit = (await http.get(resource_path("serials", sku, serial))).json()
        assert (unit["sku"], unit["serial"]) == (sku, serial)
    assert (await http.get(f"/serials/{harness.sku}/A/B/S")).status_code == 404
    problem = (await http.get(resource_path("serials", f"{harness.sku}/A", "X"))).json()
    assert (problem["code"], problem["ids"]) == ("serial_not_found", [f"{harness.sku}/A/X"])
    assert "No resource at /serial/A%2FB" in (await http.get("/serial/A%2FB")).json()["detail"]


async def test_demands_are_listed(http: httpx.AsyncClient, harness: SerialsHarness) -> None:
    """Demands of a product are listed with their open quantities (S08)."""
    messages = ProductMessages(harness.sku)
    await harness.handle(
        messages.request_allocation(1, 2), messages.request_allocation(2, 1, serials=serial_numbers(1))
    )
    await harness.handle(messages.receive(serial_numbers(2)))
    await harness.handle(messages.put_away(serial_numbers(2)))
    items = (await http.get("/demands", params={"sku": harness.sku})).json()["items"]
    assert [(item["demand_id"], item["open_quantity"], item["serials"]) for item in items] == [
        (messages.demand_id(1), 0, []),
        (messages.demand_id(2), 1, serial_numbers(1)),
    ]
    open_items = (await http.get("/demands", params={"sku": harness.sku, "backordered": True})).json()["items"]
    assert [item["demand_id"] for item in open_items] == [messages.demand_id(2)]


async def test_open_holds_are_listed(http: httpx.AsyncClient, harness: SerialsHarness) -> None:
    """Open holds are listed with unit, reason and user, page by page."""
    await harness.handle(ProductMessages(harness.sku).receive(serial_numbers(3)))
    await harness.handle(
        PlaceSerialHold(sku=harness.sku, serials=serial_numbers(3), hold_id="H-1", reason="suspicion"), actor="eve"
    )
    first_page = (await http.get("/holds", params={"sku": harness.sku, "limit": 2})).json()
    second_page = (await http.get("/holds", params={"sku": harness.sku, "cursor": first_page["next"]})).json()
    items = [*first_page["items"], *second_page["items"]]
    assert [item["serial"] for item in items] == serial_numbers(3)
    assert {(item["hold_id"], item["reason"], item["opened_by"]) for item in items} == {("H-1", "suspicion", "eve")}


async def test_unit_history_and_movements(harness: SerialsHarness) -> None:
    """A unit has its location and history; movements are only changes of location (S34, S35, S36)."""
    await _stock_units(harness)
    await harness.handle(MoveSerials(sku=harness.sku, serials=["X/9"], location=BIN), actor="ben")
    async with read_only(harness.engine) as tx:
        unit = await unit_queries.find_unit(tx, harness.sku, "X/9")
        assert unit is not None
        page, history = first_page(unit_queries.HISTORY_SORTS, 100), unit_queries.select_history
        entries = await page.fetch(tx, history, {"id": unit.id, "movements": False})
        movements = await page.fetch(tx, history, {"id": unit.id, "movements": True})
        assert await unit_queries.find_unit(tx, harness.sku, "x/9") is None
    assert (unit.status, unit.warehouse, unit.location) == ("IN_INVENTORY", "EAST", BIN)
    summary: list[Any] = [(entry.change, entry.from_location, entry.location) for entry in entries]
    assert summary == [
        ("EXPECTED", None, None),
        ("RECEIVED", None, DOCK),
        ("PUT_AWAY", DOCK, SHELF),
        ("MOVED", SHELF, BIN),
    ]
    assert [entry.version for entry in movements] == [2, 3, 4]
    assert entries[-1].actor == "ben"
