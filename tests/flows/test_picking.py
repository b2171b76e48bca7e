"""Picking: which serials to pick, that no other will do, and how a unit goes back before it leaves."""

from typing import Any

from shared.contracts.commands.fulfillment import Exchange, Pick, ShortPick, Unit, Unpick
from tests.flows import invariants
from tests.flows.shop import DOCK, ELSEWHERE, OTHER_SHELF, SHELF, STAGE, WAREHOUSE, Shop
from tests.flows.waiting import eventually
from tests.flows.world import World


async def test_the_pick_list_shows_serial_and_place(world: World, shop: Shop) -> None:
    """The pick list names each serial with its location, in the order of the walk (S19)."""
    await shop.product()
    far = await shop.stock(1, OTHER_SHELF)
    near = await shop.stock(1, SHELF)
    order = await shop.order(2)
    rows = await shop.picks(order, 2)
    assert [(row["serial"], row["location"]) for row in rows] == [(*near, SHELF), (*far, OTHER_SHELF)]
    assert all((row["order"], row["line"], row["sku"]) == (order, "10", shop.sku) for row in rows)
    whole = await world.read("fulfillment", "/picks", warehouse=WAREHOUSE, orders=200)
    mine = [row["serial"] for row in whole["items"] if row["order"] == order]
    assert mine == [*near, *far]


async def test_the_serial_of_the_list_is_picked(shop: Shop) -> None:
    """A scanned unit of the list is PICKED and staged for packing, at its stage (S09, S20)."""
    await shop.product()
    serials = await shop.stock(2)
    order = await shop.order(2)
    await shop.allocated(order, 2)
    await shop.picked(order, serials[:1])
    await shop.status(serials[:1], "PICKED")
    unit = await shop.unit(serials[0])
    assert (unit["location"], unit["order"]) == (STAGE, order)
    assert await shop.allocated(order, 1) == serials[1:]


async def test_any_other_serial_is_refused_with_whose_it_is(world: World, shop: Shop) -> None:
    """A unit of another order is refused with that order, a free one with its address at the registry (S20)."""
    await shop.product()
    mine, theirs, free = await shop.stock(3)
    order, other = await shop.order(1, serials=[mine]), await shop.order(1, serials=[theirs])
    await shop.allocated(order, 1)
    await shop.allocated(other, 1)
    pick = Pick(order=order, units=shop.units([theirs]), location=STAGE)
    problem = await world.refused(pick, "not_allocated_here")
    assert problem["blocked_by"] == [f"/orders/{other}"]
    problem = await world.refused(pick.model_copy(update={"units": shop.units([free])}), "not_allocated_here")
    assert problem["blocked_by"] == [f"/serials/{shop.sku}/{free}"]
    unknown = pick.model_copy(update={"units": shop.units([shop.no("NEVER")])})
    assert (await world.refused(unknown, "not_allocated_here"))["ids"]
    await shop.status([mine, theirs], "ALLOCATED")
    await shop.status([free], "IN_INVENTORY")


async def test_a_wrong_serial_beside_a_right_one(world: World, shop: Shop) -> None:
    """Of two units scanned, the one on the list is picked, the other refused in the same answer (S20)."""
    await shop.product()
    mine, free = await shop.stock(2)
    order = await shop.order(1, serials=[mine])
    await shop.allocated(order, 1)
    answer = await world.command(Pick(order=order, units=shop.units([mine, free]), location=STAGE))
    assert answer.status_code == 200
    assert [refused["ids"] for refused in answer.json()["refused"]] == [[free]]
    await shop.status([mine], "PICKED")
    await world.refused(Pick(order=order, units=shop.units([mine]), location=STAGE), "already_picked")


async def test_a_pick_is_staged_in_the_orders_warehouse(world: World, shop: Shop) -> None:
    """Picked units are staged at a dock or staging place of the order's warehouse; other places are refused (S09)."""
    await shop.product()
    serials = await shop.stock(1)
    order = await shop.order(1)
    await shop.allocated(order, 1)
    for location, code in (
        (SHELF, "wrong_location_type"),
        (ELSEWHERE, "wrong_warehouse"),
        (f"{WAREHOUSE}/NOWHERE", "unknown_location"),
    ):
        await world.refused(Pick(order=order, units=shop.units(serials), location=location), code)
    await world.refused(Pick(order="SO-?", units=shop.units(serials), location=DOCK), "unknown_order")
    await shop.status(serials, "ALLOCATED")


