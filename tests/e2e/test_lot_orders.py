"""Orders of lot-tracked stock: allocations in lots and fulfillment agree at every step."""

from decimal import Decimal
from typing import Any

import pytest

from shared.contracts.commands.fulfillment import (
    LotSelector,
    PackItems,
    PickItems,
    ReportShortPick,
    SwapLot,
    UnpackItems,
    UnpickItems,
)
from shared.contracts.commands.lots import PlaceLotHold, ReleaseLotHold
from shared.contracts.upstream import OrderAmended, OrderCancelled, OrderLine
from tests.e2e import invariants
from tests.e2e.milk_lots import MilkLots
from tests.e2e.serial_scenario import CUSTOMER, OTHER_SHELF, SHELF, STAGE, SerialScenario, quote_path
from tests.e2e.system import JsonObject, SystemUnderTest
from tests.support.messages.lot_orders import missing_lots
from tests.support.polling import wait_until

EARLY_LOT, LATE_LOT = ("EARLY", 6.5, "2090-01-31"), ("LATE", 10, "2090-12-31")


class LotOrders:
    """A test's stocked lots and orders."""

    def __init__(self, system: SystemUnderTest, scenario: SerialScenario) -> None:
        self.system, self.scenario, self.sku = system, scenario, scenario.sku
        self.milk_lots = MilkLots(system, scenario)

    async def stock_lots(self) -> None:
        """Stock 6.5 of an early-expiring lot and 10 of a late-expiring one."""
        await self.scenario.define_product(lot_tracked=True)
        await self.milk_lots.receive(EARLY_LOT, LATE_LOT)
        await self.milk_lots.put_away("EARLY", "6.5")
        await self.milk_lots.put_away("LATE", "10", OTHER_SHELF)

    def order_line(self, quantity: str, **overrides: Any) -> OrderLine:
        """Return an order line of the product."""
        return OrderLine(line="10", sku=self.sku, quantity=Decimal(quantity), **overrides)

    async def place_order(self, quantity: str, *lines: OrderLine, **overrides: Any) -> str:
        """Place an order of this quantity and return its number."""
        order = self.scenario.order_command(1, **overrides)
        await self.system.publish(order.model_copy(update={"lines": [self.order_line(quantity), *lines]}))
        return order.order

    def lot_selectors(self, lot: str, quantity: str) -> list[LotSelector]:
        """Return a quantity of a lot as scanned."""
        return [LotSelector(sku=self.sku, lot=lot, quantity=Decimal(quantity))]

    async def wait_for_pick_list(self, order: str, **lots: float) -> None:
        """Wait until the pick list has exactly these lots."""

        async def pick_list_matches() -> bool:
            response = await self.system.get("fulfillment", f"/orders/{quote_path(order)}/picks")
            items = response.json()["items"] if response.is_success else []
            assert {item["lot"]: item["quantity"] for item in items if item["lot"]} == lots, response.text
            return True

        await wait_until(pick_list_matches)

    async def pick(self, order: str, lot: str, quantity: str) -> JsonObject:
        """Pick a quantity of a lot."""
        return await self.system.execute(
            PickItems(order=order, stock=self.lot_selectors(lot, quantity), location=STAGE), actor="pat"
        )

    async def pack(self, order: str, lot: str, quantity: str) -> str:
        """Pack a quantity of a lot into a new carton and return it."""
        carton = self.scenario.new_id("CT")
        await self.system.execute(
            PackItems(order=order, carton=carton, stock=self.lot_selectors(lot, quantity)), actor="pat"
        )
        return carton

    async def assert_services_agree(self) -> None:
        """Both services agree on every demand and lot, and no event was a conflict."""
        await self.system.wait_until_quiescent()
        fulfillment_quantities = await self._quantities(
            "fulfillment",
            "SELECT demand_id, lot, CASE status WHEN 'ALLOCATED' THEN location END AS location, quantity "
            "FROM allocated_lot WHERE sku = $1 AND status <> 'SHIPPED'",
        )
        lots_quantities = await self._quantities(
            "lots",
            "SELECT r.demand_id, r.lot, r.location, r.quantity FROM reservation r WHERE r.sku = $1 UNION ALL "
            "SELECT p.demand_id, p.lot, NULL, p.quantity FROM picked_stock p WHERE p.sku = $1",
        )
        assert fulfillment_quantities == lots_quantities
        await self._assert_lines_agree()
        await invariants.assert_no_event_conflicts(self.system, [self.sku])

    async def _assert_lines_agree(self) -> None:
        """Each line's quantity is allocated, picked, shipped or open under a demand of lots."""
        lines = await self.system.fetch_rows(
            "fulfillment",
            """SELECT order_id, ordered - allocated - picked - shipped AS open_quantity FROM order_line l
               JOIN sales_order o USING (order_id)
               WHERE sku = $1 AND NOT l.cancelled AND o.status <> 'CANCELLED'""",
            self.sku,
        )
        demands = (
            "SELECT order_id, sum(open_quantity) AS open_quantity FROM demand "
            "WHERE sku = $1 AND status = 'OPEN' GROUP BY 1"
        )
        open_quantities = {
            row["order_id"]: row["open_quantity"] for row in await self.system.fetch_rows("lots", demands, self.sku)
        }
        missing_quantities = {row["order_id"]: row["open_quantity"] for row in lines}
        assert {order: quantity for order, quantity in missing_quantities.items() if quantity} == {
            order: quantity for order, quantity in open_quantities.items() if quantity
        }

    async def _quantities(self, service: str, query: str) -> dict[tuple[str, str, str | None], Decimal]:
        totals: dict[tuple[str, str, str | None], Decimal] = {}
        for row in await self.system.fetch_rows(service, query, self.sku):
            key = (row["demand_id"], row["lot"], row["location"])
            totals[key] = totals.get(key, Decimal(0)) + row["quantity"]
        return {key: quantity for key, quantity in totals.items() if quantity}


