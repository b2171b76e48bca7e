"""Transitions between the statuses of an order, as listed in docs/integration.md."""

import re
from itertools import pairwise

from shared.contracts.upstream import OrderCancelled
from tests.e2e.event_listener import EventListener
from tests.e2e.serial_scenario import SerialScenario
from tests.e2e.system import SystemUnderTest
from tests.support.guide import read_table
from tests.support.polling import wait_until


async def test_orders_make_exactly_the_listed_transitions(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """Five orders make every transition of the table, and no order of this stack has made another."""
    await scenario.define_product()
    await scenario.wait_for_product_at_fulfillment()

    async def ship_next(order: str) -> None:
        await scenario.stock_units(1)
        await scenario.ship(order, await scenario.wait_for_allocation(order, 1))

    shipped = await scenario.place_order(1)
    await ship_next(shipped)
    await wait_for_status(system, shipped, "SHIPPED")
    partly_shipped = await scenario.place_order(2)
    await ship_next(partly_shipped)
    await wait_for_status(system, partly_shipped, "PARTLY_SHIPPED")
    await ship_next(partly_shipped)
    await wait_for_status(system, partly_shipped, "SHIPPED")
    closed_short = await scenario.place_order(2)
    await ship_next(closed_short)
    await wait_for_status(system, closed_short, "PARTLY_SHIPPED")
    await system.publish(OrderCancelled(order=closed_short))
    await wait_for_status(system, closed_short, "CLOSED_SHORT")
    dropped = await scenario.place_order(1, backorders="NOT_ALLOWED")
    await wait_for_status(system, dropped, "CLOSED_SHORT")
    cancelled = await scenario.place_order(1, sku=scenario.new_id("NEVER"))
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
