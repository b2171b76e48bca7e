"""Serials with a lot number and an expiry on their label follow the rules of lots, over all services."""

from shared.contracts.commands.fulfillment import Pick, Unpick
from shared.contracts.commands.lots import OpenRecall, RecalledLot
from shared.contracts.commands.receiving import Scan
from shared.contracts.commands.serials import Correct
from tests.flows import invariants
from tests.flows.goods import BINS, Goods, day
from tests.flows.shop import CUSTOMER, DOCK, STAGE
from tests.flows.waiting import eventually
from tests.flows.world import Json, World


class Pumps:
    """Units of a product, each labelled with a lot number and good for so many days."""

    def __init__(self, goods: Goods) -> None:
        self.goods, self.world = goods, goods.world

    async def stored(self, *labels: tuple[str, int]) -> list[str]:
        """Received with these lot numbers and days, and put away; their serials."""
        goods = self.goods
        await goods.product(serial_tracked=True, lot_tracked=False)
        units = goods.serials(len(labels))
        receipt = await goods.announced(units)
        for serial, (number, days) in zip(units, labels, strict=True):
            named: Json = {"receipt": receipt, "session": f"S-{receipt}", "sku": goods.sku, "location": DOCK}
            await self.world.do(Scan(**named, serials=[serial], lot=number, expiry=day(days)))
        await goods.confirm(receipt)
        await goods.put_away(units, BINS[0])
        return units

    async def expired(self, *serials: str) -> None:
        """Their labels were read wrongly: they were good until yesterday."""
        fact = Correct(sku=self.goods.sku, serials=list(serials), expiry=day(-1), reason="read wrongly")
        await self.world.do(fact, actor="sue")

    async def listed(self, order: str, *serials: str) -> None:
        """Wait until the pick list is exactly these."""

        async def look() -> bool:
            items = (await self.world.read("fulfillment", f"/orders/{order}/picks"))["items"]
            assert {it["serial"] for it in items} == set(serials), items
            return True

        await eventually(look)


async def test_first_expired_first_out(world: World, goods: Goods) -> None:
    """Units go by the date on their label, earliest first; the life an order demands keeps the others from it (S27)."""
    late, soon, next_ = await Pumps(goods).stored(("B-1", 40), ("B-2", 1), ("B-1", 20))
    first = await goods.order(1)
    assert await goods.allocated(first, 1) == [soon]
    lasting = await goods.order(2, min_life_days=30)
    assert await goods.allocated(lasting, 1) == [late]
    await world.quiet()
    assert await goods.allocated(lasting, 1) == [late]
    unit = await goods.unit(next_)
    assert (unit["lot"], unit["expiry"], unit["status"]) == ("B-1", str(day(20)), "IN_INVENTORY")
    await goods.shipped(first, [soon])


async def test_expired_on_the_way_out(world: World, goods: Goods) -> None:
    """Expired before its pick a unit goes back and another comes; expired in its carton it does not leave (S28)."""
    pumps = Pumps(goods)
    one, two, three = await pumps.stored(("B-1", 10), ("B-1", 20), ("B-1", 30))
    order = await goods.order(1)
    await pumps.listed(order, one)
    await pumps.expired(one)
    await pumps.listed(order, two)
    await goods.heard("serials.events", goods.sku, "serial.expired.v1", serials=[one])
    wrong = Pick(order=order, units=goods.units([one]), location=STAGE)
    await world.refused(wrong, "not_allocated_here")
    await goods.picked(order, [two])
    shipment = await goods.shipment(await goods.packed(order, [two]))
    await pumps.expired(two)
    assert await goods.kept(shipment) <= {"expired", "held"}
    await world.do(Unpick(order=order, units=goods.units([two]), location=BINS[0], reason="expired"))
    await pumps.listed(order, three)
    await goods.shipped(order, [three])
    await world.quiet()
    await invariants.hold(world, [goods.sku])


async def test_corrected_before_the_pick(world: World, goods: Goods) -> None:
    """A unit's date corrected while an order has it is that order's, and its guard's at the pick (S28)."""
    one, two = await Pumps(goods).stored(("B-1", 10), ("B-1", 20))
    order = await goods.order(1, min_life_days=5)
    assert await goods.allocated(order, 1) == [one]
    fact = Correct(sku=goods.sku, serials=[one], expiry=day(3), reason="read wrongly")
    await world.do(fact, actor="sue")
    await goods.dated(order, one, 3)
    await world.refused(Pick(order=order, units=goods.units([one]), location=STAGE), "life_too_short")
    await Pumps(goods).listed(order, two)
    await world.quiet()
    await invariants.hold(world, [goods.sku])


async def test_recalled_by_the_number_on_the_label(world: World, goods: Goods) -> None:
    """A recall of a lot number touches the units that carry it: held where they are, or whom to call (S46)."""
    pumps = Pumps(goods)
    sold, here, other = await pumps.stored(("B-1", 10), ("B-1", 20), ("B-2", 30))
    order = await goods.order(1)
    assert await goods.allocated(order, 1) == [sold]
    shipment = await goods.shipped(order, [sold])
    waiting = await goods.order(1)
    await pumps.listed(waiting, here)
    recall = goods.no("R")
    wish = OpenRecall(recall=recall, lots=[RecalledLot(sku=goods.sku, lot="B-1")], reason="glass")
    await world.do(wish, actor="sue")
    await pumps.listed(waiting, other)

    async def known() -> list[Json]:
        assert (await world.read("lots", f"/recalls/{recall}"))["outstanding"] == 0
        calls: list[Json] = (await world.read("lots", f"/recalls/{recall}/calls"))["items"]
        return calls

    (call,) = await eventually(known)
    assert (call["item"], call["shipment"], call["customer"]) == (sold, shipment, CUSTOMER.id)
    (lying,) = (await world.read("lots", f"/recalls/{recall}/stock"))["items"]
    assert (lying["item"], lying["location"], lying["held"]) == (here, BINS[0], True)
    await world.quiet()
    await invariants.hold(world, [goods.sku])
