"""Counted goods from the announcement to the shelf, through receiving and lots."""

from decimal import Decimal

from shared.contracts.commands.lots import MoveLot, PutAwayLot
from shared.contracts.commands.receiving import ConfirmSession
from tests.flows import conservation
from tests.flows.goods import BINS, Goods, day, lot
from tests.flows.shop import DOCK
from tests.flows.waiting import eventually
from tests.flows.world import World


async def test_several_lots_on_one_line(world: World, goods: Goods) -> None:
    """A line takes several lots verbatim, each with expiry and quantity, known with their receipt (S23-S26)."""
    await goods.product()
    receipt = await goods.announced([], quantity=10)
    whole = goods.scan_lots(
        receipt, lot("0017/a", 2.5, 40, manufactured=day(-9)), lot("0017/A", 3, 90), lot("17", 4.5, 9)
    )
    await world.refused(goods.scan_lots(receipt, lot("", 1, 40)), "lot_missing")
    await world.refused(goods.scan_lots(receipt, lot("18", 1)), "expiry_missing")
    assert [it["verdict"] for it in (await world.do(whole))["lots"]] == ["ACCEPTED"] * 3
    await goods.confirm(receipt)
    for name, quantity, days in (("0017/a", 2.5, 40), ("0017/A", 3, 90), ("17", 4.5, 9)):
        (said,) = await goods.heard("lots.events", goods.sku, "lot.received.v1", lot=name)
        assert (said["data"]["quantity"], said["data"]["expiry"]) == (quantity, str(day(days)))
        assert (said["data"]["receipt"], said["data"]["location"]) == (receipt, DOCK)
    await goods.lies({("0017/a", DOCK): (2.5, 0), ("0017/A", DOCK): (3, 0), ("17", DOCK): (4.5, 0)})
    (line,) = (await world.read("receiving", f"/receipts/{receipt}"))["lines"]["items"]
    assert line["received"] == 10
    await world.quiet()
    await conservation.hold(world, [goods.sku])


async def test_lots_over_kafka(world: World, goods: Goods) -> None:
    """Scan, confirmation and putaway as messages, delivered twice, bring each lot to its shelf once (S23, S30)."""
    await goods.product()
    receipt = await goods.announced([], quantity=6)
    facts = [
        goods.scan_lots(receipt, lot("L1", 2, 50), lot("L2", 4, 60)),
        ConfirmSession(receipt=receipt, session=f"S-{receipt}"),
    ]
    for fact in facts:
        event = world.event(fact)
        for _ in range(2):
            await world.send(fact.TOPIC.name, event, fact.key())
    await goods.lies({("L1", DOCK): (2, 0), ("L2", DOCK): (4, 0)})
    for name, quantity, place in (("L1", 2, BINS[0]), ("L2", 3, BINS[1])):
        fact = PutAwayLot(
            sku=goods.sku, lot=name, quantity=Decimal(quantity), from_location=DOCK, location=place, actor="ben"
        )
        event = world.event(fact)
        for _ in range(2):
            await world.send(fact.TOPIC.name, event, fact.key())
    await goods.lies({("L1", BINS[0]): (2, 0), ("L2", BINS[1]): (3, 0), ("L2", DOCK): (1, 0)})
    await world.quiet()
    await conservation.hold(world, [goods.sku])


async def test_an_untracked_product_is_only_counted(world: World, goods: Goods) -> None:
    """Without either box a product is received, stored and ordered by quantity; a lot is refused (S01, S02)."""
    await goods.product(lot_tracked=False, serial_tracked=False)
    receipt = await goods.announced([], quantity=8)
    await world.refused(goods.scan_lots(receipt, lot("L1", 8)), "lot_not_tracked")
    await world.do(goods.scan_lots(receipt, lot("", 8)))
    await goods.confirm(receipt)
    await goods.shelved("", 8, BINS[0])
    order = await goods.order(3)
    await goods.listed(order, {("", BINS[0]): 3})
    await goods.sent(order, 1)
    await goods.lies({("", BINS[0]): (5, 0)})
    await world.quiet()
    await conservation.hold(world, [goods.sku])


async def test_a_serialised_product_takes_no_quantity(world: World, goods: Goods) -> None:
    """No receipt of a product with serials without its serials, none of one with lots by serials (S02)."""
    pump = await goods.product(f"{goods.sku}-PUMP", serial_tracked=True, lot_tracked=False)
    receipt = await goods.announced([], quantity=1, sku=pump)
    await world.refused(goods.scan_lots(receipt, lot("L1", 1, 9), sku=pump), "serials_missing")
    await goods.product()
    receipt = await goods.announced([], quantity=1)
    await world.refused(goods.scan(receipt, ["U-1"]), "not_serial_tracked")


async def test_lots_are_not_mixed_at_a_place(world: World, goods: Goods) -> None:
    """A second lot is refused at a storage place and sent to the one that holds it; at the dock both lie (S30)."""
    await goods.product()
    await goods.arrived(lot("L1", 5, 50), lot("L2", 5, 60))
    await goods.shelved("L1", 5, BINS[0])
    await goods.shelved("L2", 1, BINS[2])
    wrong = PutAwayLot(sku=goods.sku, lot="L2", quantity=Decimal(4), from_location=DOCK, location=BINS[0])
    problem = await world.refused(wrong, "lots_mixed")
    assert problem["suggested"] == [BINS[2]]
    moved = MoveLot(sku=goods.sku, lot="L2", quantity=Decimal(1), from_location=BINS[2], location=BINS[0])
    await world.refused(moved, "lots_mixed")
    await world.do(wrong.model_copy(update={"location": problem["suggested"][0]}))
    await goods.lies({("L1", BINS[0]): (5, 0), ("L2", BINS[2]): (5, 0)})


async def test_what_lies_at_the_dock_is_no_stock(world: World, goods: Goods) -> None:
    """Until it is put away no order gets a received lot; then the one that waits has it at once (S06, S07)."""
    await goods.product()
    order = await goods.order(4)
    await goods.arrived(lot("L1", 5, 50))
    await goods.heard("lots.events", goods.sku, "lot.allocated.v1", order=order, short=4)
    await world.quiet()
    await goods.listed(order, {})
    await goods.shelved("L1", 3, BINS[0])
    await goods.listed(order, {("L1", BINS[0]): 3})
    await goods.shelved("L1", 2, BINS[0])
    await goods.listed(order, {("L1", BINS[0]): 4})

    async def told() -> bool:
        shown = await world.read("fulfillment", f"/orders/{order}")
        (line,) = shown["lines"]
        assert line["allocated"] == 4, line
        return True

    await eventually(told)
    await world.quiet()
    await conservation.hold(world, [goods.sku])
