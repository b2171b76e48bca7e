"""Packing, shipments and dispatch: nothing leaves that should not, and what has left has left."""

from shared.contracts.commands.fulfillment import CancelShipment, CreateShipment, Dispatch, Pack, Repack, Unpack, Unpick
from shared.contracts.commands.serials import Lift
from shared.contracts.upstream import OrderCancelled
from tests.flows import invariants
from tests.flows.shop import SHELF, Shop
from tests.flows.waiting import eventually
from tests.flows.world import World


async def picked_order(shop: Shop, count: int) -> tuple[str, list[str]]:
    """An order of new stock, all picked."""
    await shop.stock(count)
    order = await shop.order(count)
    serials = await shop.allocated(order, count)
    await shop.picked(order, serials)
    return order, serials


async def test_pack_ship_dispatch(world: World, shop: Shop) -> None:
    """Packed, in a shipment, dispatched after the check: the units are SHIPPED, the order is complete (S21)."""
    await shop.product()
    order, serials = await picked_order(shop, 2)
    carton = await shop.packed(order, serials)
    content = await world.read("fulfillment", f"/cartons/{carton}")
    assert sorted(unit["serial"] for unit in content["units"]) == sorted(serials)
    shipment = await shop.shipment(carton)
    assert (await world.read("fulfillment", f"/shipments/{shipment}"))["status"] == "CREATED"
    outcome = await shop.dispatched(shipment)
    assert (outcome["status"], outcome["asked"], outcome["approved"]) == ("DISPATCHED", 2, 2)
    await shop.status(serials, "SHIPPED")
    (done,) = await shop.heard("fulfillment.events", order, "dispatch.done.v1")
    assert done["data"]["actor"] == "dee"
    assert (await world.read("fulfillment", f"/orders/{order}"))["status"] == "COMPLETE"


async def test_a_shipped_unit_carries_its_shipment(world: World, shop: Shop) -> None:
    """A SHIPPED unit names its shipment, order and customer, has no place here, and nothing moves it any more (S10)."""
    await shop.product()
    order, serials = await picked_order(shop, 1)
    shipment = await shop.shipment(await shop.packed(order, serials))
    await shop.dispatched(shipment)
    await shop.status(serials, "SHIPPED")
    unit = await shop.unit(serials[0])
    assert (unit["shipment"], unit["order"], unit["customer"]) == (shipment, order, "C-1")
    assert (unit["location"], unit["warehouse"]) == (None, None)
    unpick = Unpick(order=order, units=shop.units(serials), location=SHELF, reason="mistake")
    await world.refused(unpick, "dispatched")
    await world.refused(Dispatch(shipment=shipment), "dispatched")
    await world.refused(CancelShipment(shipment=shipment, reason="mistake"), "dispatched")
    (event,) = await world.say(OrderCancelled(order=order))
    await world.rejection("fulfillment", event, "order_complete", order)
    await shop.status(serials, "SHIPPED")


async def test_only_picked_units_are_packed(world: World, shop: Shop) -> None:
    """A unit that is not picked for the order, or lies in a carton already, is not packed (S21)."""
    await shop.product()
    order, serials = await picked_order(shop, 1)
    (other,) = await shop.stock(1)
    pack = Pack(order=order, carton=shop.no("CT"), units=shop.units([other]))
    await world.refused(pack, "not_picked")
    assert (await world.get("fulfillment", f"/cartons/{pack.carton}")).status_code == 404
    await shop.packed(order, serials)
    await world.refused(Pack(order=order, carton=shop.no("CT"), units=shop.units(serials)), "already_packed")


async def test_units_are_unpacked_and_moved_between_cartons(world: World, shop: Shop) -> None:
    """A unit is taken out of a carton or moved to another of its order; another order's carton is refused (S21)."""
    await shop.product()
    order, serials = await picked_order(shop, 2)
    first = await shop.packed(order, serials)
    second = shop.no("CT")
    await world.do(Repack(order=order, carton=first, to_carton=second, units=shop.units(serials[:1])))
    await world.do(Unpack(order=order, carton=first, units=shop.units(serials[1:])))
    assert (await world.read("fulfillment", f"/cartons/{first}"))["units"] == []
    content = await world.read("fulfillment", f"/cartons/{second}")
    assert [unit["serial"] for unit in content["units"]] == serials[:1]
    await world.refused(Unpack(order=order, carton=first, units=shop.units(serials)), "not_in_carton")
    other, others = await picked_order(shop, 1)
    await world.refused(Pack(order=other, carton=first, units=shop.units(others)), "carton_of_another_order")


async def test_a_shipment_leaves_complete_and_packed(world: World, shop: Shop) -> None:
    """While a picked unit of its order lies in no carton of a shipment, a shipment does not leave (S21)."""
    await shop.product()
    order, serials = await picked_order(shop, 2)
    shipment = await shop.shipment(await shop.packed(order, serials[:1]))
    problem = await world.refused(Dispatch(shipment=shipment), "not_fully_packed")
    assert problem["ids"] == serials[1:]
    await world.do(Unpick(order=order, units=shop.units(serials[1:]), location=SHELF, reason="left behind"))
    assert (await shop.dispatched(shipment))["status"] == "DISPATCHED"
    await shop.status(serials[:1], "SHIPPED")
    await shop.status(serials[1:], "ALLOCATED")