async def test_an_unpick_returns_a_unit_to_a_place(world: World, shop: Shop) -> None:
    """A picked unit of a cancelled order that is put back is IN_INVENTORY at its storage place (S12).

    While the order wants it, it is not given up: short without a demand, the line would wait unseen.
    """
    await shop.product()
    serials = await shop.stock(1)
    order = await shop.order(1)
    await shop.picked(order, await shop.allocated(order, 1))
    unpick = Unpick(order=order, units=shop.units(serials), location=OTHER_SHELF, again=False, reason="box damaged")
    await world.refused(unpick.model_copy(update={"location": STAGE}), "wrong_location_type")
    assert (await world.refused(unpick, "still_wanted"))["ids"] == serials
    await shop.cancelled(order)
    await world.do(unpick)
    await shop.status(serials, "IN_INVENTORY")
    unit = await shop.unit(serials[0])
    assert (unit["location"], unit["order"]) == (OTHER_SHELF, None)
    await world.quiet()
    assert await shop.picks(order, 0) == []
    await world.refused(unpick, "not_picked")


async def test_an_unpicked_unit_is_wanted_again(world: World, shop: Shop) -> None:
    """An unpick that wants the quantity again gets a unit again, the same or another (S12)."""
    await shop.product()
    serials = await shop.stock(1)
    order = await shop.order(1)
    await shop.picked(order, await shop.allocated(order, 1))
    await world.do(Unpick(order=order, units=shop.units(serials), location=SHELF, reason="wrong trolley"))
    assert await shop.allocated(order, 1) == serials


async def test_a_short_pick_is_held_and_another_sought(world: World, shop: Shop) -> None:
    """A unit that is not in its place goes back held, with the reason; the order gets another one."""
    await shop.product()
    missing, other = await shop.stock(1), await shop.stock(1)
    order = await shop.order(1)
    assert await shop.allocated(order, 1) == missing
    await world.do(ShortPick(order=order, units=shop.units(missing), reason="not in its place"))

    async def another() -> bool:
        return await shop.allocated(order, 1) == other

    await eventually(another)
    await shop.status(missing, "IN_INVENTORY")

    async def held_units() -> list[dict[str, Any]]:
        heard = await shop.heard("serials.events", shop.sku, "serial.held.v1")
        return [one for one in heard if one["data"]["units"]]  # open recalls may speak of lots of any new product

    (held,) = await eventually(held_units)
    assert [unit["serial"] for unit in held["data"]["units"]] == missing
    assert "not in its place" in held["data"]["reason"]


async def test_a_supervisor_exchanges_a_unit(world: World, shop: Shop) -> None:
    """An exchange for a free unit answers 202 with an address where it ends DONE; the other unit is free again."""
    await shop.product()
    first, other = await shop.stock(2)
    order = await shop.order(1, serials=[first])
    await shop.allocated(order, 1)
    exchange = Exchange(order=order, unit=Unit(sku=shop.sku, serial=first), instead=other, reason="scratched")
    outcome = await outcome_of(world, exchange, "DONE")
    assert (outcome["serial"], outcome["instead"]) == (first, other)
    assert await shop.allocated(order, 1) == [other]
    await shop.status([first], "IN_INVENTORY")
    log = (await world.read("fulfillment", f"/orders/{order}/log"))["items"]
    assert [entry["actor"] for entry in log if entry["what"] == "exchange"] == ["sue"]


async def test_an_exchange_for_a_unit_that_is_not_free(world: World, shop: Shop) -> None:
    """An exchange for a held unit ends FAILED with the reason, for another order's unit it is refused at once."""
    await shop.product()
    first, held, theirs = await shop.stock(3)
    order, other = await shop.order(1, serials=[first]), await shop.order(1, serials=[theirs])
    await shop.allocated(order, 1)
    await shop.allocated(other, 1)
    await shop.hold([held])
    exchange = Exchange(order=order, unit=Unit(sku=shop.sku, serial=first), instead=theirs, reason="scratched")
    problem = await world.refused(exchange, "not_free")
    assert problem["blocked_by"] == [f"/orders/{other}"]
    outcome = await outcome_of(world, exchange.model_copy(update={"instead": held}), "FAILED")
    assert outcome["reason"]
    assert await shop.allocated(order, 1) == [first]
    await world.quiet()
    await invariants.hold(world, [shop.sku])


async def outcome_of(world: World, exchange: Exchange, status: str) -> dict[str, str]:
    """Ask for an exchange and wait for its outcome."""
    answer = await world.command(exchange, actor="sue")
    assert answer.status_code == 202, answer.text

    async def ended() -> dict[str, str]:
        outcome: dict[str, str] = await world.read("fulfillment", answer.headers["Location"])
        assert outcome["status"] == status, outcome
        return outcome

    return await eventually(ended)
