"""Holds and adjustments: facts beside the status, that keep a unit out of every order."""

import pytest

from shared.contracts.commands.serials import Adjust, Hold, Lift
from tests.flows import invariants
from tests.flows.shop import SHELF, Shop
from tests.flows.waiting import eventually
from tests.flows.world import World


async def test_a_held_unit_is_not_allocated_until_the_hold_is_lifted(world: World, shop: Shop) -> None:
    """A hold stops allocation; the hold's end serves who waits, in that act. Two holds need two lifts."""
    await shop.product()
    serials = await shop.stock(1)
    first, second = await shop.hold(serials), await shop.hold(serials)
    order = await shop.order(1)
    await shop.heard("serials.events", shop.sku, "serial.allocated.v1", order=order, short=1)
    await world.do(Lift(sku=shop.sku, hold=first, reason="looked at"))
    await world.quiet()
    assert await shop.picks(order, 0) == []
    await world.do(Lift(sku=shop.sku, hold=second, reason="looked at"))
    assert await shop.allocated(order, 1) == serials
    await world.refused(Lift(sku=shop.sku, hold=second, reason="again"), "unknown_hold")
    again = Hold(sku=shop.sku, serials=serials, hold=first, reason="the same name")
    await world.refused(again, "hold_exists")


async def test_a_hold_takes_an_allocation_back(world: World, shop: Shop) -> None:
    """A hold on an allocated unit gives it back, and the order gets another one instead."""
    await shop.product()
    serials = await shop.stock(1)
    order = await shop.order(1)
    await shop.allocated(order, 1)
    others = await shop.stock(1)
    await shop.hold(serials)

    async def exchanged() -> bool:
        return await shop.allocated(order, 1) == others

    await eventually(exchanged)
    await shop.status(serials, "IN_INVENTORY")
    await world.quiet()
    await invariants.hold(world, [shop.sku])


@pytest.mark.parametrize("adjustment", ["SCRAPPED", "LOST", "VOID"])
async def test_an_adjusted_unit_is_out_of_reach(world: World, shop: Shop, adjustment: str) -> None:
    """A scrapped, lost or void unit stays in history and is never allocated; one that is found again can be."""
    await shop.product()
    serials = await shop.stock(1)
    await world.do(
        Adjust.model_validate({"sku": shop.sku, "serials": serials, "adjustment": adjustment, "reason": "so"})
    )
    order = await shop.order(1)
    await shop.heard("serials.events", shop.sku, "serial.allocated.v1", order=order, short=1)
    await world.quiet()
    assert await shop.picks(order, 0) == []
    found = Adjust(sku=shop.sku, serials=serials, adjustment="FOUND", location=SHELF, reason="behind the shelf")
    if adjustment == "VOID":
        assert (await world.command(found)).is_client_error
    else:
        await world.do(found)
        assert await shop.allocated(order, 1) == serials


async def test_a_void_entry_opens_its_line_again(world: World, shop: Shop) -> None:
    """A wrong entry that is made void is kept, and its receipt's line expects a unit again."""
    await shop.product()
    wrong, right = shop.serials(2)
    receipt = await shop.announced([], quantity=1)
    await world.do(shop.scan(receipt, [wrong]))
    await shop.confirm(receipt)
    await shop.status([wrong], "RECEIVED")
    await world.do(Adjust(sku=shop.sku, serials=[wrong], adjustment="VOID", reason="typed from the wrong box"))

    async def open_again() -> bool:
        (line,) = (await world.read("receiving", f"/receipts/{receipt}"))["lines"]["items"]
        return bool(line["missing"] == 1)

    await eventually(open_again)
    await world.do(shop.scan(receipt, [right], session="again"))
    await shop.confirm(receipt, "again")
    await shop.status([right], "RECEIVED")
