"""Orders for counted goods: first expired first, the right lot scanned, packed and shipped, alone and mixed."""

import asyncio
from typing import Any

from shared.contracts.commands.fulfillment import ExchangeStock, Pick, ShortPick
from shared.contracts.upstream import OrderLine
from tests.flows import conservation, invariants
from tests.flows.goods import BINS, Goods, lot
from tests.flows.shop import STAGE, at
from tests.flows.waiting import eventually
from tests.flows.world import World


def line(number: int, sku: str, quantity: Any, **more: Any) -> OrderLine:
    """A line of an order."""
    return OrderLine.model_validate({"line": str(number), "sku": sku, "quantity": quantity, **more})


async def test_what_expires_first_is_given_first(world: World, goods: Goods) -> None:
    """Earliest expiry, whatever came first and wherever it lies; what never expires goes last (S27)."""
    await goods.product(life={"expiry_required": False})
    await goods.have(lot("LATE", 3, 90), lot("NEVER", 9), lot("SOON", 2, 20), lot("NEXT", 4, 21))
    first = await goods.order(3)
    await goods.listed(first, {("SOON", BINS[2]): 2, ("NEXT", BINS[3]): 1})
    second = await goods.order(8)
    await goods.listed(second, {("NEXT", BINS[3]): 3, ("LATE", BINS[0]): 3, ("NEVER", BINS[1]): 2})
    await world.quiet()
    await conservation.hold(world, [goods.sku])


async def test_wishes_about_lots(world: World, goods: Goods) -> None:
    """One lot alone, the lots that are named, a life to be left: each takes what fits it, and says what it passed."""
    await goods.product(life={"customers": [{"customer": "C-1", "min_life_days": 15}]})
    await goods.have(lot("L1", 2, 10), lot("L2", 2, 40), lot("L3", 5, 60), lot("L4", 9, 80))
    single = await goods.ordered(line(1, goods.sku, 3, single_lot=True))
    await goods.listed(single, {("L3", BINS[2]): 3})
    named = await goods.ordered(line(1, goods.sku, 4, lots=["L4"]))
    await goods.listed(named, {("L4", BINS[3]): 4})
    lasting = await goods.ordered(line(1, goods.sku, 3), min_life_days=50)
    await goods.listed(lasting, {("L3", BINS[2]): 2, ("L4", BINS[3]): 1})
    everything = await goods.order(99)
    await goods.listed(everything, {("L2", BINS[1]): 2, ("L4", BINS[3]): 4})
    (said,) = await goods.heard("lots.events", goods.sku, "lot.allocated.v1", order=everything)
    assert [(it["lot"], it["quantity"]) for it in said["data"]["skipped"]] == [("L1", 2)]
    await world.quiet()
    await conservation.hold(world, [goods.sku])


async def test_a_line_from_one_lot_moves_to_another_as_a_whole(world: World, goods: Goods) -> None:
    """A bottle is missing, none is picked: another lot serves the line; once one is picked that lot alone (S27)."""
    await goods.product()
    await goods.have(lot("L1", 5, 20), lot("L2", 9, 30))
    order = await goods.ordered(line(1, goods.sku, 5, single_lot=True))
    await goods.listed(order, {("L1", BINS[0]): 5})
    await world.do(ShortPick(order=order, stock=[goods.some("L1", 1)], reason="not there"), actor="pat")
    await goods.listed(order, {("L2", BINS[1]): 5})
    await world.do(Pick(order=order, stock=[goods.some("L2", 1)], location=STAGE), actor="pat")
    await goods.have(lot("L3", 9, 40), bins=BINS[2:])
    await world.do(ShortPick(order=order, stock=[goods.some("L2", 4)], reason="not there"), actor="pat")
    await world.quiet()
    await goods.listed(order, {})
    await goods.unpicked(order, "L2", 1, BINS[3])
    await goods.listed(order, {("L3", BINS[2]): 5})
    await world.quiet()
    await conservation.hold(world, [goods.sku])


