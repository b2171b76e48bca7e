"""Picking of lot-tracked stock: first-expired-first-out, lot checks, packing and shipping."""

import asyncio
from decimal import Decimal
from typing import Any

from shared.contracts.commands.fulfillment import PickItems, ReportShortPick, SwapLot
from shared.contracts.commands.lots import CountLot
from shared.contracts.upstream import OrderLine
from tests.e2e import conservation, invariants
from tests.e2e.lot_scenario import STORAGE_LOCATIONS, LotScenario, scanned_lot
from tests.e2e.serial_scenario import STAGE, quote_path
from tests.e2e.system import SystemUnderTest
from tests.support.messages.lot_orders import missing_lots
from tests.support.polling import wait_until


def order_line(line_number: int, sku: str, quantity: Any, **overrides: Any) -> OrderLine:
    """Return an order line."""
    return OrderLine.model_validate({"line": str(line_number), "sku": sku, "quantity": quantity, **overrides})


async def test_fefo_allocation(system: SystemUnderTest, lot_scenario: LotScenario) -> None:
    """Lots are allocated by earliest expiry; lots without expiry come last (S27)."""
    await lot_scenario.define_product(shelf_life={"expiry_required": False})
    await lot_scenario.stock_lots(
        scanned_lot("LATE", 3, 90), scanned_lot("NEVER", 9), scanned_lot("SOON", 2, 20), scanned_lot("NEXT", 4, 21)
    )
    first = await lot_scenario.place_order(3)
    await lot_scenario.assert_pick_list(first, {("SOON", STORAGE_LOCATIONS[2]): 2, ("NEXT", STORAGE_LOCATIONS[3]): 1})
    second = await lot_scenario.place_order(8)
    await lot_scenario.assert_pick_list(
        second,
        {("NEXT", STORAGE_LOCATIONS[3]): 3, ("LATE", STORAGE_LOCATIONS[0]): 3, ("NEVER", STORAGE_LOCATIONS[1]): 2},
    )
    await system.wait_until_quiescent()
    await conservation.assert_conservation(system, [lot_scenario.sku])


async def test_lot_criteria_of_orders(system: SystemUnderTest, lot_scenario: LotScenario) -> None:
    """Single lot, listed lots and shelf life limit the allocation; skipped lots are published."""
    await lot_scenario.define_product(
        shelf_life={"customers": [{"customer": "C-1", "min_remaining_shelf_life_days": 15}]}
    )
    await lot_scenario.stock_lots(
        scanned_lot("L1", 2, 10), scanned_lot("L2", 2, 40), scanned_lot("L3", 5, 60), scanned_lot("L4", 9, 80)
    )
    single_lot_order = await lot_scenario.place_order_lines(order_line(1, lot_scenario.sku, 3, single_lot=True))
    await lot_scenario.assert_pick_list(single_lot_order, {("L3", STORAGE_LOCATIONS[2]): 3})
    listed_lot_order = await lot_scenario.place_order_lines(order_line(1, lot_scenario.sku, 4, lots=["L4"]))
    await lot_scenario.assert_pick_list(listed_lot_order, {("L4", STORAGE_LOCATIONS[3]): 4})
    shelf_life_order = await lot_scenario.place_order_lines(
        order_line(1, lot_scenario.sku, 3), min_remaining_shelf_life_days=50
    )
    await lot_scenario.assert_pick_list(
        shelf_life_order, {("L3", STORAGE_LOCATIONS[2]): 2, ("L4", STORAGE_LOCATIONS[3]): 1}
    )
    large_order = await lot_scenario.place_order(99)
    await lot_scenario.assert_pick_list(large_order, {("L2", STORAGE_LOCATIONS[1]): 2, ("L4", STORAGE_LOCATIONS[3]): 4})
    (event,) = await lot_scenario.wait_for_event("lots.events", lot_scenario.sku, "lot.allocated.v1", order=large_order)
    assert [(item["lot"], item["quantity"]) for item in event["data"]["skipped"]] == [("L1", 2)]
    await system.wait_until_quiescent()
    await conservation.assert_conservation(system, [lot_scenario.sku])


