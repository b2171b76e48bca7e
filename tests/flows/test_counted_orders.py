"""Orders of counted goods over all services: what one side gives, the other takes, and both keep the same books."""

from decimal import Decimal
from typing import Any

import pytest

from shared.contracts.commands.fulfillment import ExchangeStock, Pack, Pick, ShortPick, Stock, Unpack, Unpick
from shared.contracts.commands.lots import HoldLot, LiftLot
from shared.contracts.upstream import OrderAmended, OrderCancelled, OrderLine
from tests.flows import invariants
from tests.flows.dairy import Dairy
from tests.flows.shop import CUSTOMER, OTHER_SHELF, SHELF, STAGE, Shop, at
from tests.flows.waiting import eventually
from tests.flows.world import Json, World

EARLY, LATE = ("EARLY", 6.5, "2090-01-31"), ("LATE", 10, "2090-12-31")


class Counter:
    """A test's lots on their shelves, and its orders of them."""

    def __init__(self, world: World, shop: Shop) -> None:
        self.world, self.shop, self.sku = world, shop, shop.sku
        self.dairy = Dairy(world, shop)

    async def stocked(self) -> None:
        """6.5 of a lot that expires early on one shelf, 10 of one that expires late on another."""
        await self.shop.product(lot_tracked=True)
        await self.dairy.received(EARLY, LATE)
        await self.dairy.put_away("EARLY", "6.5")
        await self.dairy.put_away("LATE", "10", OTHER_SHELF)

    def line(self, quantity: str, **more: Any) -> OrderLine:
        """An order line of it."""
        return OrderLine(line="10", sku=self.sku, quantity=Decimal(quantity), **more)

    async def order(self, quantity: str, *lines: OrderLine, **more: Any) -> str:
        """OMS places an order of so much."""
        placed = self.shop.placed(1, **more)
        await self.world.say(placed.model_copy(update={"lines": [self.line(quantity), *lines]}))
        return placed.order

    def stock(self, lot: str, quantity: str) -> list[Stock]:
        """So much of a lot, as scanned."""
        return [Stock(sku=self.sku, lot=lot, quantity=Decimal(quantity))]

    async def to_pick(self, order: str, **lots: float) -> None:
        """Until the pick list has these lots, and no others."""

        async def look() -> bool:
            answer = await self.world.get("fulfillment", f"/orders/{at(order)}/picks")
            items = answer.json()["items"] if answer.is_success else []
            assert {item["lot"]: item["quantity"] for item in items if item["lot"]} == lots, answer.text
            return True

        await eventually(look)

    async def pick(self, order: str, lot: str, quantity: str) -> Json:
        """Scan so much of a lot."""
        return await self.world.do(Pick(order=order, stock=self.stock(lot, quantity), location=STAGE), actor="pat")

    async def packed(self, order: str, lot: str, quantity: str) -> str:
        """So much of a lot into a new carton."""
        carton = self.shop.no("CT")
        await self.world.do(Pack(order=order, carton=carton, stock=self.stock(lot, quantity)), actor="pat")
        return carton

    async def books(self) -> None:
        """At rest, both sides say the same of every demand and lot, and no fact was out of place."""
        await self.world.quiet()
        ours = await self._amounts(
            "fulfillment",
            "SELECT demand, lot, CASE status WHEN 'ALLOCATED' THEN location END AS location, quantity "
            "FROM pile WHERE sku = $1 AND status <> 'SHIPPED'",
        )
        theirs = await self._amounts(
            "lots",
            "SELECT r.demand, r.lot, r.location, r.quantity FROM reserved r WHERE r.sku = $1 UNION ALL "
            "SELECT p.demand, p.lot, NULL, p.quantity FROM picked p WHERE p.sku = $1",
        )
        assert ours == theirs
        await self._lines()
        await invariants.no_disputes(self.world, [self.sku])

    async def _lines(self) -> None:
        """What a line ordered is allocated, picked, shipped, or open under a demand that lots keeps."""
        lines = await self.world.rows(
            "fulfillment",
            """SELECT order_id, ordered - allocated - picked - shipped AS short FROM order_line l
               JOIN sales_order o USING (order_id)
               WHERE sku = $1 AND NOT l.cancelled AND o.status <> 'CANCELLED'""",
            self.sku,
        )
        demands = "SELECT order_id, sum(open) AS open FROM demand WHERE sku = $1 AND status = 'OPEN' GROUP BY 1"
        open_ = {row["order_id"]: row["open"] for row in await self.world.rows("lots", demands, self.sku)}
        short = {row["order_id"]: row["short"] for row in lines}
        assert {order: much for order, much in short.items() if much} == {o: much for o, much in open_.items() if much}

    async def _amounts(self, service: str, query: str) -> dict[tuple[str, str, str | None], Decimal]:
        found: dict[tuple[str, str, str | None], Decimal] = {}
        for row in await self.world.rows(service, query, self.sku):
            at_ = (row["demand"], row["lot"], row["location"])
            found[at_] = found.get(at_, Decimal(0)) + row["quantity"]
        return {at_: quantity for at_, quantity in found.items() if quantity}


