"""Lots that customers send back, through all services."""

from decimal import Decimal

from shared.contracts.commands.receiving import DisposeReturn, ReceiveReturn
from shared.contracts.counted import LotQuantity
from tests.flows import conservation
from tests.flows.goods import BINS, Goods, lot
from tests.flows.shop import DOCK
from tests.flows.world import World


class Sent:
    """Five of L1 and one of L2, shipped to a customer, who sends some back."""

    def __init__(self, world: World, goods: Goods) -> None:
        self.world, self.goods, self.order, self.id = world, goods, "", goods.no("RMA")

    async def shipped(self) -> None:
        """Ship it."""
        await self.goods.product()
        await self.goods.have(lot("L1", 5, 20), lot("L2", 5, 30))
        self.order = await self.goods.order(6)
        await self.goods.sent(self.order, 2)
        await self.goods.lies({("L2", BINS[1]): (4, 0)})

    def back(self, name: str, quantity: int, **other: str) -> ReceiveReturn:
        """So much of a lot comes back."""
        values = {"return_id": self.id, "order": self.order, "customer": "C-1", "sku": self.goods.sku, **other}
        lots = [{"lot": name, "quantity": quantity}]
        return ReceiveReturn.model_validate({**values, "lots": lots, "location": DOCK, "reason": "too many"})

    async def disposed(self, name: str, quantity: int, disposition: str) -> None:
        """A supervisor decides on a part."""
        lots = [LotQuantity(lot=name, quantity=Decimal(quantity))]
        decision = DisposeReturn(return_id=self.id, lots=lots, disposition=disposition, reason="looked at")
        await self.world.do(decision, actor="sue")


async def test_a_returned_lot_waits_for_its_disposition(world: World, goods: Goods) -> None:
    """What came back is held where it lies; restocked it is put away and ordered anew, scrapped it is gone (S18)."""
    sent = Sent(world, goods)
    await sent.shipped()
    await world.do(sent.back("L1", 4))
    await goods.lies({("L1", DOCK): (4, 0), ("L2", BINS[1]): (4, 0)})
    (hold,) = (await world.read("lots", "/holds", sku=goods.sku))["items"]
    assert (hold["kind"], hold["lot"], hold["location"]) == ("RETURN", "L1", DOCK)
    await sent.disposed("L1", 3, "RESTOCK")
    await sent.disposed("L1", 1, "SCRAP")
    await goods.lies({("L1", DOCK): (3, 0), ("L2", BINS[1]): (4, 0)})
    await goods.shelved("L1", 3, BINS[0])
    order = await goods.order(5)
    await goods.listed(order, {("L1", BINS[0]): 3, ("L2", BINS[1]): 2})
    await goods.sent(order, 2)
    await world.quiet()
    await conservation.hold(world, [goods.sku])


async def test_at_most_what_was_shipped_comes_back(world: World, goods: Goods) -> None:
    """More than left, of another lot, customer or order, or more than is still out there: refused (S18).

    Of a lot or an order that nothing is known of the news may be under way: that is no final word.
    """
    sent = Sent(world, goods)
    await sent.shipped()
    await world.do(sent.back("L1", 2))
    problem = await world.refused(sent.back("L1", 4), "already_returned")
    assert problem["blocked_by"] == [f"/returns/{sent.id}"]
    for wrong in (sent.back("L2", 2), sent.back("L1", 1, customer="C-2", return_id=goods.no("RMA"))):
        await world.refused(wrong, "not_shipped_to_customer")
    for unheard in (sent.back("L3", 1), sent.back("L1", 1, order="SO-?", return_id=goods.no("RMA"))):
        answer = await world.post("receiving", "/returns", unheard.model_dump(mode="json", exclude_none=True))
        assert answer.json()["code"] == "not_yet_known"
    await world.do(sent.back("L1", 3, return_id=goods.no("RMA")))
    await goods.lies({("L1", DOCK): (5, 0), ("L2", BINS[1]): (4, 0)})
    await world.quiet()
    await conservation.hold(world, [goods.sku])
