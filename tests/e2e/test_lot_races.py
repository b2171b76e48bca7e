"""A lot is blocked while orders pick and ship it: no late pick or dispatch succeeds."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from shared.contracts.commands.fulfillment import DispatchShipment, PickItems
from shared.contracts.commands.lots import OpenRecall
from shared.contracts.commands.recalled_items import RecalledLot
from tests.e2e import conservation
from tests.e2e.lot_scenario import STORAGE_LOCATIONS, LotScenario, scanned_lot
from tests.e2e.serial_scenario import STAGE
from tests.e2e.system import JsonObject, SystemUnderTest
from tests.support.polling import wait_until

ORDER_COUNT = 8
BlockingAction = Callable[[LotScenario], Awaitable[object]]


async def place_hold(lot_scenario: LotScenario) -> None:
    """Place a hold on the lot."""
    await lot_scenario.place_lot_hold("L1")


async def expire_lot(lot_scenario: LotScenario) -> None:
    """Expire the lot."""
    await lot_scenario.correct_expiry("L1", -1)


async def open_recall(lot_scenario: LotScenario) -> None:
    """Recall the lot."""
    command = OpenRecall(
        recall=lot_scenario.new_id("R"), lots=[RecalledLot(sku=lot_scenario.sku, lot="L1")], reason="glass"
    )
    await lot_scenario.system.execute(command, actor="sue")


each_blocking_action = pytest.mark.parametrize("block", [place_hold, expire_lot, open_recall])


async def place_allocated_orders(lot_scenario: LotScenario) -> list[str]:
    """Place orders that are allocated L1; L2 has enough for all of them."""
    await lot_scenario.define_product()
    await lot_scenario.stock_lots(scanned_lot("L1", 2 * ORDER_COUNT + 1, 20), scanned_lot("L2", 2 * ORDER_COUNT, 30))
    orders = [await lot_scenario.place_order(2) for _ in range(ORDER_COUNT)]
    for order in orders:
        await lot_scenario.assert_pick_list(order, {("L1", STORAGE_LOCATIONS[0]): 2})
    return orders


async def wait_until_blocked(system: SystemUnderTest, lot_scenario: LotScenario) -> None:
    """Wait until the lot is held and all consequences are processed."""
    await lot_scenario.wait_for_event("lots.events", lot_scenario.sku, "lot.hold_placed.v1", lot="L1")
    await system.wait_until_quiescent()


async def order_stock(system: SystemUnderTest, order: str) -> set[tuple[str, str, float]]:
    """Return the lots of an order: lot, status and quantity."""
    rows = await system.fetch_rows(
        "fulfillment", "SELECT lot, status, quantity FROM allocated_lot WHERE order_id = $1", order
    )
    return {(row["lot"], row["status"], float(row["quantity"])) for row in rows}


@each_blocking_action
async def test_blocking_races_picks(system: SystemUnderTest, lot_scenario: LotScenario, block: BlockingAction) -> None:
    """Each order has either picked the lot before it was blocked or gets the other lot (S28)."""
    orders = await place_allocated_orders(lot_scenario)

    async def pick(number: int) -> bool:
        await asyncio.sleep(0.01 * number)
        command = PickItems(order=orders[number], stock=[lot_scenario.lot_selector("L1", 2)], location=STAGE)
        response = await system.execute_command(command, actor="pat")
        codes = {problem["code"] for problem in response.json().get("violations", ())}
        assert response.is_success or codes <= {"on_hold", "expired", "not_on_pick_list"}, response.text
        return response.is_success

    picked, *_ = await asyncio.gather(asyncio.gather(*map(pick, range(ORDER_COUNT))), block(lot_scenario))
    await wait_until_blocked(system, lot_scenario)
    for order, was_picked in zip(orders, picked, strict=True):
        assert await order_stock(system, order) == {("L1", "PICKED", 2) if was_picked else ("L2", "ALLOCATED", 2)}, (
            order
        )
    await conservation.assert_conservation(system, [lot_scenario.sku])
    for order in (order for order, was_picked in zip(orders, picked, strict=True) if was_picked):
        await lot_scenario.unpick_lot(order, "L1", 2, STORAGE_LOCATIONS[0])
        await lot_scenario.assert_pick_list(order, {("L2", STORAGE_LOCATIONS[1]): 2})
    await system.wait_until_quiescent()
    await conservation.assert_conservation(system, [lot_scenario.sku])


@each_blocking_action
async def test_blocking_races_dispatches(
    system: SystemUnderTest, lot_scenario: LotScenario, block: BlockingAction
) -> None:
    """Every dispatch has an outcome; none succeeds that was checked after the lot was blocked (S28)."""
    orders = await place_allocated_orders(lot_scenario)
    shipments = [await lot_scenario.pack_all(order, 1) for order in orders]

    async def dispatch(number: int) -> bool:
        await asyncio.sleep(0.02 * number)
        response = await system.execute_command(DispatchShipment(shipment=shipments[number]), actor="dee")
        if response.is_client_error:
            assert {problem["code"] for problem in response.json()["violations"]} <= {"on_hold", "expired"}, (
                response.text
            )
            return False

        async def finished_outcome() -> JsonObject:
            outcome_body: JsonObject = await system.get_json("fulfillment", response.headers["Location"])
            assert outcome_body["status"] in ("DISPATCHED", "REJECTED"), outcome_body
            return outcome_body

        return bool((await wait_until(finished_outcome))["status"] == "DISPATCHED")

    dispatched, *_ = await asyncio.gather(asyncio.gather(*map(dispatch, range(ORDER_COUNT))), block(lot_scenario))
    await wait_until_blocked(system, lot_scenario)
    events = [(item["type"], item["data"]) for item in system.listener.events["lots.events", lot_scenario.sku]]
    blocked_at = min(
        index for index, (type_, _) in enumerate(events) if type_ in ("lot.hold_placed.v1", "lot.dates_corrected.v1")
    )
    approved = {data["order"] for type_, data in events[:blocked_at] if type_ == "lot.dispatch_approved.v1"}
    for order, was_dispatched in zip(orders, dispatched, strict=True):
        assert not was_dispatched or order in approved, (order, events)
        assert await order_stock(system, order) == {("L1", "SHIPPED" if was_dispatched else "PICKED", 2)}, order
    await conservation.assert_conservation(system, [lot_scenario.sku])
