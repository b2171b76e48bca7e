"""Lot reports and traces after work in all services."""

from decimal import Decimal

from shared.contracts.commands.receiving import ReceiveReturn
from shared.contracts.quantities import LotQuantity
from tests.e2e.lot_scenario import STORAGE_LOCATIONS, LotScenario, day_from_now, scanned_lot
from tests.e2e.serial_scenario import CUSTOMER, DOCK
from tests.e2e.system import JsonObject, SystemUnderTest


async def assert_report(system: SystemUnderTest, name: str, **filters: str) -> list[JsonObject]:
    """Assert that a report has as many rows in CSV as in JSON; return the rows."""
    items: list[JsonObject] = (await system.get_json("lots", f"/reports/{name}", **filters))["items"]
    response = await system.get("lots", f"/reports/{name}.csv", **filters)
    assert response.is_success, response.text
    assert len(response.text.strip().splitlines()) == len(items) + 1
    return items


async def test_lot_reports(system: SystemUnderTest, lot_scenario: LotScenario) -> None:
    """Inventory by expiry, expiring lots by bucket, lot movements and reconciliation (S29, S42, S43, S44)."""
    await lot_scenario.define_product()
    await lot_scenario.stock_lots(scanned_lot("L1", 5, 100), scanned_lot("L2", 5, 20), scanned_lot("L3", 5, 3))
    await lot_scenario.place_lot_hold("L1")
    order = await lot_scenario.place_order(6)
    await lot_scenario.ship_all(order, 2)
    waiting = await lot_scenario.place_order(1)
    await lot_scenario.assert_pick_list(waiting, {("L2", STORAGE_LOCATIONS[1]): 1})
    rows = await assert_report(system, "lot-inventory", sku=lot_scenario.sku)
    inventory = [
        (item["lot"], item["expiry"], item["on_hand"], item["available"], item["allocated"], item["held"])
        for item in rows
    ]
    assert inventory == [  # L3 has shipped
        ("L2", str(day_from_now(20)), 4, 3, 1, 0), ("L1", str(day_from_now(100)), 5, 0, 0, 5),
    ]  # fmt: skip
    buckets = {
        item["lot"]: item["bucket"] for item in await assert_report(system, "expiring-lots", sku=lot_scenario.sku)
    }
    assert buckets["L2"] == "<=30"
    assert buckets["L1"] == ">90"
    movements = await assert_report(system, "lot-movements", sku=lot_scenario.sku, lot="L3")
    assert [item["change"] for item in movements] == ["RECEIVED", "PUT_AWAY", "PUT_AWAY", "PICKED", "SHIPPED"]
    assert (movements[0]["receipt"], movements[1]["actor"], movements[-1]["order"]) == (
        "ASN-" + lot_scenario.token + "-1",
        "ben",
        order,
    )
    assert await assert_report(system, "reconciliation", sku=lot_scenario.sku, wrong_only="true") == []
    (totals,) = await assert_report(system, "stock", sku=lot_scenario.sku)
    assert (totals["on_hand"], totals["available"], totals["allocated"], totals["held"]) == (9, 3, 1, 5)


async def test_trace_lot_back_and_forward(system: SystemUnderTest, lot_scenario: LotScenario) -> None:
    """A lot's receipts, returns, customers, orders and locations in two responses (S46)."""
    await lot_scenario.define_product()
    await lot_scenario.stock_lots(scanned_lot("L1", 9, 40))
    shipped = await lot_scenario.place_order(3)
    shipment = await lot_scenario.ship_all(shipped, 1)
    return_command = ReceiveReturn(
        return_id=lot_scenario.new_id("RMA"),
        order=shipped,
        customer="C-1",
        sku=lot_scenario.sku,
        location=DOCK,
        reason="dented",
        lots=[LotQuantity(lot="L1", quantity=Decimal(1))],
    )
    await system.execute(return_command)
    waiting = await lot_scenario.place_order(2)
    await lot_scenario.assert_pick_list(waiting, {("L1", STORAGE_LOCATIONS[0]): 2})
    await lot_scenario.wait_for_balances({("L1", STORAGE_LOCATIONS[0]): (6, 2), ("L1", DOCK): (1, 0)})
    inflows = (await system.get_json("lots", f"/lots/{lot_scenario.sku}/L1/trace-back"))["inflows"]
    assert [(item["change"], item["quantity"], item["return_id"]) for item in inflows] == [
        ("RECEIVED", 9, None), ("RETURNED", 1, return_command.return_id),
    ]  # fmt: skip
    trace_forward = await system.get_json("lots", f"/lots/{lot_scenario.sku}/L1/trace-forward")
    (shipped_row,) = trace_forward["outflows"]
    assert (shipped_row["shipment"], shipped_row["order"], shipped_row["quantity"]) == (shipment, shipped, 3)
    assert (shipped_row["customer_name"], shipped_row["contact"]) == (CUSTOMER.name, CUSTOMER.contact)
    assert [(item["order"], item["quantity"]) for item in trace_forward["commitments"]] == [(waiting, 2)]
    assert {item["location"]: item["on_hand"] for item in trace_forward["locations"]} == {
        STORAGE_LOCATIONS[0]: 6,
        DOCK: 1,
    }