@pytest.fixture
async def counter(world: World, shop: Shop) -> Counter:
    """Stocked lots."""
    counter = Counter(world, shop)
    await counter.stocked()
    return counter


async def test_first_expired_first_out_to_the_customer(counter: Counter, world: World, shop: Shop) -> None:
    """The lot that expires first is on the pick list, what it lacks from the next; another lot is refused (S19, S20,
    S27). Packed and dispatched, both lots have left with the customer's name (S10, S21)."""
    order = await counter.order("8")
    await counter.to_pick(order, EARLY=6.5, LATE=1.5)
    wrong = Pick(order=order, stock=counter.stock("WRONG", "1"), location=STAGE)
    assert (await world.refused(wrong, "not_allocated_here"))["suggested"] == ["EARLY", "LATE"]
    await counter.pick(order, "EARLY", "4")
    await counter.pick(order, "EARLY", "2.5")
    await counter.pick(order, "LATE", "1.5")
    cartons = [await counter.packed(order, "EARLY", "6"), await counter.packed(order, "EARLY", "0.5")]
    cartons.append(await counter.packed(order, "LATE", "1.5"))
    outcome = await shop.dispatched(await shop.shipment(*cartons))
    assert (outcome["status"], outcome["asked"], outcome["approved"]) == ("DISPATCHED", 2, 2)
    (done,) = await shop.heard("fulfillment.events", order, "dispatch.done.v1")
    assert (done["data"]["customer_name"], done["data"]["contact"]) == (CUSTOMER.name, CUSTOMER.contact)
    (shipped,) = await shop.heard("lots.events", counter.sku, "lot.shipped.v1", order=order)
    assert sorted((lot["lot"], lot["quantity"]) for lot in shipped["data"]["lots"]) == [("EARLY", 6.5), ("LATE", 1.5)]
    assert (await world.read("fulfillment", f"/orders/{order}"))["status"] == "COMPLETE"
    await counter.books()


async def test_serials_and_lots_of_one_order_leave_together(counter: Counter, world: World, shop: Shop) -> None:
    """A shipment of units and lots leaves when both owners have approved, in one dispatch (S10, S21)."""
    pump = f"{counter.sku}-PUMP"
    await shop.product(pump)
    (serial,) = await shop.stock(1, OTHER_SHELF, sku=pump)
    order = await counter.order("2", OrderLine(line="20", sku=pump, quantity=Decimal(1)))
    await counter.to_pick(order, EARLY=2)
    await shop.picks(order, 2)
    units, stock, carton = shop.units([serial], pump), counter.stock("EARLY", "2"), shop.no("CT")
    await world.do(Pick(order=order, units=units, stock=stock, location=STAGE), actor="pat")
    await world.do(Pack(order=order, carton=carton, units=units, stock=stock), actor="pat")
    assert (await shop.dispatched(await shop.shipment(carton)))["status"] == "DISPATCHED"
    await shop.status([serial], "SHIPPED", pump)
    await shop.heard("lots.events", counter.sku, "lot.shipped.v1", order=order)
    await counter.books()


