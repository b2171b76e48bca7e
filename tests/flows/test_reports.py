"""The reports on serials, as JSON and as files."""

import csv
import io

import pytest

from tests.flows.shop import DOCK, SHELF, STAGE, WAREHOUSE, Shop
from tests.flows.world import Json, World

REPORTS = ("serial-inventory", "serial-location", "serial-history")


async def file(world: World, report: str, **filters: str) -> list[dict[str, str]]:
    """A report as a file, row by row under the names of its columns."""
    answer = await world.get("serials", f"/reports/{report}.csv", **filters)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert f'filename="{report}.csv"' in answer.headers["Content-Disposition"]
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


async def pages(world: World, report: str, **filters: str) -> list[Json]:
    """A report as JSON, page by page."""
    rows: list[Json] = []
    cursor: dict[str, str] = {}
    while True:
        page = await world.read("serials", f"/reports/{report}", limit=2, **filters, **cursor)
        rows += page["items"]
        if page["next"] is None:
            return rows
        cursor = {"cursor": page["next"]}


async def test_serial_inventory(world: World, shop: Shop) -> None:
    """How many units of a product there are in each warehouse and status, held ones told apart (S39)."""
    await shop.product()
    await shop.stock(3)
    at_the_dock = shop.serials(2)
    await shop.received(at_the_dock)
    await shop.status(at_the_dock, "RECEIVED")
    order = await shop.order(1)
    (allocated,) = await shop.allocated(order, 1)
    (held,) = [unit for unit in at_the_dock if unit != at_the_dock[0]]
    await shop.hold([held])
    await shop.status([allocated], "ALLOCATED")
    rows = await pages(world, "serial-inventory", sku=shop.sku)
    counted = {(row["warehouse"], row["status"]): (row["units"], row["held"]) for row in rows}
    assert counted == {
        (WAREHOUSE, "RECEIVED"): (2, 1),
        (WAREHOUSE, "IN_INVENTORY"): (2, 0),
        (WAREHOUSE, "ALLOCATED"): (1, 0),
    }
    shown = {
        (row["warehouse"], row["status"]): int(row["units"])
        for row in await file(world, "serial-inventory", sku=shop.sku)
    }
    assert shown == {key: units for key, (units, _) in counted.items()}


async def test_serial_location(world: World, shop: Shop) -> None:
    """Which unit lies where, place by place; what has left is not among them (S40)."""
    await shop.product()
    on_the_shelf, picked, shipped = await shop.stock(3)
    orders = {serial: await shop.order(1, serials=[serial]) for serial in (picked, shipped)}
    for serial, order in orders.items():
        await shop.allocated(order, 1)
        await shop.picked(order, [serial])
    shipment = await shop.shipment(await shop.packed(orders[shipped], [shipped]))
    await shop.dispatched(shipment)
    await shop.status([picked], "PICKED")
    await shop.status([shipped], "SHIPPED")
    at_the_dock = shop.serials(1)
    await shop.received(at_the_dock)
    await shop.status(at_the_dock, "RECEIVED")
    for rows in (
        await pages(world, "serial-location", sku=shop.sku),
        await file(world, "serial-location", sku=shop.sku),
    ):
        assert [(row["location"], row["serial"], row["status"]) for row in rows] == [
            (SHELF, on_the_shelf, "IN_INVENTORY"), (DOCK, *at_the_dock, "RECEIVED"), (STAGE, picked, "PICKED"),
        ]  # fmt: skip


async def test_serial_history_from_receive_to_ship(world: World, shop: Shop) -> None:
    """Every step of a unit from its receipt to its shipment, in order, with who and which document (S41)."""
    await shop.product()
    (serial,) = serials = await shop.stock(1)
    order = await shop.order(1)
    await shop.allocated(order, 1)
    shipment = await shop.shipped(order, serials)
    await shop.status(serials, "SHIPPED")
    filters = {"sku": shop.sku, "serial": serial}
    for rows in (await pages(world, "serial-history", **filters), await file(world, "serial-history", **filters)):
        assert [row["status"] for row in rows] == [
            "EXPECTED", "RECEIVED", "IN_INVENTORY", "ALLOCATED", "PICKED", "SHIPPED",
        ]  # fmt: skip
        assert [int(row["version"]) for row in rows] == [1, 2, 3, 4, 5, 6]
        assert (rows[-1]["order"], rows[-1]["shipment"], rows[-1]["actor"]) == (order, shipment, "dee")


@pytest.mark.parametrize("report", REPORTS)
async def test_the_columns_of_a_file_are_documented(world: World, report: str) -> None:
    """Each column of a report's file is told in OpenAPI, with what it holds (S39-S41)."""
    answer = await world.get("serials", f"/reports/{report}.csv", sku="SKU-?")
    (header,) = csv.reader(io.StringIO(answer.text, newline=""))
    document = await world.read("serials", "/openapi.json")
    told = document["paths"][f"/reports/{report}.csv"]["get"]["description"]
    for column in header:
        assert f"`{column}` " in told


async def test_a_file_runs_nothing_in_a_spreadsheet(world: World, shop: Shop) -> None:
    """A serial that a spreadsheet would run is written as text; quotes and commas do not break a row (S40)."""
    await shop.product()
    serials = sorted(f"{sign}{shop.token}" for sign in ("=1+1", "+1", "-1", "@x", 'a"b', "a,b"))
    await shop.received(serials)
    await shop.status(serials, "RECEIVED")
    rows = await file(world, "serial-location", sku=shop.sku)
    assert [row["serial"].lstrip("'") for row in rows] == serials
    assert all(row["serial"][0] not in "=+-@" for row in rows)
