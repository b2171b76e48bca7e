"""A storage location that becomes a dock, or is deactivated: serials, lots and fulfillment follow alike."""

from collections.abc import Mapping
from typing import Any

import pytest

from shared.contracts.commands.serials import PutAwaySerials
from shared.contracts.upstream import LocationDefined, OrderLine
from tests.e2e.lot_scenario import STORAGE_LOCATIONS, LotScenario, scanned_lot
from tests.e2e.serial_scenario import WAREHOUSE
from tests.support.polling import wait_until

REJECTED: Mapping[str, str] = {"type": "wrong_location_type", "is_active": "location_inactive"}


async def define_location(scenario: LotScenario, location: str, **fields: Any) -> None:
    """Define a location, and wait until the owners of stock know it."""
    await scenario.system.execute(LocationDefined.model_validate({"location": location, **fields}))
    (published,) = await scenario.wait_for_event("locations", location)
    version = published["data"]["version"]

    async def is_known() -> bool:
        for service in ("serials", "lots"):
            query = "SELECT 1 FROM location WHERE location = $1 AND version >= $2"
            assert await scenario.system.fetch_rows(service, query, location, version), service
        return True

    await wait_until(is_known)


async def wait_for_allocated(scenario: LotScenario, order: str, *expected: int) -> None:
    """Wait until the lines of an order have these allocated quantities."""

    async def quantities_match() -> bool:
        body = await scenario.system.get_json("fulfillment", f"/orders/{order}")
        assert [line["allocated"] for line in body["lines"]] == list(expected), body["lines"]
        return True

    await wait_until(quantities_match)


@pytest.mark.parametrize("change", [{"type": "DOCK"}, {"is_active": False}], ids=["retyped", "deactivated"])
async def test_stock_at_a_changed_location_is_served_from_elsewhere(
    lot_scenario: LotScenario, change: dict[str, Any]
) -> None:
    """Allocations of a unit and of a lot are released and served from elsewhere, until the location is back (S07)."""
    scenario, system = lot_scenario, lot_scenario.system
    location = f"{WAREHOUSE}/Z{scenario.token}"[:32]
    await define_location(scenario, location, type="STORAGE")
    await scenario.define_product()
    units_sku = await scenario.define_product(scenario.new_id("U"), lot_tracked=False, serial_tracked=True)
    await scenario.stock_units(1, location, sku=units_sku)
    await scenario.stock_lots(scanned_lot("L1", 5, 100), locations=(location,))
    lines = (OrderLine(line="1", sku=scenario.sku, quantity=2), OrderLine(line="2", sku=units_sku, quantity=1))
    order = await scenario.place_order_lines(*lines)
    await wait_for_allocated(scenario, order, 2, 1)
    await system.execute(LocationDefined.model_validate({"location": location, **change}))
    await wait_for_allocated(scenario, order, 0, 0)
    for service, sku in (("serials", units_sku), ("lots", scenario.sku)):
        (row,) = (await system.get_json(service, "/reports/location-exceptions", sku=sku))["items"]
        assert row["location"] == location
    (arrived,) = scenario.new_serials(1)
    await scenario.receive([arrived], sku=units_sku)
    putaway = PutAwaySerials(sku=units_sku, serials=[arrived], location=location)
    await system.assert_rejected(putaway, REJECTED[next(iter(change))])
    await scenario.put_away([arrived], sku=units_sku)
    await scenario.stock_lots(scanned_lot("L2", 1, 100), locations=STORAGE_LOCATIONS)
    await wait_for_allocated(scenario, order, 1, 1)
    await system.execute(LocationDefined(location=location, type="STORAGE", is_active=True))
    await wait_for_allocated(scenario, order, 2, 1)