async def test_a_shipment_of_several_orders(world: World, shop: Shop) -> None:
    """A shipment of two orders is dispatched as an event an order; the units of both are SHIPPED with it (S10, S21)."""
    await shop.product()
    one, first = await picked_order(shop, 1)
    two, second = await picked_order(shop, 2)
    shipment = await shop.shipment(await shop.packed(one, first), await shop.packed(two, second))
    assert (await shop.dispatched(shipment))["status"] == "DISPATCHED"
    await shop.status([*first, *second], "SHIPPED")
    for order in (one, two):
        (done,) = await shop.heard("fulfillment.events", order, "dispatch.done.v1")
        assert sorted(done["data"]["orders"]) == sorted([one, two])
    await world.quiet()
    await invariants.hold(world, [shop.sku])


async def test_a_cancelled_shipment_frees_its_cartons(world: World, shop: Shop) -> None:
    """A shipment that has not left can be cancelled; its cartons leave with another, and not with two at once (S21)."""
    await shop.product()
    order, serials = await picked_order(shop, 1)
    carton = await shop.packed(order, serials)
    shipment = await shop.shipment(carton)
    second = CreateShipment(shipment=shop.no("SH"), cartons=[carton])
    await world.refused(second, "carton_shipped")
    await world.do(CancelShipment(shipment=shipment, reason="another carrier"))
    await world.refused(Dispatch(shipment=shipment), "shipment_cancelled")
    await world.do(second)
    assert (await shop.dispatched(second.shipment))["status"] == "DISPATCHED"


async def test_a_unit_held_after_its_pick_does_not_leave(world: World, shop: Shop) -> None:
    """A hold after the pick stops the dispatch, with its reason; lifted, the shipment leaves."""
    await shop.product()
    order, serials = await picked_order(shop, 2)
    shipment = await shop.shipment(await shop.packed(order, serials))
    await shop.status(serials, "PICKED")
    hold = await shop.hold(serials[:1])
    answer = await world.command(Dispatch(shipment=shipment), actor="dee")
    if answer.status_code == 202:  # fulfillment had not heard of the hold: the owner of the unit says no

        async def refused() -> bool:
            outcome = await world.read("fulfillment", answer.headers["Location"])
            return bool(outcome["status"] == "REFUSED" and outcome["reasons"][0]["serial"] == serials[0])

        await eventually(refused)
    else:
        assert answer.json()["code"] == "held", answer.text
    await world.quiet()
    problem = await world.refused(Dispatch(shipment=shipment), "held")
    assert problem["ids"] == serials[:1]
    await shop.status(serials, "PICKED")
    await world.do(Lift(sku=shop.sku, hold=hold, reason="it is fine"))

    async def leaves() -> bool:
        again = await world.command(Dispatch(shipment=shipment))
        assert again.status_code == 202, again.text
        return True

    await eventually(leaves)
    await shop.status(serials, "SHIPPED")


async def test_nothing_of_a_cancelled_order_leaves(world: World, shop: Shop) -> None:
    """A shipment with units of a cancelled order is not dispatched before they are unpicked (S11, S21)."""
    await shop.product()
    order, serials = await picked_order(shop, 1)
    shipment = await shop.shipment(await shop.packed(order, serials))
    await shop.cancelled(order)
    await world.refused(Dispatch(shipment=shipment), "unwanted_units")
    await world.do(Unpick(order=order, units=shop.units(serials), location=SHELF, reason="cancelled"))
    await shop.status(serials, "IN_INVENTORY")


async def test_unknown_documents_of_fulfillment(world: World, shop: Shop) -> None:
    """An order, carton or shipment that nobody knows is refused with its own code."""
    await shop.product()
    order, serials = await picked_order(shop, 1)
    units = shop.units(serials)
    for command, code in (
        (Pack(order="SO-?", carton="CT-?", units=units), "unknown_order"),
        (Unpack(order=order, carton="CT-?", units=units), "unknown_carton"),
        (Unpick(order="SO-?", units=units, location=SHELF, reason="r"), "unknown_order"),
        (CreateShipment(shipment=shop.no("SH"), cartons=["CT-?"]), "unknown_carton"),
        (Dispatch(shipment="SH-?"), "unknown_shipment"),
        (CancelShipment(shipment="SH-?", reason="r"), "unknown_shipment"),
    ):
        await world.refused(command, code)
    await shop.status(serials, "PICKED")


async def test_a_partly_shipped_order_goes_on(world: World, shop: Shop) -> None:
    """What is there ships; the rest of the line waits for stock and leaves with a second shipment (S10)."""
    await shop.product()
    await shop.stock(1)
    order = await shop.order(2)
    first = await shop.allocated(order, 1)
    await shop.shipped(order, first)
    shown = await world.read("fulfillment", f"/orders/{order}")
    assert (shown["status"], shown["lines"][0]["shipped"], shown["lines"][0]["short"]) == ("OPEN", 1, 1)
    second = await shop.stock(1)
    assert await shop.allocated(order, 1) == second
    await shop.shipped(order, second)
    await shop.status([*first, *second], "SHIPPED")
    assert (await world.read("fulfillment", f"/orders/{order}"))["status"] == "COMPLETE"
