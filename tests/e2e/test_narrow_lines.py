"""Lines of one order that want the same stock: the result does not depend on their sequence (S08)."""

from decimal import Decimal

from shared.contracts.upstream import OrderAmended, OrderLine
from tests.e2e import invariants
from tests.e2e.milk_lots import MilkLots
from tests.e2e.serial_scenario import OTHER_SHELF, SerialScenario, quote_path
from tests.e2e.system import SystemUnderTest
from tests.support.polling import wait_until


async def test_listed_units_go_to_their_lines(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A line for any unit that comes first, or was filled long ago, gets another unit."""
    await scenario.define_product()
    serials = await scenario.stock_units(4)
    lines = [OrderLine(line=line, sku=scenario.sku, quantity=Decimal(1)) for line in ("1", "2")]
    named = OrderLine(line="3", sku=scenario.sku, quantity=Decimal(1), serials=[serials[0]])
    order = scenario.order_command(1, lines=[*lines, named], backorders="NOT_ALLOWED")
    await system.publish(order)
    serial_by_line = {row["line"]: row["serial"] for row in await scenario.wait_for_picks(order.order, 3)}
    assert serial_by_line["3"] == serials[0]
    wanted = serial_by_line["1"]
    change = OrderLine(line="2", sku=scenario.sku, quantity=Decimal(1), serials=[wanted])
    await system.publish(OrderAmended(order=order.order, lines=[change]))

    async def is_handed_over() -> bool:
        rows = {row["line"]: row["serial"] for row in await scenario.wait_for_picks(order.order, 3)}
        assert rows["2"] == wanted, rows
        return True

    await wait_until(is_handed_over)
    await system.wait_until_quiescent()
    await invariants.assert_invariants(system, [scenario.sku])


async def test_a_single_lot_line_gets_its_lot(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A line of any lot before it takes from another lot."""
    await scenario.define_product(lot_tracked=True)
    milk_lots = MilkLots(system, scenario)
    await milk_lots.receive(("EARLY", 5, "2090-01-31"), ("LATE", 3, "2090-12-31"))
    await milk_lots.put_away("EARLY", "5")
    await milk_lots.put_away("LATE", "3", OTHER_SHELF)
    lines = [
        OrderLine(line="1", sku=scenario.sku, quantity=Decimal(2)),
        OrderLine(line="2", sku=scenario.sku, quantity=Decimal(5), single_lot=True),
    ]
    order = scenario.order_command(1, lines=lines)
    await system.publish(order)

    async def is_served() -> bool:
        response = await system.get("fulfillment", f"/orders/{quote_path(order.order)}/picks")
        items = response.json()["items"] if response.is_success else []
        served = {(item["line"], item["lot"], item["quantity"]) for item in items}
        assert served == {("1", "LATE", 2), ("2", "EARLY", 5)}, items
        return True

    await wait_until(is_served)
    await invariants.assert_no_event_conflicts(system, [scenario.sku])
