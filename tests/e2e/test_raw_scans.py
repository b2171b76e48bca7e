"""Goods that travel through all services by their raw scans."""

from datetime import date
from typing import Any

from shared.contracts.commands.fulfillment import PackItems, PickItems
from shared.contracts.commands.receiving import ScanItems
from shared.contracts.upstream import OrderLine
from tests.e2e.lot_scenario import STORAGE_LOCATIONS, LotScenario
from tests.e2e.serial_scenario import DOCK, SHELF, STAGE
from tests.e2e.system import SystemUnderTest
from tests.support.gtins import new_gtin
from tests.support.polling import wait_until

EXPIRY = date(2031, 3, 31)


async def put_away(system: SystemUnderTest, service: str, putaway: dict[str, Any]) -> None:
    """Put away what raw scans name, once the service has received it."""

    async def is_put_away() -> bool:
        response = await system.post(service, "/putaways", putaway)
        assert response.status_code == 200, response.text
        return True

    await wait_until(is_put_away)


async def test_scans_are_kept_from_receipt_to_carton(system: SystemUnderTest, lot_scenario: LotScenario) -> None:
    """S13, S15, S21, S22, S23: received, put away, picked and packed by scans alone; each audit shows them verbatim."""
    scenario, pump_gtin, milk_gtin = lot_scenario, new_gtin(), new_gtin()
    pump = await scenario.define_product(
        scenario.new_id("PUMP"), serial_tracked=True, lot_tracked=False, barcodes=[{"code": pump_gtin}]
    )
    milk = await scenario.define_product(barcodes=[{"code": milk_gtin, "quantity": 2}])
    serial = scenario.new_id("U")
    unit = f"]d201{pump_gtin.zfill(14)}21{serial}"
    lot = f"]C101{milk_gtin.zfill(14)}17{EXPIRY:%y%m%d}10L/01"
    for sku, scan, expected in ((pump, unit, [serial]), (milk, lot, [])):
        receipt = await scenario.announce_asn(expected, quantity=1 if expected else 2, sku=sku)
        await system.execute(ScanItems(receipt=receipt, session=f"S-{receipt}", location=DOCK, scans=[scan]))
        await scenario.confirm_session(receipt)
    await put_away(system, "serials", {"location": SHELF, "scans": [unit]})
    await put_away(system, "lots", {"from_location": DOCK, "location": STORAGE_LOCATIONS[0], "scans": [lot]})
    lines: list[dict[str, Any]] = [{"line": "1", "sku": pump, "quantity": 1}, {"line": "2", "sku": milk, "quantity": 2}]
    order = await scenario.place_order_lines(*map(OrderLine.model_validate, lines))
    await scenario.wait_for_picks(order, 2)
    await system.execute(PickItems(order=order, location=STAGE, scans=[unit, lot]), actor="pat")
    carton = scenario.new_id("CT")
    await system.execute(PackItems(order=order, carton=carton, scans=[lot, serial]), actor="pat")

    await scenario.wait_for_status([serial], "PICKED", pump)
    history = (await scenario.get_unit(serial, pump))["history"]
    scans = {step["status"]: step["scan"] for step in history}
    assert scans == {"EXPECTED": None, "RECEIVED": unit, "IN_INVENTORY": unit, "ALLOCATED": None, "PICKED": unit}

    async def movements() -> set[tuple[str, str]]:
        rows = await system.get_all_items("lots", "/reports/lot-movements", sku=milk)
        found = {(row["change"], row["scan"]) for row in rows}
        assert found == {("RECEIVED", lot), ("PUT_AWAY", lot), ("PICKED", lot)}, found
        return found

    await wait_until(movements)
    log = await system.get_all_items("fulfillment", f"/orders/{order}/log")
    kept = {(entry["action"], scan) for entry in log for scan in entry["detail"].get("scans", ())}
    assert kept == {("PICKED", unit), ("PICKED", lot), ("PACKED", serial), ("PACKED", lot)}
    (packed,) = await scenario.wait_for_event("fulfillment.events", order, "carton.packed.v1", carton=carton)
    assert (packed["data"]["scans"], packed["data"]["stock"][0]["scan"]) == ([serial], lot)