@pytest.fixture
async def lot_orders(system: SystemUnderTest, scenario: SerialScenario) -> LotOrders:
    """Provide stocked lots."""
    lot_orders = LotOrders(system, scenario)
    await lot_orders.stock_lots()
    return lot_orders


async def test_fefo_order_from_pick_to_dispatch(
    lot_orders: LotOrders, system: SystemUnderTest, scenario: SerialScenario
) -> None:
    """The lot that expires first is picked first; packed and dispatched with the customer (S10, S19, S20, S21, S27)."""
    order = await lot_orders.place_order("8")
    await lot_orders.wait_for_pick_list(order, EARLY=6.5, LATE=1.5)
    wrong_pick = PickItems(order=order, stock=lot_orders.lot_selectors("WRONG", "1"), location=STAGE)
    assert (await system.assert_rejected(wrong_pick, "not_on_pick_list"))["suggested"] == ["EARLY", "LATE"]
    await lot_orders.pick(order, "EARLY", "4")
    await lot_orders.pick(order, "EARLY", "2.5")
    await lot_orders.pick(order, "LATE", "1.5")
    cartons = [await lot_orders.pack(order, "EARLY", "6"), await lot_orders.pack(order, "EARLY", "0.5")]
    cartons.append(await lot_orders.pack(order, "LATE", "1.5"))
    outcome = await scenario.dispatch(await scenario.create_shipment(*cartons))
    assert (outcome["status"], outcome["requested_count"], outcome["approved_count"]) == ("DISPATCHED", 2, 2)
    (dispatched,) = await scenario.wait_for_event("fulfillment.events", order, "order.dispatched.v1")
    assert (dispatched["data"]["customer_name"], dispatched["data"]["contact"]) == (CUSTOMER.name, CUSTOMER.contact)
    (shipped,) = await scenario.wait_for_event("lots.events", lot_orders.sku, "lot.shipped.v1", order=order)
    assert sorted((lot["lot"], lot["quantity"]) for lot in shipped["data"]["lots"]) == [("EARLY", 6.5), ("LATE", 1.5)]
    assert (await system.get_json("fulfillment", f"/orders/{order}"))["status"] == "SHIPPED"
    await lot_orders.assert_services_agree()


async def test_serials_and_lots_are_dispatched_together(
    lot_orders: LotOrders, system: SystemUnderTest, scenario: SerialScenario
) -> None:
    """A shipment of units and lots is dispatched at once when both services approve (S10, S21)."""
    pump = f"{lot_orders.sku}-PUMP"
    await scenario.define_product(pump)
    (serial,) = await scenario.stock_units(1, OTHER_SHELF, sku=pump)
    order = await lot_orders.place_order("2", OrderLine(line="20", sku=pump, quantity=Decimal(1)))
    await lot_orders.wait_for_pick_list(order, EARLY=2)
    await scenario.wait_for_picks(order, 2)
    units, stock, carton = (
        scenario.scanned_units([serial], pump),
        lot_orders.lot_selectors("EARLY", "2"),
        scenario.new_id("CT"),
    )
    await system.execute(PickItems(order=order, units=units, stock=stock, location=STAGE), actor="pat")
    await system.execute(PackItems(order=order, carton=carton, units=units, stock=stock), actor="pat")
    assert (await scenario.dispatch(await scenario.create_shipment(carton)))["status"] == "DISPATCHED"
    await scenario.wait_for_status([serial], "SHIPPED", pump)
    await scenario.wait_for_event("lots.events", lot_orders.sku, "lot.shipped.v1", order=order)
    await lot_orders.assert_services_agree()