async def test_short_picks_and_unpicks_are_served_anew(counter: Counter, world: World) -> None:
    """What is missing is held at its place, the rest of it there goes back, and another lot comes instead (S12)."""
    order = await counter.order("5")
    await counter.to_pick(order, EARLY=5)
    await counter.pick(order, "EARLY", "2")
    short = ShortPick(order=order, stock=counter.stock("EARLY", "1"), reason="one less")
    await world.do(short, actor="pat")
    await counter.to_pick(order, LATE=3)
    assert ("EARLY", "NOT_FOUND") in await counter.dairy.holds()
    back = Unpick(order=order, stock=counter.stock("EARLY", "2"), location=SHELF, reason="damaged")
    await world.do(back, actor="pat")
    await counter.to_pick(order, LATE=5)
    await counter.books()


async def test_a_hold_after_the_pick_keeps_a_lot_from_leaving(counter: Counter, world: World, shop: Shop) -> None:
    """Held everywhere: not packed, not dispatched, until it is lifted; what was not picked is served anew (S28)."""
    order = await counter.order("5")
    await counter.to_pick(order, EARLY=5)
    await counter.pick(order, "EARLY", "2")
    carton = await counter.packed(order, "EARLY", "2")
    hold = shop.no("H")
    await world.do(HoldLot(sku=counter.sku, lot="EARLY", hold=hold, reason="suspected"), actor="sue")
    await counter.to_pick(order, LATE=3)
    shipment = await shop.shipment(carton)

    async def kept() -> bool:
        answer = await world.command(Unpack(order=order, carton=carton, stock=counter.stock("EARLY", "0.5")))
        assert answer.is_success
        pack = Pack(order=order, carton=carton, stock=counter.stock("EARLY", "0.5"))
        await world.refused(pack, "held")
        return True

    await eventually(kept)
    await world.do(LiftLot(sku=counter.sku, hold=hold, reason="fine"), actor="sue")
    await shop.heard("lots.events", counter.sku, "lot.hold_lifted.v1", hold=hold)
    await world.quiet()
    await world.do(Pack(order=order, carton=carton, stock=counter.stock("EARLY", "0.5")), actor="pat")
    assert (await shop.dispatched(shipment))["status"] == "DISPATCHED"
    await counter.books()


async def test_an_exchange_of_lots(counter: Counter, world: World) -> None:
    """A supervisor takes another lot: what it has is given, the rest of any lot; the outcome stands at its address."""
    order = await counter.order("6.5")
    await counter.to_pick(order, EARLY=6.5)
    other = await counter.order("7")
    await counter.to_pick(other, LATE=7)
    wish = ExchangeStock(order=order, stock=counter.stock("EARLY", "4")[0], instead="LATE", reason="asked for")
    answer = await world.command(wish, actor="sue")
    assert answer.status_code == 202

    async def done() -> Json:
        outcome: Json = await world.read("fulfillment", answer.headers["Location"])
        assert outcome["status"] == "DONE", outcome
        return outcome

    assert (await eventually(done))["given"] == 3
    await counter.to_pick(order, EARLY=3.5, LATE=3)
    await counter.books()


async def test_cancels_and_amendments_free_what_nobody_wants(counter: Counter, world: World) -> None:
    """Less gives back what expires last, more asks for more, a cancel frees all but what waits for its unpick (S11)."""
    order = await counter.order("8")
    await counter.to_pick(order, EARLY=6.5, LATE=1.5)
    await world.say(OrderAmended(order=order, lines=[counter.line("7")]))
    await counter.to_pick(order, EARLY=6.5, LATE=0.5)
    await world.say(OrderAmended(order=order, lines=[counter.line("9.25")]))
    await counter.to_pick(order, EARLY=6.5, LATE=2.75)
    await counter.pick(order, "EARLY", "1.25")
    waiting = await counter.order("16")
    await counter.to_pick(waiting, LATE=7.25)
    await world.say(OrderCancelled(order=order))
    await counter.to_pick(waiting, EARLY=5.25, LATE=10)
    back = Unpick(order=order, stock=counter.stock("EARLY", "1.25"), location=SHELF, reason="cancelled")
    await world.do(back, actor="pat")
    await counter.to_pick(waiting, EARLY=6, LATE=10)
    await counter.books()