async def test_serials_lots_and_untracked_goods_leave_together(world: World, goods: Goods) -> None:
    """One order of a pump, a lot-tracked and an untracked product is picked, packed, and dispatched as a whole once
    both owners have agreed (S01, S08, S09, S10, S21)."""
    pump = await goods.product(f"{goods.sku}-P", serial_tracked=True, lot_tracked=False)
    foam = await goods.product(f"{goods.sku}-F", lot_tracked=False, serial_tracked=False)
    await goods.product()
    serials = await goods.stock(2, sku=pump)
    await goods.have(lot("L1", 2, 20), lot("L2", 5, 30))
    await goods.have(lot("", 100), sku=foam)
    order = await goods.ordered(line(1, pump, 2), line(2, goods.sku, 3), line(3, foam, 40))
    shipment = await goods.sent(order, 5)

    async def complete() -> bool:
        shown = await world.read("fulfillment", f"/orders/{at(order)}")
        assert shown["status"] == "COMPLETE", shown
        return True

    await eventually(complete)
    await goods.status(serials, "SHIPPED", sku=pump)
    for sku, lots in ((goods.sku, {"L1": 2, "L2": 1}), (foam, {"": 40})):
        (said,) = await goods.heard("lots.events", sku, "lot.shipped.v1", shipment=shipment)
        assert {it["lot"]: it["quantity"] for it in said["data"]["lots"]} == lots
    (carton,) = (await world.read("fulfillment", f"/shipments/{shipment}"))["cartons"]
    assert sorted(it["serial"] for it in carton["units"]) == sorted(serials)
    assert {(it["sku"], it["lot"], it["quantity"]) for it in carton["stock"]} == {
        (goods.sku, "L1", 2), (goods.sku, "L2", 1), (foam, "", 40),
    }  # fmt: skip
    await world.quiet()
    await conservation.hold(world, [goods.sku, foam])
    await invariants.hold(world, [pump])


async def test_no_exchange_to_a_held_lot(world: World, goods: Goods) -> None:
    """A supervisor's other lot passes the guards or is not given: the order has what it had (S28)."""
    await goods.product()
    await goods.have(lot("L1", 5, 20), lot("L2", 5, 30))
    await goods.hold_lot("L2")
    order = await goods.order(4)
    await goods.listed(order, {("L1", BINS[0]): 4})
    wish = ExchangeStock(order=order, stock=goods.some("L1", 3), instead="L2", reason="asked for")
    address = (await world.do(wish, actor="sue"))["address"]

    async def failed() -> bool:
        outcome = await world.read("fulfillment", address)
        assert outcome["status"] == "FAILED", outcome
        return True

    await eventually(failed)
    await goods.listed(order, {("L1", BINS[0]): 4})
    await world.quiet()
    await conservation.hold(world, [goods.sku])


async def test_fifty_orders_at_once_over_five_lots(world: World, goods: Goods) -> None:
    """50 orders placed at once over all services get exactly the 20 that lie in five lots, first expired first as they
    were served; cancelled, they serve as many others (S08, S11, S27)."""
    await goods.product()
    days = {"L1": 30, "L2": 10, "L3": 50, "L4": 20, "L5": 40}
    await goods.have(*(lot(name, 4, left) for name, left in days.items()))
    orders = await asyncio.gather(*(goods.order(1) for _ in range(50)))
    await world.quiet()
    answers = [said["data"] for said in goods.world.listener.heard("lots.events", goods.sku, "lot.allocated.v1")]
    given = [days[answer["given"][0]["lot"]] for answer in answers if answer.get("given")]
    assert (len(given), given) == (20, sorted(given))
    served = [answer["order"] for answer in answers if answer.get("given")]
    assert len(set(served)) == 20
    await conservation.hold(world, [goods.sku])
    await asyncio.gather(*(goods.cancelled(order) for order in served[:10]))
    await world.quiet()
    rows = await world.rows("fulfillment", "SELECT DISTINCT order_id FROM pile WHERE sku = $1", goods.sku)
    having = {row["order_id"] for row in rows}
    assert (len(having), having & set(served[:10])) == (20, set())
    assert having <= set(orders)
    await conservation.hold(world, [goods.sku])