async def test_single_lot_line_is_reallocated_as_a_whole(system: SystemUnderTest, lot_scenario: LotScenario) -> None:
    """After a short pick another lot fills the whole line; once one is picked, that lot only (S27)."""
    await lot_scenario.define_product()
    await lot_scenario.stock_lots(scanned_lot("L1", 5, 20), scanned_lot("L2", 9, 30))
    order = await lot_scenario.place_order_lines(order_line(1, lot_scenario.sku, 5, single_lot=True))
    await lot_scenario.assert_pick_list(order, {("L1", STORAGE_LOCATIONS[0]): 5})
    await system.execute(
        ReportShortPick(order=order, stock=missing_lots([lot_scenario.lot_selector("L1", 1)]), reason="not there"),
        actor="pat",
    )
    await lot_scenario.assert_pick_list(order, {("L2", STORAGE_LOCATIONS[1]): 5})
    await system.execute(
        PickItems(order=order, stock=[lot_scenario.lot_selector("L2", 1)], location=STAGE), actor="pat"
    )
    await lot_scenario.stock_lots(scanned_lot("L3", 9, 40), locations=STORAGE_LOCATIONS[2:])
    await system.execute(
        ReportShortPick(order=order, stock=missing_lots([lot_scenario.lot_selector("L2", 4)], 0), reason="not there"),
        actor="pat",
    )
    await system.wait_until_quiescent()
    await lot_scenario.assert_pick_list(order, {})
    await lot_scenario.unpick_lot(order, "L2", 1, STORAGE_LOCATIONS[3])
    await lot_scenario.assert_pick_list(order, {("L3", STORAGE_LOCATIONS[2]): 5})
    await system.wait_until_quiescent()
    await conservation.assert_conservation(system, [lot_scenario.sku])


async def test_mixed_order_is_dispatched_as_a_whole(system: SystemUnderTest, lot_scenario: LotScenario) -> None:
    """An order of serial-tracked, lot-tracked and untracked products is dispatched as a whole.

    Both stock services approve it first (S01, S08, S09, S10, S21).
    """
    serial_sku = await lot_scenario.define_product(f"{lot_scenario.sku}-P", serial_tracked=True, lot_tracked=False)
    untracked_sku = await lot_scenario.define_product(f"{lot_scenario.sku}-F", lot_tracked=False, serial_tracked=False)
    await lot_scenario.define_product()
    serials = await lot_scenario.stock_units(2, sku=serial_sku)
    await lot_scenario.stock_lots(scanned_lot("L1", 2, 20), scanned_lot("L2", 5, 30))
    await lot_scenario.stock_lots(scanned_lot("", 100), sku=untracked_sku)
    order = await lot_scenario.place_order_lines(
        order_line(1, serial_sku, 2), order_line(2, lot_scenario.sku, 3), order_line(3, untracked_sku, 40)
    )
    shipment = await lot_scenario.ship_all(order, 5)

    async def is_complete() -> bool:
        order_body = await system.get_json("fulfillment", f"/orders/{quote_path(order)}")
        assert order_body["status"] == "SHIPPED", order_body
        return True

    await wait_until(is_complete)
    await lot_scenario.wait_for_status(serials, "SHIPPED", sku=serial_sku)
    for sku, lots in ((lot_scenario.sku, {"L1": 2, "L2": 1}), (untracked_sku, {"": 40})):
        (event,) = await lot_scenario.wait_for_event("lots.events", sku, "lot.shipped.v1", shipment=shipment)
        assert {item["lot"]: item["quantity"] for item in event["data"]["lots"]} == lots
    (carton,) = (await system.get_json("fulfillment", f"/shipments/{shipment}"))["cartons"]
    assert sorted(item["serial"] for item in carton["units"]) == sorted(serials)
    assert {(item["sku"], item["lot"], item["quantity"]) for item in carton["stock"]} == {
        (lot_scenario.sku, "L1", 2), (lot_scenario.sku, "L2", 1), (untracked_sku, "", 40),
    }  # fmt: skip
    await system.wait_until_quiescent()
    await conservation.assert_conservation(system, [lot_scenario.sku, untracked_sku])
    await invariants.assert_invariants(system, [serial_sku])


async def test_swap_to_a_lot_on_hold_fails(system: SystemUnderTest, lot_scenario: LotScenario) -> None:
    """A swap to a held lot fails and leaves the allocation unchanged (S28)."""
    await lot_scenario.define_product()
    await lot_scenario.stock_lots(scanned_lot("L1", 5, 20), scanned_lot("L2", 5, 30))
    await lot_scenario.place_lot_hold("L2")
    order = await lot_scenario.place_order(4)
    await lot_scenario.assert_pick_list(order, {("L1", STORAGE_LOCATIONS[0]): 4})
    swap = SwapLot(order=order, stock=lot_scenario.lot_selector("L1", 3), replacement="L2", reason="requested")
    path = (await system.execute(swap, actor="sue"))["path"]

    async def has_failed() -> bool:
        outcome = await system.get_json("fulfillment", path)
        assert outcome["status"] == "FAILED", outcome
        return True

    await wait_until(has_failed)
    await lot_scenario.assert_pick_list(order, {("L1", STORAGE_LOCATIONS[0]): 4})
    await system.wait_until_quiescent()
    await conservation.assert_conservation(system, [lot_scenario.sku])


