"""Transitions between the statuses of an order, as listed in docs/integration.md."""

import re
from itertools import pairwise

from shared.contracts.upstream import OrderAmended, OrderCancelled, OrderLine, OrderLineCancelled
from tests.e2e.event_listener import EventListener
from tests.e2e.serial_scenario import SerialScenario
from tests.e2e.system import SystemUnderTest
from tests.support.guide import read_table
from tests.support.polling import wait_until


async def test_orders_make_exactly_the_listed_transitions(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """Four orders make every transition of the table, and no order of this stack has made another."""
    await scenario.define_product()
    await scenario.wait_for_product_at_fulfillment()
    serials = await scenario.stock_units(1)

    async def add_undefined_line(order: str) -> None:
        line = OrderLine(line="20", sku=scenario.new_id("LATER"), quantity=1)
        await system.publish(OrderAmended(order=order, lines=[line]))
        await wait_for_status(system, order, "AWAITING_PRODUCT")

    shipped = await scenario.place_order(1, serials=serials)
    await scenario.wait_for_allocation(shipped, 1)
    await add_undefined_line(shipped)
    await system.publish(OrderLineCancelled(order=shipped, line="20"))
    await wait_for_status(system, shipped, "OPEN")
    await scenario.ship(shipped, serials)
    await wait_for_status(system, shipped, "COMPLETE")

    (unit,) = await scenario.stock_units(1)
    shipped_early = await scenario.place_order(1, serials=[unit])
    await scenario.wait_for_allocation(shipped_early, 1)
    await add_undefined_line(shipped_early)
    await scenario.ship(shipped_early, [unit])
    await system.publish(OrderLineCancelled(order=shipped_early, line="20"))
    await wait_for_status(system, shipped_early, "COMPLETE")

    for sku in (scenario.sku, scenario.new_id("NEVER")):
        cancelled = await scenario.place_order(1, sku=sku)
        await system.publish(OrderCancelled(order=cancelled))
        await wait_for_status(system, cancelled, "CANCELLED")

    rows = read_table("order status", "meaning", "next statuses")
    listed = {(row[0].strip("`"), after) for row in rows for after in re.findall(r"`(\w+)`", row[2])}

    async def all_made() -> bool:
        assert observed_transitions(system.listener) == listed
        return True

    await wait_until(all_made)


async def wait_for_status(system: SystemUnderTest, order: str, status: str) -> None:
    """Wait until an order has a status."""

    async def status_reached() -> bool:
        response = await system.get("fulfillment", f"/orders/{order}")
        assert response.json().get("status") == status, response.text
        return True

    await wait_until(status_reached)


def observed_transitions(listener: EventListener) -> set[tuple[str, str]]:
    """Return the changes of status of all orders whose events the listener has read."""
    orders = [key for topic, key in list(listener.events) if topic == "fulfillment.events"]
    histories = [
        [
            event["data"]["status"]
            for event in listener.events_of("fulfillment.events", order, "order.status_changed.v1")
        ]
        for order in orders
    ]
    return {(before, after) for history in histories for before, after in pairwise(history) if before != after}