async def test_short_picks_and_unpicks_are_reallocated(lot_orders: LotOrders, system: SystemUnderTest) -> None:
    """A missing quantity stays under investigation and is replaced; the rest there can be picked (S12, S20)."""
    order = await lot_orders.place_order("5")
    await lot_orders.wait_for_pick_list(order, EARLY=5)
    await lot_orders.pick(order, "EARLY", "2")
    short_pick = ReportShortPick(
        order=order, stock=missing_lots(lot_orders.lot_selectors("EARLY", "1"), 2), reason="one missing"
    )
    await system.execute(short_pick, actor="pat")
    await lot_orders.wait_for_pick_list(order, EARLY=2, LATE=1)
    unpick = UnpickItems(order=order, stock=lot_orders.lot_selectors("EARLY", "2"), location=SHELF, reason="damaged")
    await system.execute(unpick, actor="pat")
    await lot_orders.wait_for_pick_list(order, EARLY=4, LATE=1)
    await lot_orders.assert_services_agree()


async def test_hold_after_pick_blocks_packing_and_dispatch(
    lot_orders: LotOrders, system: SystemUnderTest, scenario: SerialScenario
) -> None:
    """A held lot is neither packed nor dispatched until its release; unpicked stock is reallocated (S28)."""
    order = await lot_orders.place_order("5")
    await lot_orders.wait_for_pick_list(order, EARLY=5)
    await lot_orders.pick(order, "EARLY", "2")
    carton = await lot_orders.pack(order, "EARLY", "2")
    hold = scenario.new_id("H")
    await system.execute(PlaceLotHold(sku=lot_orders.sku, lot="EARLY", hold_id=hold, reason="suspected"), actor="sue")
    await lot_orders.wait_for_pick_list(order, LATE=3)
    shipment = await scenario.create_shipment(carton)

    async def packing_is_blocked() -> bool:
        response = await system.execute_command(
            UnpackItems(order=order, carton=carton, stock=lot_orders.lot_selectors("EARLY", "0.5"))
        )
        assert response.is_success
        pack = PackItems(order=order, carton=carton, stock=lot_orders.lot_selectors("EARLY", "0.5"))
        await system.assert_rejected(pack, "on_hold")
        return True

    await wait_until(packing_is_blocked)
    await system.execute(ReleaseLotHold(sku=lot_orders.sku, hold_id=hold, reason="inspected"), actor="sue")
    await scenario.wait_for_event("lots.events", lot_orders.sku, "lot.hold_released.v1", hold_id=hold)
    await system.wait_until_quiescent()
    await system.execute(
        PackItems(order=order, carton=carton, stock=lot_orders.lot_selectors("EARLY", "0.5")), actor="pat"
    )
    assert (await scenario.dispatch(shipment))["status"] == "DISPATCHED"
    await lot_orders.assert_services_agree()


async def test_lot_swap(lot_orders: LotOrders, system: SystemUnderTest) -> None:
    """A supervisor swaps a lot: its available quantity is allocated, the rest from any lot."""
    order = await lot_orders.place_order("6.5")
    await lot_orders.wait_for_pick_list(order, EARLY=6.5)
    other = await lot_orders.place_order("7")
    await lot_orders.wait_for_pick_list(other, LATE=7)
    swap = SwapLot(order=order, stock=lot_orders.lot_selectors("EARLY", "4")[0], replacement="LATE", reason="requested")
    response = await system.execute_command(swap, actor="sue")
    assert response.status_code == 202

    async def is_done() -> JsonObject:
        outcome: JsonObject = await system.get_json("fulfillment", response.headers["Location"])
        assert outcome["status"] == "DONE", outcome
        return outcome

    assert (await wait_until(is_done))["allocated"] == 3
    await lot_orders.wait_for_pick_list(order, EARLY=3.5, LATE=3)
    await lot_orders.assert_services_agree()


async def test_cancellations_and_amendments_release_stock(lot_orders: LotOrders, system: SystemUnderTest) -> None:
    """A reduction releases the latest expiry, an increase allocates more, a cancellation releases all (S11)."""
    order = await lot_orders.place_order("8")
    await lot_orders.wait_for_pick_list(order, EARLY=6.5, LATE=1.5)
    await system.publish(OrderAmended(order=order, lines=[lot_orders.order_line("7")]))
    await lot_orders.wait_for_pick_list(order, EARLY=6.5, LATE=0.5)
    await system.publish(OrderAmended(order=order, lines=[lot_orders.order_line("9.25")]))
    await lot_orders.wait_for_pick_list(order, EARLY=6.5, LATE=2.75)
    await lot_orders.pick(order, "EARLY", "1.25")
    waiting = await lot_orders.place_order("16")
    await lot_orders.wait_for_pick_list(waiting, LATE=7.25)
    await system.publish(OrderCancelled(order=order))
    await lot_orders.wait_for_pick_list(waiting, EARLY=5.25, LATE=10)
    unpick = UnpickItems(
        order=order, stock=lot_orders.lot_selectors("EARLY", "1.25"), location=SHELF, reason="cancelled"
    )
    await system.execute(unpick, actor="pat")
    await lot_orders.wait_for_pick_list(waiting, EARLY=6, LATE=10)
    await lot_orders.assert_services_agree()
