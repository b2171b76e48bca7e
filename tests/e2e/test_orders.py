"""Orders: placed, amended, cancelled and backordered."""

from shared.contracts.commands.fulfillment import PickItems, UnpickItems
from shared.contracts.upstream import OrderAmended, OrderCancelled, OrderLine, OrderLineCancelled
from tests.e2e import invariants
from tests.e2e.serial_scenario import SHELF, STAGE, SerialScenario
from tests.e2e.system import SystemUnderTest
from tests.support.polling import wait_until


async def test_line_with_listed_serials(scenario: SerialScenario) -> None:
    """A line with listed serials gets exactly those, as soon as they are available (S08)."""
    await scenario.define_product()
    await scenario.stock_units(2)
    listed_serials = scenario.new_serials(1)
    order = await scenario.place_order(1, serials=listed_serials)
    await scenario.wait_for_event("serials.events", scenario.sku, "serial.allocated.v1", order=order, open_quantity=1)
    await scenario.receive(listed_serials)
    await scenario.put_away(listed_serials)
    assert await scenario.wait_for_allocation(order, 1) == listed_serials


async def test_cancelled_order_releases_its_units(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A cancelled order returns its allocated units to stock (S11)."""
    await scenario.define_product()
    serials = await scenario.stock_units(2)
    order = await scenario.place_order(2)
    await scenario.wait_for_allocation(order, 2)
    await scenario.cancel_order(order)
    await scenario.wait_for_status(serials, "IN_INVENTORY")
    unit = await scenario.get_unit(serials[0])
    assert (unit["order"], unit["location"]) == (None, SHELF)
    other = await scenario.place_order(2)
    assert sorted(await scenario.wait_for_allocation(other, 2)) == sorted(serials)
    await system.assert_rejected(
        PickItems(order=order, units=scenario.scanned_units(serials), location=STAGE), "order_cancelled"
    )


async def test_cancelled_line_releases_its_units(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A cancelled line releases its units; the other line keeps its own (S11)."""
    await scenario.define_product()
    serials = await scenario.stock_units(2)
    lines = [OrderLine(line=line, sku=scenario.sku, quantity=1) for line in ("1", "2")]
    order = scenario.order_command(1, lines=lines)
    await system.publish(order)
    serial_by_line = {row["line"]: row["serial"] for row in await scenario.wait_for_picks(order.order, 2)}
    await system.publish(OrderLineCancelled(order=order.order, line="1"))
    await scenario.wait_for_status([serial_by_line["1"]], "IN_INVENTORY")
    assert await scenario.wait_for_allocation(order.order, 1) == [serial_by_line["2"]]
    (event,) = await system.publish(OrderLineCancelled(order=order.order, line="9"))
    await system.wait_for_rejection("fulfillment", event, "line_not_found", order.order)
    assert set(serials) == set(serial_by_line.values())


async def test_cancellation_fills_backorders(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """Units of a cancelled order fill a backorder in the same transaction (S11)."""
    await scenario.define_product()
    serials = await scenario.stock_units(1)
    first = await scenario.place_order(1)
    await scenario.wait_for_allocation(first, 1)
    second = await scenario.place_order(1)
    await scenario.wait_for_event("serials.events", scenario.sku, "serial.allocated.v1", order=second, open_quantity=1)
    await scenario.cancel_order(first)
    assert await scenario.wait_for_allocation(second, 1) == serials
    await system.wait_until_quiescent()
    await invariants.assert_invariants(system, [scenario.sku])


async def test_picked_unit_of_a_cancelled_order_stays_picked(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A picked unit of a cancelled order stays PICKED until it is unpicked (S11, S12)."""
    await scenario.define_product()
    serials = await scenario.stock_units(1)
    order = await scenario.place_order(1)
    await scenario.pick(order, await scenario.wait_for_allocation(order, 1))
    await scenario.wait_for_status(serials, "PICKED")
    await scenario.cancel_order(order)
    waiting = await scenario.place_order(1)
    await system.wait_until_quiescent()
    await scenario.wait_for_status(serials, "PICKED")
    assert await scenario.wait_for_picks(waiting, 0) == []
    await system.execute(
        UnpickItems(order=order, units=scenario.scanned_units(serials), location=SHELF, reason="cancelled")
    )
    assert await scenario.wait_for_allocation(waiting, 1) == serials


async def test_backorder_policies(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A shortfall is backordered, cancelled, or blocks the whole pick list, by the order's policy."""
    await scenario.define_product()
    await scenario.stock_units(1, sku=scenario.sku)
    complete_order = await scenario.place_order(2, backorders="SHIP_COMPLETE")
    await scenario.wait_for_event("serials.events", scenario.sku, "serial.allocated.v1", order=complete_order)
    await system.wait_until_quiescent()
    assert await scenario.wait_for_picks(complete_order, 0) == []
    (allocated,) = await system.fetch_rows(
        "serials", "SELECT serial FROM serial_state WHERE order_id = $1", complete_order
    )
    pick = PickItems(order=complete_order, units=scenario.scanned_units([allocated["serial"]]), location=STAGE)
    await system.assert_rejected(pick, "not_released")
    no_backorder = await scenario.place_order(1, backorders="NOT_ALLOWED")
    await scenario.wait_for_event(
        "serials.events", scenario.sku, "serial.allocated.v1", order=no_backorder, open_quantity=1, final=True
    )
    await scenario.stock_units(1)
    assert len(await scenario.wait_for_allocation(complete_order, 2)) == 2
    await scenario.stock_units(1)
    await system.wait_until_quiescent()
    assert await scenario.wait_for_picks(no_backorder, 0) == []


async def test_order_amendment(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """An increase allocates more, a reduction releases units; picked units cannot be removed."""
    await scenario.define_product()
    await scenario.stock_units(3)
    order = await scenario.place_order(2)
    first = await scenario.wait_for_allocation(order, 2)
    await system.publish(OrderAmended(order=order, lines=[OrderLine(line="10", sku=scenario.sku, quantity=3)]))
    assert set(await scenario.wait_for_allocation(order, 3)) > set(first)
    await system.publish(OrderAmended(order=order, lines=[OrderLine(line="10", sku=scenario.sku, quantity=1)]))

    async def one_left() -> list[str]:
        return await scenario.wait_for_allocation(order, 1)

    await scenario.pick(order, await wait_until(one_left))
    wrong_product = OrderAmended(order=order, lines=[OrderLine(line="10", sku="OTHER", quantity=1)])
    (event,) = await system.publish(wrong_product)
    await system.wait_for_rejection("fulfillment", event, "document_mismatch", order)
    amendment = OrderAmended(
        order=order,
        lines=[OrderLine(line="10", sku=scenario.sku, quantity=2), OrderLine(line="20", sku=scenario.sku, quantity=1)],
    )
    await system.publish(amendment)
    assert {row["line"] for row in await scenario.wait_for_picks(order, 2)} == {"10", "20"}
    await system.wait_until_quiescent()
    await invariants.assert_invariants(system, [scenario.sku])


async def test_order_over_http(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """An order placed and cancelled over HTTP is processed like one from the OMS: 201 and its path."""
    await scenario.define_product()
    serials = await scenario.stock_units(1)
    order = scenario.order_command(1)
    response = await system.execute_command(order)
    assert response.status_code == 201, response.text
    await scenario.wait_for_allocation(order.order, 1)
    order_body = await system.get_json("fulfillment", f"/orders/{order.order}")
    assert (order_body["status"], order_body["customer_name"], order_body["ship_to"]) == (
        "OPEN",
        "Clinic 1",
        "1 Harbour Street",
    )
    await system.execute(OrderCancelled(order=order.order))
    await scenario.wait_for_status(serials, "IN_INVENTORY")
    assert (await system.get_json("fulfillment", f"/orders/{order.order}"))["status"] == "CANCELLED"
