"""Amendments after the pick, over all services."""

from shared.contracts.commands.fulfillment import DispatchShipment, PackItems, UnpickItems
from shared.contracts.upstream import OrderAmended, OrderLine
from tests.e2e.serial_scenario import SHELF, SerialScenario
from tests.e2e.system import SystemUnderTest
from tests.support.polling import wait_until


async def test_order_amended_to_another_serial_after_the_pick(
    system: SystemUnderTest, scenario: SerialScenario
) -> None:
    """The picked unit is named and blocks the dispatch until it is unpicked; only the wanted one ships (S11)."""
    await scenario.define_product()
    first, second = await scenario.stock_units(2)
    order = await scenario.place_order(1, serials=[first])
    await scenario.wait_for_allocation(order, 1)
    await scenario.pick(order, [first])
    shipment = await scenario.create_shipment(await scenario.pack(order, [first]))
    line = OrderLine(line="10", sku=scenario.sku, quantity=1, serials=[second])
    answer = await system.execute(OrderAmended(order=order, lines=[line]))
    assert [(item["serial"], item["reason"]) for item in answer["mismatched"]] == [(first, f"line 10 names {second}")]
    await system.assert_rejected(DispatchShipment(shipment=shipment), "not_as_ordered")
    (unit,) = (await system.get_json("fulfillment", f"/orders/{order}"))["units"]
    assert (unit["serial"], unit["mismatch"]) == (first, f"line 10 names {second}")
    unpick = UnpickItems(order=order, units=scenario.scanned_units([first]), location=SHELF, reason="not wanted")
    await system.execute(unpick)
    assert await scenario.wait_for_allocation(order, 1) == [second]
    await scenario.pick(order, [second])
    await system.execute(
        PackItems(order=order, carton=unit["carton"], units=scenario.scanned_units([second])), actor="pat"
    )
    assert (await scenario.dispatch(shipment))["status"] == "DISPATCHED"
    await scenario.wait_for_status([second], "SHIPPED")
    await scenario.wait_for_status([first], "IN_INVENTORY")

    async def is_shipped() -> bool:
        body = await system.get_json("fulfillment", f"/orders/{order}")
        assert [unit["serial"] for unit in body["units"]] == [second]
        return bool(body["status"] == "SHIPPED")

    await wait_until(is_shipped)
