"""Serial reports as JSON and CSV."""

import csv
import io

import pytest

from tests.e2e.serial_scenario import DOCK, SHELF, STAGE, WAREHOUSE, SerialScenario
from tests.e2e.system import JsonObject, SystemUnderTest

REPORTS = ("serial-inventory", "serial-location", "serial-history", "serial-warranty")


async def fetch_csv(system: SystemUnderTest, report: str, **filters: str) -> list[dict[str, str]]:
    """Return the rows of a report's CSV by column name."""
    response = await system.get("serials", f"/reports/{report}.csv", **filters)
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"].startswith("text/csv")
    assert f'filename="{report}.csv"' in response.headers["Content-Disposition"]
    return list(csv.DictReader(io.StringIO(response.text, newline="")))


async def fetch_json(system: SystemUnderTest, report: str, **filters: str) -> list[JsonObject]:
    """Return the rows of a report as JSON, across all pages."""
    rows: list[JsonObject] = []
    cursor: dict[str, str] = {}
    while True:
        page = await system.get_json("serials", f"/reports/{report}", limit=2, **filters, **cursor)
        rows += page["items"]
        if page["next"] is None:
            return rows
        cursor = {"cursor": page["next"]}


async def test_serial_inventory(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """Unit counts of a product by warehouse and status, with held units (S39)."""
    await scenario.define_product()
    await scenario.stock_units(3)
    at_the_dock = scenario.new_serials(2)
    await scenario.receive(at_the_dock)
    await scenario.wait_for_status(at_the_dock, "RECEIVED")
    order = await scenario.place_order(1)
    (allocated,) = await scenario.wait_for_allocation(order, 1)
    (held,) = [unit for unit in at_the_dock if unit != at_the_dock[0]]
    await scenario.place_hold([held])
    await scenario.wait_for_status([allocated], "ALLOCATED")
    rows = await fetch_json(system, "serial-inventory", sku=scenario.sku)
    counts = {(row["warehouse"], row["status"]): (row["units"], row["held"]) for row in rows}
    assert counts == {
        (WAREHOUSE, "RECEIVED"): (2, 1),
        (WAREHOUSE, "IN_INVENTORY"): (2, 0),
        (WAREHOUSE, "ALLOCATED"): (1, 0),
    }
    csv_counts = {
        (row["warehouse"], row["status"]): int(row["units"])
        for row in await fetch_csv(system, "serial-inventory", sku=scenario.sku)
    }
    assert csv_counts == {key: units for key, (units, _) in counts.items()}


async def test_serial_location(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """Units by location, without shipped ones (S40)."""
    await scenario.define_product()
    stored, picked, shipped = await scenario.stock_units(3)
    orders = {serial: await scenario.place_order(1, serials=[serial]) for serial in (picked, shipped)}
    for serial, order in orders.items():
        await scenario.wait_for_allocation(order, 1)
        await scenario.pick(order, [serial])
    shipment = await scenario.create_shipment(await scenario.pack(orders[shipped], [shipped]))
    await scenario.dispatch(shipment)
    await scenario.wait_for_status([picked], "PICKED")
    await scenario.wait_for_status([shipped], "SHIPPED")
    at_the_dock = scenario.new_serials(1)
    await scenario.receive(at_the_dock)
    await scenario.wait_for_status(at_the_dock, "RECEIVED")
    for rows in (
        await fetch_json(system, "serial-location", sku=scenario.sku),
        await fetch_csv(system, "serial-location", sku=scenario.sku),
    ):
        assert [(row["location"], row["serial"], row["status"]) for row in rows] == [
            (SHELF, stored, "IN_INVENTORY"), (DOCK, *at_the_dock, "RECEIVED"), (STAGE, picked, "PICKED"),
        ]  # fmt: skip


async def test_serial_history_from_receipt_to_shipment(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """Every step of a unit in order, with actor and document (S41)."""
    await scenario.define_product()
    (serial,) = serials = await scenario.stock_units(1)
    order = await scenario.place_order(1)
    await scenario.wait_for_allocation(order, 1)
    shipment = await scenario.ship(order, serials)
    await scenario.wait_for_status(serials, "SHIPPED")
    filters = {"sku": scenario.sku, "serial": serial}
    for rows in (
        await fetch_json(system, "serial-history", **filters),
        await fetch_csv(system, "serial-history", **filters),
    ):
        assert [row["status"] for row in rows] == [
            "EXPECTED", "RECEIVED", "IN_INVENTORY", "ALLOCATED", "PICKED", "SHIPPED",
        ]  # fmt: skip
        assert [int(row["version"]) for row in rows] == [1, 2, 3, 4, 5, 6]
        assert (rows[-1]["order"], rows[-1]["shipment"], rows[-1]["actor"]) == (order, shipment, "dee")


@pytest.mark.parametrize("report", REPORTS)
async def test_csv_columns_are_documented(system: SystemUnderTest, report: str) -> None:
    """OpenAPI describes each column of a CSV report (S39-S41)."""
    response = await system.get("serials", f"/reports/{report}.csv", sku="SKU-?")
    assert response.status_code == 200, response.text
    (header,) = csv.reader(io.StringIO(response.text, newline=""))
    document = await system.get_json("serials", "/openapi.json")
    description = document["paths"][f"/reports/{report}.csv"]["get"]["description"]
    for column in header:
        assert f"`{column}` " in description


async def test_csv_cells_are_verbatim_or_guarded(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """Serials are verbatim, and guarded on request; quotes and commas do not break a row (S40)."""
    await scenario.define_product(serial_format={"min_length": 1})  # allows a comma
    serials = sorted(f"{prefix}{scenario.token}" for prefix in ("=1+1", "+1", "-1", "@x", 'a"b', "a,b"))
    await scenario.receive(serials)
    await scenario.wait_for_status(serials, "RECEIVED")
    rows = await fetch_csv(system, "serial-location", sku=scenario.sku)
    assert [row["serial"] for row in rows] == serials
    guarded = await fetch_csv(system, "serial-location", sku=scenario.sku, guard="true")
    assert all(row["serial"][0] not in "=+-@" for row in guarded)
