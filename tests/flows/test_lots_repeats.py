"""Whatever is said again of counted goods changes nothing: whole topics, and commands under a key that was used."""

from decimal import Decimal

from shared.contracts.commands.lots import AdjustLot, CountLot, OpenRecall, RecalledLot
from tests.flows import conservation
from tests.flows.goods import BINS, Goods, lot
from tests.flows.invariants import fingerprint
from tests.flows.world import World


async def test_everything_that_lots_heard_comes_again(world: World, goods: Goods) -> None:
    """Every command and fact about lots, said again from the first on, moves no gram and opens no hold."""
    await goods.product()
    await goods.have(lot("L1", 5, 20), lot("L2", 5, 30))
    await goods.sent(await goods.order(3), 1)
    await goods.hold_lot("L1")
    order = await goods.order(2)
    await goods.listed(order, {("L2", BINS[1]): 2})
    recall = OpenRecall(recall=goods.no("R"), lots=[RecalledLot(sku=goods.sku, lot="L2")], reason="glass")
    await world.do(recall, actor="sue")
    await goods.listed(order, {})
    await world.quiet()
    before = await fingerprint(world)
    for topic in ("lots.commands", "receiving.events", "fulfillment.events", "lots.events"):
        for key, value in await world.everything(topic):
            await world.producer.send(topic, value, key=key)
    await world.producer.flush()
    await world.quiet()
    assert await fingerprint(world) == before
    await conservation.hold(world, [goods.sku])


async def test_the_same_command_twice_is_done_once(world: World, goods: Goods) -> None:
    """A count or a loss under a key that was used has its first answer again; under a new one it is another."""
    await goods.product()
    await goods.have(lot("L1", 9, 20))
    lost = AdjustLot(
        sku=goods.sku, lot="L1", location=BINS[0], quantity=Decimal(2), adjustment="LOST", reason="a broken box"
    )  # fmt: skip
    body = lost.model_dump(mode="json", exclude_none=True)
    first, again = [await world.post("lots", "/adjustments", body, key=goods.token) for _ in range(2)]
    assert (first.json(), again.headers["Idempotent-Replayed"]) == (again.json(), "true")
    await goods.lies({("L1", BINS[0]): (7, 0)})
    other = await world.post("lots", "/adjustments", body | {"quantity": 1}, key=goods.token)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    counted = CountLot(sku=goods.sku, lot="L1", location=BINS[0], counted=Decimal("6.5"), reason="yearly")
    for _ in range(2):
        await world.do(counted)
    await goods.lies({("L1", BINS[0]): (6.5, 0)})
    await world.quiet()
    await conservation.hold(world, [goods.sku])
