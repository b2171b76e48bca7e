"""A warehouse's time zone changes while the services run: backorders are allocated by the earlier local date."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from deploy.databases import SERVICES
from shared.contracts.commands.lots import PutAwayLot
from shared.contracts.commands.receiving import ScanItems
from shared.contracts.commands.serials import PutAwaySerials
from shared.contracts.envelope import Message
from shared.contracts.upstream import AsnAnnounced, LocationDefined, WarehouseDefined
from shared.inventory.expiry import today
from tests.e2e.lot_scenario import LotScenario
from tests.e2e.system import SystemUnderTest
from tests.support.polling import wait_until

EAST_OF_DATE_LINE, WEST_OF_DATE_LINE = "Pacific/Kiritimati", "Etc/GMT+12"
"""The date of the first is at any time later than that of the second."""
REQUIRED_DAYS = 10


async def define_warehouse(system: SystemUnderTest, warehouse: str) -> tuple[str, str]:
    """Define a warehouse east of the date line; return its dock and storage location."""
    dock, shelf = f"{warehouse}/DOCK", f"{warehouse}/A-1"
    await system.publish(WarehouseDefined(warehouse=warehouse, name="Island", time_zone=EAST_OF_DATE_LINE))
    await system.publish(LocationDefined(location=dock, type="DOCK", pick_sequence=1))
    await system.publish(LocationDefined(location=shelf, type="STORAGE", pick_sequence=2))

    async def is_known() -> bool:
        for service in SERVICES:
            assert await system.fetch_rows(service, "SELECT 1 FROM warehouse WHERE warehouse = $1", warehouse), service
            for location in (dock, shelf):
                assert await system.fetch_rows(service, "SELECT 1 FROM location WHERE location = $1", location), service
        return True

    await wait_until(is_known)
    return dock, shelf


async def stock_item(scenario: LotScenario, warehouse: str, expiry: date, *, serial_tracked: bool) -> None:
    """Receive a unit or a lot of quantity 1 with an expiry date and put it away."""
    dock, shelf = await define_warehouse(scenario.system, warehouse)
    await scenario.define_product(serial_tracked=serial_tracked, lot_tracked=not serial_tracked)
    receipt, sku, serials = scenario.new_id("ASN"), scenario.sku, scenario.new_serials(1)
    await scenario.system.execute(AsnAnnounced(receipt=receipt, warehouse=warehouse, kind="BLIND"))
    fields = {"receipt": receipt, "session": f"S-{receipt}", "sku": sku, "location": dock}
    if serial_tracked:
        scan = ScanItems.model_validate(fields | {"serials": serials, "expiry": expiry})
        putaway: Message = PutAwaySerials(sku=sku, serials=serials, location=shelf)
    else:
        scan = ScanItems.model_validate(fields | {"lots": [{"lot": "L-1", "quantity": 1, "expiry": expiry}]})
        putaway = PutAwayLot(sku=sku, lot="L-1", quantity=Decimal(1), from_location=dock, location=shelf)
    await scenario.system.execute(scan)
    await scenario.confirm_session(receipt)
    await scenario.system.execute(putaway)


@pytest.mark.parametrize("serial_tracked", [True, False])
async def test_earlier_date_allocates_backorders(
    system: SystemUnderTest, lot_scenario: LotScenario, *, serial_tracked: bool
) -> None:
    """Stock with too few days left is allocated once the local date moves back, without a scheduled job (S27)."""
    warehouse = lot_scenario.new_id("W")
    expiry = today(datetime.now(UTC), EAST_OF_DATE_LINE) + timedelta(REQUIRED_DAYS - 1)
    await stock_item(lot_scenario, warehouse, expiry, serial_tracked=serial_tracked)
    order = await lot_scenario.place_order(1, warehouse=warehouse, min_remaining_shelf_life_days=REQUIRED_DAYS)
    await system.wait_until_quiescent()
    assert await lot_scenario.wait_for_picks(order, 0) == []
    await system.publish(WarehouseDefined(warehouse=warehouse, name="Island", time_zone=WEST_OF_DATE_LINE))
    [item] = await lot_scenario.wait_for_picks(order, 1)
    assert (item["location"], item["expiry"]) == (f"{warehouse}/A-1", str(expiry))
