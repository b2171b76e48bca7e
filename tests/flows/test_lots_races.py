"""A lot is stopped while orders pick and ship it: one winner each, nothing leaves that was asked about too late."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from shared.contracts.commands.fulfillment import Dispatch, Pick
from shared.contracts.commands.lots import OpenRecall, RecalledLot
from tests.flows import conservation
from tests.flows.goods import BINS, Goods, lot
from tests.flows.shop import STAGE
from tests.flows.waiting import eventually
from tests.flows.world import Json, World

MANY = 8
Stop = Callable[[Goods], Awaitable[object]]


async def held(goods: Goods) -> None:
    """Quality stops the lot."""
    await goods.hold_lot("L1")


async def expired(goods: Goods) -> None:
    """Its day has passed."""
    await goods.corrected("L1", -1)


async def recalled(goods: Goods) -> None:
    """Its maker calls it back."""
    opened = OpenRecall(recall=goods.no("R"), lots=[RecalledLot(sku=goods.sku, lot="L1")], reason="glass")
    await goods.world.do(opened, actor="sue")


each_stop = pytest.mark.parametrize("stop", [held, expired, recalled])


async def ordered(goods: Goods) -> list[str]:
    """Orders that were each given some of L1; of L2 there is as much. Some of L1 stays where it is."""
    await goods.product()
    await goods.have(lot("L1", 2 * MANY + 1, 20), lot("L2", 2 * MANY, 30))
    orders = [await goods.order(2) for _ in range(MANY)]
    for order in orders:
        await goods.listed(order, {("L1", BINS[0]): 2})
    return orders


async def over(world: World, goods: Goods) -> None:
    """Wait until the lot is held and all that follows is done."""
    await goods.heard("lots.events", goods.sku, "lot.held.v1", lot="L1")
    await world.quiet()


async def stands(world: World, order: str) -> set[tuple[str, str, float]]:
    """What an order has: lot, status, quantity."""
    rows = await world.rows("fulfillment", "SELECT lot, status, quantity FROM pile WHERE order_id = $1", order)
    return {(row["lot"], row["status"], float(row["quantity"])) for row in rows}


@each_stop
async def test_a_stop_races_picks(world: World, goods: Goods, stop: Stop) -> None:
    """Each order has picked the lot before it was stopped, and waits with it, or it is given the other lot (S28)."""
    orders = await ordered(goods)

    async def pick(number: int) -> bool:
        await asyncio.sleep(0.01 * number)
        wish = Pick(order=orders[number], stock=[goods.some("L1", 2)], location=STAGE)
        answer = await world.command(wish, actor="pat")
        codes = {refusal["code"] for refusal in answer.json().get("refusals", ())}
        assert answer.is_success or codes <= {"held", "expired", "not_allocated_here"}, answer.text
        return answer.is_success

    picked, *_ = await asyncio.gather(asyncio.gather(*map(pick, range(MANY))), stop(goods))
    await over(world, goods)
    for order, before in zip(orders, picked, strict=True):
        assert await stands(world, order) == {("L1", "PICKED", 2) if before else ("L2", "ALLOCATED", 2)}, order
    await conservation.hold(world, [goods.sku])
    for order in (order for order, before in zip(orders, picked, strict=True) if before):
        await goods.unpicked(order, "L1", 2, BINS[0])
        await goods.listed(order, {("L2", BINS[1]): 2})
    await world.quiet()
    await conservation.hold(world, [goods.sku])


@each_stop
async def test_a_stop_races_dispatches(world: World, goods: Goods, stop: Stop) -> None:
    """Every shipment has an outcome, and none has left that was asked about after the lot was stopped (S28)."""
    orders = await ordered(goods)
    shipments = [await goods.boxed(order, 1) for order in orders]

    async def dispatch(number: int) -> bool:
        await asyncio.sleep(0.02 * number)
        answer = await world.command(Dispatch(shipment=shipments[number]), actor="dee")
        if answer.is_client_error:
            assert {refusal["code"] for refusal in answer.json()["refusals"]} <= {"held", "expired"}, answer.text
            return False

        async def outcome() -> Json:
            found: Json = await world.read("fulfillment", answer.headers["Location"])
            assert found["status"] in ("DISPATCHED", "REFUSED"), found
            return found

        return bool((await eventually(outcome))["status"] == "DISPATCHED")

    left, *_ = await asyncio.gather(asyncio.gather(*map(dispatch, range(MANY))), stop(goods))
    await over(world, goods)
    said = [(it["type"], it["data"]) for it in world.listener.said["lots.events", goods.sku]]
    stopped = min(place for place, (type_, _) in enumerate(said) if type_ in ("lot.held.v1", "lot.corrected.v1"))
    approved = {data["order"] for type_, data in said[:stopped] if type_ == "lot.dispatch_approved.v1"}
    for order, away in zip(orders, left, strict=True):
        assert not away or order in approved, (order, said)
        assert await stands(world, order) == {("L1", "SHIPPED" if away else "PICKED", 2)}, order
    await conservation.hold(world, [goods.sku])
