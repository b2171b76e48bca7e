"""Every sorted list: each order, ascending and descending, page by page and in files, gives the same rows."""

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from deploy.databases import SERVICES
from shared.contracts.commands.lots import OpenRecall
from shared.contracts.commands.recalled_items import RecalledLot
from shared.contracts.commands.receiving import ReceiveReturn
from tests.e2e.lot_scenario import LotScenario, scanned_lot
from tests.e2e.serial_scenario import CUSTOMER, DOCK, SerialScenario, quote_path
from tests.e2e.system import JsonObject, SystemUnderTest

BY_VALUE = {
    "counted_at", "demand_id", "dispatched_at", "expected_at", "expiry", "location", "number", "order",
    "placed_at", "recall", "receipt", "return_id", "shipment", "sku", "version", "warehouse",
}  # fmt: skip
"""Orders by the column of their name; others are by numbers in the order of the times."""
PAGED_ROWS = 8


def as_key(value: Any) -> tuple[bool, Any]:
    """Return a value as a sort key: none is last."""
    return value is None, value or ""


def sorted_operations(document: JsonObject) -> Iterator[tuple[str, Sequence[str]]]:
    """Iterate over the paths of the sorted lists with their orders; the default is the first."""
    for path, methods in document["paths"].items():
        for parameter in methods.get("get", {}).get("parameters", []):
            if parameter["name"] == "sort" and not path.endswith((".csv", ".xlsx")):
                yield path, parameter["schema"]["enum"]


@pytest.fixture
async def subjects(system: SystemUnderTest, scenario: SerialScenario, lot_scenario: LotScenario) -> dict[str, str]:
    """Receive, store, hold, order and ship units and lots, and return one; return a document of each kind."""
    await scenario.define_product()
    serials = await scenario.stock_units(3)
    await scenario.place_hold(serials[2:])
    receipt = await scenario.receive(scenario.new_serials(2))
    order = await scenario.place_order(1)
    shipped = await scenario.wait_for_allocation(order, 1)
    await scenario.ship(order, shipped)
    await scenario.wait_for_status(shipped, "SHIPPED")
    returned = ReceiveReturn(
        return_id=scenario.new_id("RET"), order=order, customer=CUSTOMER.id, location=DOCK, reason="defective",
        sku=scenario.sku, serials=shipped,
    )  # fmt: skip
    await system.execute(returned)
    await lot_scenario.define_product()
    await lot_scenario.stock_lots(*(scanned_lot(f"L-{number}", 4, 30 + number) for number in range(3)))
    await lot_scenario.place_lot_hold("L-2")
    recall = scenario.new_id("RC")
    lots = [RecalledLot(sku=lot_scenario.sku, lot=lot) for lot in ("L-0", "L-1")]
    await system.execute(OpenRecall(recall=recall, reason="glass", lots=lots))
    await system.wait_until_quiescent()
    return {
        "sku": scenario.sku, "serial": serials[0], "lot": "L-0", "receipt": receipt, "session": f"S-{receipt}",
        "order": order, "return": returned.return_id, "recall": recall, "warehouse": "EAST", "code": "A-01",
        "lot_sku": lot_scenario.sku,
    }  # fmt: skip


async def rows_of(system: SystemUnderTest, service: str, url: str, sort: str, limit: int) -> list[JsonObject]:
    """Return the first rows of a list, or all of them if they fit on one page; without ages, which pass."""
    rows: list[JsonObject] = []
    cursor: dict[str, str] = {}
    while True:
        body = await system.get_json(service, url, sort=sort, limit=limit, **cursor)
        page = body if "items" in body else next(part for part in body.values() if isinstance(part, dict))
        rows += [{name: value for name, value in item.items() if name != "age_seconds"} for item in page["items"]]
        if page["next"] is None or len(rows) >= PAGED_ROWS:
            return rows
        cursor = {"cursor": page["next"]}


async def assert_file_is_sorted(
    system: SystemUnderTest, service: str, url: str, sort: str, rows: Sequence[JsonObject]
) -> None:
    """Assert that the file of a report has its rows in the same order."""
    response = await system.get(service, f"{url}.csv", sort=sort)
    lines = list(csv.DictReader(io.StringIO(response.text, newline="")))
    names = [name for name, value in rows[0].items() if isinstance(value, str)] if rows else []
    assert [[line[name] for name in names] for line in lines[: len(rows)]] == [
        [row[name] or "" for name in names] for row in rows
    ]


async def assert_orders_agree(system: SystemUnderTest, service: str, path: str, url: str, sorts: Sequence[str]) -> None:
    """Assert that all orders of a list have the same rows, sorted, and page by page."""
    rows_by_sort = {sort: await rows_of(system, service, url, sort, 500) for sort in sorts}
    default = rows_by_sort[sorts[0]]
    for sort, rows in rows_by_sort.items():
        column = sort.removeprefix("-")
        paged = await rows_of(system, service, url, sort, 2)
        assert paged == rows[: len(paged)], (path, sort)
        if len(default) < 500:
            assert rows == rows_by_sort[column if sort != column else f"-{column}"][::-1], (path, sort)
            expected = [row for row in default if row.get(column, "") is not None]
            assert len(rows) == len(expected) or (column == "expiry" and len(rows) == len(default)), (path, sort)
        if column in BY_VALUE and rows and column in rows[0]:
            keys = [as_key(row[column]) for row in rows]
            assert keys == sorted(keys, reverse=sort != column), (path, sort)


async def test_each_order_has_the_same_rows(system: SystemUnderTest, subjects: dict[str, str]) -> None:
    """Each list has the rows of Python's order, page by page and in files, and reversed those of the other end."""
    count = 0
    for service in SERVICES:
        document = await system.get_json(service, "/openapi.json")
        for path, sorts in sorted_operations(document):
            url = path
            for name, value in (subjects | ({"sku": subjects["lot_sku"]} if path.startswith("/lots/") else {})).items():
                url = url.replace(f"{{{name}}}", quote_path(value))
            await assert_orders_agree(system, service, path, url, sorts)
            if f"{path}.csv" in document["paths"]:
                rows = await rows_of(system, service, url, sorts[-1], 500)
                await assert_file_is_sorted(system, service, url, sorts[-1], rows)
            count += 1
    assert count > 40
    response = await system.get("lots", "/rejections", sort="colour")
    assert (response.status_code, "'-recorded_at'" in response.text) == (400, True)


async def test_cursor_belongs_to_its_list_and_filters(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A cursor continues its own list with any limit; another list or filter refuses it."""
    await scenario.define_product()
    receipts = [await scenario.receive(scenario.new_serials(1)) for _ in range(2)]
    page = await system.get_json("receiving", "/receipts", limit=1)
    cursor = page["next"]
    assert (await system.get("receiving", "/receipts", limit=2, cursor=cursor)).status_code == 200
    assert (await system.get("receiving", "/receipts", limit=1, cursor=cursor, sku="A")).status_code == 400
    assert (await system.get("receiving", "/products", cursor=cursor)).status_code == 400
    assert (await system.get("receiving", f"/receipts/{receipts[0]}/lines", cursor=cursor)).status_code == 400