async def test_50_concurrent_orders_for_20_pieces(system: SystemUnderTest, lot_scenario: LotScenario) -> None:
    """Of 50 concurrent orders exactly 20 are allocated, in order of expiry.

    Cancelled orders release their stock to as many others (S08, S11, S27).
    """
    await lot_scenario.define_product()
    days_by_lot = {"L1": 30, "L2": 10, "L3": 50, "L4": 20, "L5": 40}
    await lot_scenario.stock_lots(
        *(scanned_lot(lot_number, 4, days_left) for lot_number, days_left in days_by_lot.items())
    )
    orders = await asyncio.gather(*(lot_scenario.place_order(1) for _ in range(50)))
    await system.wait_until_quiescent()
    allocations = [
        event["data"]
        for event in lot_scenario.system.listener.events_of("lots.events", lot_scenario.sku, "lot.allocated.v1")
    ]
    allocated_days = [
        days_by_lot[allocation["allocated"][0]["lot"]] for allocation in allocations if allocation.get("allocated")
    ]
    assert (len(allocated_days), allocated_days) == (20, sorted(allocated_days))
    filled_orders = [allocation["order"] for allocation in allocations if allocation.get("allocated")]
    assert len(set(filled_orders)) == 20
    await conservation.assert_conservation(system, [lot_scenario.sku])
    await asyncio.gather(*(lot_scenario.cancel_order(order) for order in filled_orders[:10]))
    await system.wait_until_quiescent()
    rows = await system.fetch_rows(
        "fulfillment", "SELECT DISTINCT order_id FROM allocated_lot WHERE sku = $1", lot_scenario.sku
    )
    orders_with_stock = {row["order_id"] for row in rows}
    assert (len(orders_with_stock), orders_with_stock & set(filled_orders[:10])) == (20, set())
    assert orders_with_stock <= set(orders)
    await conservation.assert_conservation(system, [lot_scenario.sku])


async def test_short_pick_leaves_the_rest_to_be_picked(system: SystemUnderTest, lot_scenario: LotScenario) -> None:
    """A report before the pick of the rest takes the missing quantity only; the other order stays whole (S12, S20)."""
    await lot_scenario.define_product()
    await lot_scenario.stock_lots(scanned_lot("L1", 10, 20))
    shelf = STORAGE_LOCATIONS[0]
    first, second = await lot_scenario.place_order(5), await lot_scenario.place_order(5)
    await lot_scenario.assert_pick_list(first, {("L1", shelf): 5})
    await lot_scenario.assert_pick_list(second, {("L1", shelf): 5})
    missing = missing_lots([lot_scenario.lot_selector("L1", 2)], 8)
    await system.execute(ReportShortPick(order=first, stock=missing, reason="2 are broken"), actor="pat")
    await lot_scenario.wait_for_event("lots.events", lot_scenario.sku, "lot.variance_changed.v1", location=shelf)
    await system.wait_until_quiescent()
    pick = PickItems(order=first, stock=[lot_scenario.lot_selector("L1", 3)], location=STAGE)
    result = await system.execute(pick, actor="pat")
    assert not result.get("rejected")
    await lot_scenario.assert_pick_list(second, {("L1", shelf): 5})
    count = CountLot(sku=lot_scenario.sku, lot="L1", location=shelf, counted=Decimal(7), reason="all but those picked")
    await system.execute(count, actor="sue")
    await lot_scenario.assert_pick_list(first, {("L1", shelf): 2})
    await lot_scenario.assert_pick_list(second, {("L1", shelf): 5})
    missing = missing_lots([lot_scenario.lot_selector("L1", 2)], 4)
    await system.execute(ReportShortPick(order=first, stock=missing, reason="only 4 are there"), actor="pat")
    await lot_scenario.assert_pick_list(second, {("L1", shelf): 4})
    await system.wait_until_quiescent()
    await conservation.assert_conservation(system, [lot_scenario.sku])
