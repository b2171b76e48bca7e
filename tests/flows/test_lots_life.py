"""What happens to goods of orders when they expire or are held on their way out, over all services."""

from shared.contracts.commands.fulfillment import Pick
from shared.contracts.commands.lots import AdjustLot, LiftLot
from tests.flows import conservation
from tests.flows.goods import BINS, Goods, lot
from tests.flows.shop import STAGE
from tests.flows.world import World


async def two_lots(goods: Goods) -> None:
    """Two lots of five, the first good for 20 days."""
    await goods.product()
    await goods.have(lot("L1", 5, 20), lot("L2", 5, 30))


async def test_expired_before_the_pick(world: World, goods: Goods) -> None:
    """What expires while it is allocated is held, given back by its order, and served anew from another lot (S28)."""
    await two_lots(goods)
    order = await goods.order(3)
    await goods.listed(order, {("L1", BINS[0]): 3})
    await goods.corrected("L1", -1)
    await goods.listed(order, {("L2", BINS[1]): 3})
    (said,) = await goods.heard("lots.events", goods.sku, "lot.expired.v1", lot="L1")
    assert (said["data"]["warehouse"], said["data"]["on_hand"]) == ("EAST", 5)
    await world.refused(Pick(order=order, stock=[goods.some("L1", 3)], location=STAGE), "not_allocated_here")
    await goods.sent(order, 1)
    await goods.lies({("L1", BINS[0]): (5, 0), ("L2", BINS[1]): (2, 0)})
    await world.quiet()
    await conservation.hold(world, [goods.sku])


async def test_corrected_before_the_pick(world: World, goods: Goods) -> None:
    """A date corrected to later costs no giving back, one too near its end is noticed at the pick already (S28)."""
    await goods.product(life={"stop_pick_days": 10})
    await goods.have(lot("L1", 5, 20), lot("L2", 5, 30))
    order = await goods.order(3)
    await goods.listed(order, {("L1", BINS[0]): 3})
    await goods.corrected("L1", 25)
    await goods.dated(order, "L1", 25)
    await world.do(Pick(order=order, stock=[goods.some("L1", 1)], location=STAGE), actor="pat")
    await goods.corrected("L1", 9)
    await goods.dated(order, "L1", 9)
    await world.refused(Pick(order=order, stock=[goods.some("L1", 2)], location=STAGE), "life_too_short")
    await goods.listed(order, {("L2", BINS[1]): 2})
    await goods.unpicked(order, "L1", 1, BINS[0])
    await goods.listed(order, {("L2", BINS[1]): 3})
    await world.quiet()
    await conservation.hold(world, [goods.sku])


async def test_expired_between_pick_and_dispatch(world: World, goods: Goods) -> None:
    """What expires in its carton does not leave; put back it is not given again, but another lot is (S28)."""
    await two_lots(goods)
    order = await goods.order(3)
    shipment = await goods.boxed(order, 1)
    await goods.corrected("L1", -1)
    codes = await goods.kept(shipment)
    assert codes in ({"expired"}, {"held"}), codes
    await goods.unpicked(order, "L1", 3, BINS[0])
    await goods.listed(order, {("L2", BINS[1]): 3})
    await goods.sent(order, 1)
    scrapped = AdjustLot(
        sku=goods.sku, lot="L1", location=BINS[0], quantity=goods.some("L1", 5).quantity, adjustment="SCRAPPED",
        reason="expired",
    )  # fmt: skip
    await world.do(scrapped, actor="sue")
    await goods.lies({("L2", BINS[1]): (2, 0)})
    await world.quiet()
    await conservation.hold(world, [goods.sku])


async def test_a_last_day_is_a_good_day(world: World, goods: Goods) -> None:
    """On the day that its label names a lot is still given, picked and shipped; it is told that it is near (S28)."""
    await goods.product()
    await goods.have(lot("L1", 5, 0))
    order = await goods.order(2)
    await goods.sent(order, 1)
    (said,) = await goods.heard("lots.events", goods.sku, "lot.expiring.v1", lot="L1", threshold=7)
    assert said["data"]["days"] == 0
    await world.quiet()
    assert not world.listener.heard("lots.events", goods.sku, "lot.expired.v1")
    await conservation.hold(world, [goods.sku])


async def test_each_threshold_is_said_once(world: World, goods: Goods) -> None:
    """A lot near its end is told of at each threshold of its product once, and anew for a corrected date (S29)."""
    await goods.product(life={"expiring_days": [60, 10]})
    await goods.have(lot("L1", 5, 9))

    async def told(*expected: tuple[int, int]) -> None:
        for threshold, left in expected:
            await goods.heard("lots.events", goods.sku, "lot.expiring.v1", threshold=threshold, days=left)
        await world.quiet()
        said = world.listener.heard("lots.events", goods.sku, "lot.expiring.v1")
        assert len(said) == len(expected), said

    await told((60, 9), (10, 9))
    await goods.corrected("L1", 50)
    await told((60, 9), (10, 9), (60, 50))
    await goods.corrected("L1", -1)
    await goods.heard("lots.events", goods.sku, "lot.expired.v1", lot="L1")
    order = await goods.order(1)
    await world.quiet()
    await goods.listed(order, {})
    await goods.corrected("L1", 3)
    await goods.listed(order, {("L1", BINS[0]): 1})


async def test_held_between_allocation_and_dispatch(world: World, goods: Goods) -> None:
    """A hold takes back what is to be picked, keeps what is packed from leaving, and ends with its lift (S28)."""
    await two_lots(goods)
    boxed, listed = await goods.order(3), await goods.order(2)
    shipment = await goods.boxed(boxed, 1)
    await goods.listed(listed, {("L1", BINS[0]): 2})
    hold = await goods.hold_lot("L1")
    await goods.listed(listed, {("L2", BINS[1]): 2})
    assert await goods.kept(shipment) == {"held"}
    await goods.arrived(lot("L1", 4, 20))  # what arrives later is held, too
    late = await goods.order(9)
    await goods.listed(late, {("L2", BINS[1]): 3})
    await goods.shelved("L1", 4, BINS[0])
    await world.quiet()
    await goods.listed(late, {("L2", BINS[1]): 3})
    await world.do(LiftLot(sku=goods.sku, hold=hold, reason="clear"), actor="sue")
    await goods.listed(late, {("L2", BINS[1]): 3, ("L1", BINS[0]): 6})
    outcome = await goods.dispatched(shipment)
    assert outcome["status"] == "DISPATCHED", outcome
    await world.quiet()
    await conservation.hold(world, [goods.sku])
