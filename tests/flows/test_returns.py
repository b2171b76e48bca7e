"""Customer returns: a new episode of the same serial, on hold until somebody decides."""

import pytest

from shared.contracts.commands.receiving import DisposeReturn, ReceiveReturn
from shared.contracts.commands.serials import PutAway
from tests.flows import invariants
from tests.flows.shop import DOCK, SHELF, Shop
from tests.flows.waiting import eventually
from tests.flows.world import World


class Returned:
    """A unit shipped to a customer, who sends it back."""

    def __init__(self, world: World, shop: Shop) -> None:
        self.world, self.shop, self.order, self.serial, self.id = world, shop, "", "", shop.no("RMA")

    async def shipped(self) -> None:
        """Ship it."""
        await self.shop.product()
        (self.serial,) = await self.shop.stock(1)
        self.order = await self.shop.order(1)
        await self.shop.shipped(self.order, await self.shop.allocated(self.order, 1))
        await self.shop.status([self.serial], "SHIPPED")

    def back(self, **other: str) -> ReceiveReturn:
        """The customer's return."""
        values = {"return_id": self.id, "order": self.order, "customer": "C-1", "sku": self.shop.sku, **other}
        return ReceiveReturn.model_validate(
            {"serials": [self.serial], "location": DOCK, "reason": "too loud", **values}
        )

    async def disposed(self, disposition: str) -> None:
        """A supervisor decides."""
        decision = {"return_id": self.id, "disposition": disposition, "reason": "tested"}
        await self.world.do(DisposeReturn.model_validate(decision), actor="sue")


async def test_a_return_is_a_new_episode_of_the_same_serial(world: World, shop: Shop) -> None:
    """A shipped unit comes back from its customer: SHIPPED → RECEIVED on hold, restocked, and ordered anew (S18)."""
    unit = Returned(world, shop)
    await unit.shipped()
    await world.do(unit.back())
    await shop.status([unit.serial], "RECEIVED")
    order = await shop.order(1)
    await unit.disposed("RESTOCK")

    async def lifted() -> bool:
        return bool(
            (await world.rows("serials", "SELECT holds FROM serial_state WHERE serial = $1", unit.serial))[0]["holds"]
            == 0
        )

    await eventually(lifted)
    await shop.put_away([unit.serial])
    assert await shop.allocated(order, 1) == [unit.serial]
    assert len(await world.rows("serials", "SELECT 1 FROM serial WHERE serial = $1", unit.serial)) == 1
    await world.quiet()
    await invariants.hold(world, [shop.sku])


async def test_a_returned_unit_is_on_hold_until_its_disposition(world: World, shop: Shop) -> None:
    """A returned unit may be put away, but no order gets it before somebody has decided (S18)."""
    unit = Returned(world, shop)
    await unit.shipped()
    await world.do(unit.back())
    await shop.status([unit.serial], "RECEIVED")
    order = await shop.order(1)
    await shop.put_away([unit.serial])
    await world.quiet()
    assert await shop.picks(order, 0) == []
    await unit.disposed("RESTOCK")
    assert await shop.allocated(order, 1) == [unit.serial]


@pytest.mark.parametrize("disposition", ["SCRAP", "SEND_BACK"])
async def test_a_return_that_is_not_restocked(world: World, shop: Shop, disposition: str) -> None:
    """A returned unit that is scrapped or sent back never becomes stock again."""
    unit = Returned(world, shop)
    await unit.shipped()
    await world.do(unit.back())
    await shop.status([unit.serial], "RECEIVED")
    await unit.disposed(disposition)
    await shop.heard("serials.events", shop.sku, "serial.adjusted.v1")
    answer = await world.command(PutAway(sku=shop.sku, serials=[unit.serial], location=SHELF))
    assert answer.json()["code"] == "adjusted"


async def test_only_what_was_shipped_to_a_customer_comes_back_and_once(world: World, shop: Shop) -> None:
    """A return of another customer, order, unit, or for the second time is refused (S18)."""
    unit = Returned(world, shop)
    await unit.shipped()
    (stored,) = await shop.stock(1)
    for wrong in (
        {"customer": "C-2", "return_id": shop.no("RMA")},
        {"order": "SO-?", "return_id": shop.no("RMA")},
    ):
        await world.refused(unit.back(**wrong), "not_shipped_to_customer")
    back = unit.back().model_copy(update={"serials": [stored], "return_id": shop.no("RMA")})
    answer = await world.post("receiving", "/returns", back.model_dump(mode="json", exclude_none=True))
    assert answer.json()["code"] in ("not_shipped_to_customer", "not_yet_known")
    await world.do(unit.back())
    problem = await world.refused(unit.back(return_id=shop.no("RMA")), "already_returned")
    assert problem["blocked_by"] == [f"/returns/{unit.id}"]
    await shop.status([unit.serial], "RECEIVED")
    await shop.status([stored], "IN_INVENTORY")
