"""Packing, shipments and dispatch."""

from shared.contracts.commands.fulfillment import (
    CancelShipment,
    CreateShipment,
    DispatchShipment,
    MoveCartonItems,
    PackItems,
    UnpackItems,
    UnpickItems,
)
from shared.contracts.commands.serials import ReleaseSerialHold
from shared.contracts.upstream import OrderCancelled
from tests.e2e import invariants
from tests.e2e.serial_scenario import SHELF, SerialScenario
from tests.e2e.system import SystemUnderTest
from tests.support.polling import wait_until


async def picked_order(scenario: SerialScenario, count: int) -> tuple[str, list[str]]:
    """Create an order of new stock and pick all of it."""
    await scenario.stock_units(count)
    order = await scenario.place_order(count)
    serials = await scenario.wait_for_allocation(order, count)
    await scenario.pick(order, serials)
    return order, serials


async def test_pack_ship_dispatch(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """Packed and dispatched after the check, the units are SHIPPED and the order is complete (S21)."""
    await scenario.define_product()
    order, serials = await picked_order(scenario, 2)
    carton = await scenario.pack(order, serials)
    content = await system.get_json("fulfillment", f"/cartons/{carton}")
    assert sorted(unit["serial"] for unit in content["units"]) == sorted(serials)
    shipment = await scenario.create_shipment(carton)
    assert (await system.get_json("fulfillment", f"/shipments/{shipment}"))["status"] == "CREATED"
    outcome = await scenario.dispatch(shipment)
    assert (outcome["status"], outcome["requested_count"], outcome["approved_count"]) == ("DISPATCHED", 2, 2)
    await scenario.wait_for_status(serials, "SHIPPED")
    (dispatched,) = await scenario.wait_for_event("fulfillment.events", order, "order.dispatched.v1")
    assert dispatched["data"]["actor"] == "dee"
    assert (await system.get_json("fulfillment", f"/orders/{order}"))["status"] == "SHIPPED"


async def test_shipped_unit_shows_its_shipment(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A SHIPPED unit shows shipment, order and customer, has no location and cannot move (S10)."""
    await scenario.define_product()
    order, serials = await picked_order(scenario, 1)
    shipment = await scenario.create_shipment(await scenario.pack(order, serials))
    await scenario.dispatch(shipment)
    await scenario.wait_for_status(serials, "SHIPPED")
    unit = await scenario.get_unit(serials[0])
    assert (unit["shipment"], unit["order"], unit["customer"]) == (shipment, order, "C-1")
    assert (unit["location"], unit["warehouse"]) == (None, None)
    unpick = UnpickItems(order=order, units=scenario.scanned_units(serials), location=SHELF, reason="mistake")
    await system.assert_rejected(unpick, "dispatched")
    await system.assert_rejected(DispatchShipment(shipment=shipment), "dispatched")
    await system.assert_rejected(CancelShipment(shipment=shipment, reason="mistake"), "dispatched")
    (event,) = await system.publish(OrderCancelled(order=order))
    await system.wait_for_rejection("fulfillment", event, "order_closed", order)
    await scenario.wait_for_status(serials, "SHIPPED")


async def test_units_are_unpacked_and_moved_between_cartons(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A unit can be unpacked or moved to another carton of its order only (S21)."""
    await scenario.define_product()
    order, serials = await picked_order(scenario, 2)
    first = await scenario.pack(order, serials)
    second = scenario.new_id("CT")
    await system.execute(
        MoveCartonItems(order=order, carton=first, to_carton=second, units=scenario.scanned_units(serials[:1]))
    )
    await system.execute(UnpackItems(order=order, carton=first, units=scenario.scanned_units(serials[1:])))
    assert (await system.get_json("fulfillment", f"/cartons/{first}"))["units"] == []
    content = await system.get_json("fulfillment", f"/cartons/{second}")
    assert [unit["serial"] for unit in content["units"]] == serials[:1]
    await system.assert_rejected(
        UnpackItems(order=order, carton=first, units=scenario.scanned_units(serials)), "not_in_carton"
    )
    other, others = await picked_order(scenario, 1)
    await system.assert_rejected(
        PackItems(order=other, carton=first, units=scenario.scanned_units(others)), "carton_belongs_to_other_order"
    )


async def test_shipment_must_be_fully_packed(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A shipment is not dispatched while a picked unit of its order is unpacked (S21)."""
    await scenario.define_product()
    order, serials = await picked_order(scenario, 2)
    shipment = await scenario.create_shipment(await scenario.pack(order, serials[:1]))
    problem = await system.assert_rejected(DispatchShipment(shipment=shipment), "not_fully_packed")
    assert problem["ids"] == serials[1:]
    await system.execute(
        UnpickItems(order=order, units=scenario.scanned_units(serials[1:]), location=SHELF, reason="left behind")
    )
    assert (await scenario.dispatch(shipment))["status"] == "DISPATCHED"
    await scenario.wait_for_status(serials[:1], "SHIPPED")
    await scenario.wait_for_status(serials[1:], "ALLOCATED")


async def test_shipment_of_several_orders(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A shipment of two orders publishes one dispatch event per order (S10, S21)."""
    await scenario.define_product()
    first_order, first = await picked_order(scenario, 1)
    second_order, second = await picked_order(scenario, 2)
    shipment = await scenario.create_shipment(
        await scenario.pack(first_order, first), await scenario.pack(second_order, second)
    )
    assert (await scenario.dispatch(shipment))["status"] == "DISPATCHED"
    await scenario.wait_for_status([*first, *second], "SHIPPED")
    for order in (first_order, second_order):
        (dispatched,) = await scenario.wait_for_event("fulfillment.events", order, "order.dispatched.v1")
        assert sorted(dispatched["data"]["orders"]) == sorted([first_order, second_order])
    await system.wait_until_quiescent()
    await invariants.assert_invariants(system, [scenario.sku])


async def test_hold_after_pick_blocks_dispatch(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A hold after the pick blocks the dispatch until its release."""
    await scenario.define_product()
    order, serials = await picked_order(scenario, 2)
    shipment = await scenario.create_shipment(await scenario.pack(order, serials))
    await scenario.wait_for_status(serials, "PICKED")
    hold = await scenario.place_hold(serials[:1])
    response = await system.execute_command(DispatchShipment(shipment=shipment), actor="dee")
    if response.status_code == 202:  # the hold has not reached fulfillment: the check is rejected

        async def is_rejected() -> bool:
            outcome = await system.get_json("fulfillment", response.headers["Location"])
            return bool(outcome["status"] == "REJECTED" and outcome["reasons"][0]["serial"] == serials[0])

        await wait_until(is_rejected)
    else:
        assert response.json()["code"] == "on_hold", response.text
    await system.wait_until_quiescent()
    problem = await system.assert_rejected(DispatchShipment(shipment=shipment), "on_hold")
    assert problem["ids"] == serials[:1]
    await scenario.wait_for_status(serials, "PICKED")
    await system.execute(ReleaseSerialHold(sku=scenario.sku, hold_id=hold, reason="inspected"))

    async def dispatch_accepted() -> bool:
        response = await system.execute_command(DispatchShipment(shipment=shipment))
        assert response.status_code == 202, response.text
        return True

    await wait_until(dispatch_accepted)
    await scenario.wait_for_status(serials, "SHIPPED")


async def test_cancelled_order_is_not_dispatched(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A shipment with units of a cancelled order is not dispatched before their unpick (S11, S21)."""
    await scenario.define_product()
    order, serials = await picked_order(scenario, 1)
    shipment = await scenario.create_shipment(await scenario.pack(order, serials))
    await scenario.cancel_order(order)
    await system.assert_rejected(DispatchShipment(shipment=shipment), "cancelled_items_present")
    await system.execute(
        UnpickItems(order=order, units=scenario.scanned_units(serials), location=SHELF, reason="cancelled")
    )
    await scenario.wait_for_status(serials, "IN_INVENTORY")


async def test_unknown_fulfillment_documents(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """An unknown order, carton or shipment is rejected with its own code."""
    await scenario.define_product()
    order, serials = await picked_order(scenario, 1)
    units = scenario.scanned_units(serials)
    for command, code in (
        (PackItems(order="SO-?", carton="CT-?", units=units), "order_not_found"),
        (UnpackItems(order=order, carton="CT-?", units=units), "carton_not_found"),
        (UnpickItems(order="SO-?", units=units, location=SHELF, reason="r"), "order_not_found"),
        (CreateShipment(shipment=scenario.new_id("SH"), cartons=["CT-?"]), "carton_not_found"),
        (DispatchShipment(shipment="SH-?"), "shipment_not_found"),
        (CancelShipment(shipment="SH-?", reason="r"), "shipment_not_found"),
    ):
        await system.assert_rejected(command, code)
    await scenario.wait_for_status(serials, "PICKED")


async def test_partly_shipped_order_continues(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """The available part ships; the backorder leaves with a second shipment (S10)."""
    await scenario.define_product()
    await scenario.stock_units(1)
    order = await scenario.place_order(2)
    first = await scenario.wait_for_allocation(order, 1)
    await scenario.ship(order, first)
    order_body = await system.get_json("fulfillment", f"/orders/{order}")
    assert (order_body["status"], order_body["lines"][0]["shipped"], order_body["lines"][0]["backordered"]) == (
        "PARTLY_SHIPPED",
        1,
        1,
    )
    second = await scenario.stock_units(1)
    assert await scenario.wait_for_allocation(order, 1) == second
    await scenario.ship(order, second)
    await scenario.wait_for_status([*first, *second], "SHIPPED")
    assert (await system.get_json("fulfillment", f"/orders/{order}"))["status"] == "SHIPPED"
