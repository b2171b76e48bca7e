"""One load for all faults: serials and lots from ASN to shipment, each next command said when news calls for it.

News of one service reaches us before it reaches its sibling, so commands overtake facts all the time; what is refused
as `not_yet_known` is said again under a new id, as an outside system would.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from decimal import Decimal

from shared.contracts.commands.lots import PutAwayLot
from shared.contracts.commands.receiving import ConfirmSession, Scan
from shared.contracts.commands.serials import PutAway
from shared.contracts.envelope import Fact, Rejected
from shared.contracts.fulfillment import CartonPacked, OrderChanged, StockPicked, UnitPicked
from shared.contracts.lots import LotAllocated, LotMoved, LotReceived, LotShipped
from shared.contracts.problems import Code
from shared.contracts.receiving import ReceiptPlanned, UnitReceived
from shared.contracts.serials import SerialAllocated, SerialMoved
from shared.contracts.upstream import AsnAnnounced, AsnLine, Customer, OrderPlaced
from tests.faults import walk
from tests.faults.ground import define_products
from tests.faults.outside import ACTOR, SOURCE, Event, Outside
from tests.faults.plan import (
    DOCK,
    FOR_AN_ORDER,
    LOT_SHELVES,
    LOTS,
    OF_A_LOT,
    SHELVES,
    WAREHOUSE,
    Key,
    Order,
    Plan,
    scanned_lots,
)

AGAIN_AFTER = 0.2


class Load:
    """A plan under way."""

    def __init__(self, outside: Outside, plan: Plan) -> None:
        self.outside, self.plan = outside, plan
        self.receipts = {receipt: (sku, serials) for receipt, sku, serials in plan.receipt_units()}
        self.orders = {
            name: Order(name, lines, cancel, f"{plan.name}-S{number // 2}")  # two orders leave together
            for number, (name, lines, cancel) in enumerate(plan.placed_orders())
        }
        self.keys = {(sku, serial) for sku, serials in self.receipts.values() for serial in serials}
        """Every unit of the plan."""
        kept = [order for order in self.orders.values() if not order.cancel]
        ordered = sum(order.quantity for order in kept)
        out, stored = "SHIPPED" if plan.dispatch else "PICKED", "IN_INVENTORY" if plan.put_away else "RECEIVED"
        self.wanted = +Counter({out: ordered, stored: len(self.keys) - ordered})
        """Where all units stand in the end."""
        came = len(plan.lot_receipts) * len(LOTS) * OF_A_LOT
        self.wanted_lots = {"received": came, "stored": came if plan.put_away else 0, out: len(kept) * FOR_AN_ORDER}
        """How much of lots was received, stored and has left, or is picked, in the end."""
        self.versions: dict[Key, int] = defaultdict(int)
        self.status: dict[Key, str] = {}
        self.lots: dict[str, Decimal] = defaultdict(Decimal)
        self.refused: list[Rejected] = []
        """What was refused for good: nothing, unless a test provokes it."""
        self.said_again = 0
        self.put_away, self.dispatch = plan.put_away, plan.dispatch
        self.introduced = False
        self._errands: asyncio.TaskGroup

    @property
    def products(self) -> list[str]:
        """Every product with serials."""
        return [self.plan.sku(number) for number in range(self.plan.skus)]

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Load"]:
        """Introduce everything bit by bit in the background, and do what news calls for."""
        self.outside.listeners.append(self._hear)
        try:
            async with asyncio.TaskGroup() as self._errands:
                await define_products(self.outside, self.products, [self.plan.food])
                introduction = self._errands.create_task(self._introduce())
                yield self
                introduction.cancel()
        finally:
            self.outside.listeners.remove(self._hear)

    async def finish(self) -> None:
        """Wait until every unit and lot stands where the plan wants it."""
        try:
            await self.outside.until(self._done, "the load's end")
        except AssertionError as error:
            raise AssertionError(f"{error}: {self._stuck()}") from None
        assert not self.refused, [(each.refused_type, each.code, each.detail) for each in self.refused]

    def _done(self) -> bool:
        reached = self.introduced and Counter(self.status.values()) == self.wanted
        counted = all(self.lots[name] == quantity for name, quantity in self.wanted_lots.items())
        return reached and counted and all(order.cancelled for order in self.orders.values() if order.cancel)

    def _stuck(self) -> str:
        orders = [str(each) for each in self.orders.values() if not each.cancel and not each.packed]
        refused = [(each.refused_type, each.code, each.detail) for each in self.refused]
        stands = (
            f"{dict(Counter(self.status.values()))} of {dict(self.wanted)}, {dict(self.lots)} of {self.wanted_lots}"
        )
        return f"{stands}, {orders[:3]}, refused {refused[:5]}"

    async def _introduce(self) -> None:
        """Announce receipts and place orders by turns, some orders before their stock."""
        orders, lots = iter(self.orders.values()), iter(self.plan.lot_receipts)
        for receipt, (sku, serials) in self.receipts.items():
            await self._announce(receipt, AsnLine(line="1", sku=sku, quantity=len(serials), serials=serials))
            if brings := next(lots, None):
                await self._announce_lots(brings)
            if order := next(orders, None):
                await self._place(order)
            await asyncio.sleep(self.plan.every)
        for brings in lots:
            await self._announce_lots(brings)
        for order in orders:
            await self._place(order)
        self.introduced = True

    async def _announce(self, receipt: str, line: AsnLine) -> None:
        await self.outside.say(AsnAnnounced(receipt=receipt, warehouse=WAREHOUSE, lines=[line]))

    async def _announce_lots(self, receipt: str) -> None:
        await self._announce(receipt, AsnLine(line="1", sku=self.plan.food, quantity=len(LOTS) * OF_A_LOT))

    async def _place(self, order: Order) -> None:
        customer = Customer(id=f"{self.plan.name}-C")
        await self.outside.say(OrderPlaced(order=order.name, warehouse=WAREHOUSE, customer=customer, lines=order.lines))

    def _hear(self, event: Event) -> None:
        for command in self._called_for(event.data):
            self._errands.create_task(self._say_all(command))
        data = event.data
        if isinstance(data, Rejected) and data.cause and data.cause.source == SOURCE:
            self._refused(data, self.outside.sent.get(data.cause.id))

    async def _say_all(self, facts: Iterable[Fact], after: float = 0) -> None:
        await asyncio.sleep(after)
        for fact in facts:
            await self.outside.say(fact)

    def _refused(self, refusal: Rejected, fact: Fact | None) -> None:
        if fact is None or not fact.key().startswith(self.plan.name):
            return
        if refusal.code != Code.NOT_YET_KNOWN:
            self.refused.append(refusal)
            return
        self.said_again += 1
        self._errands.create_task(self._say_all([walk.only(fact, refusal.ids)], AGAIN_AFTER))

    def _called_for(self, data: Fact) -> Iterator[list[Fact]]:
        """Give the commands that a piece of news calls for."""
        match data:
            case ReceiptPlanned(receipt=receipt) if receipt in self.receipts:
                sku, serials = self.receipts[receipt]
                yield self._scan(receipt, sku=sku, serials=serials)
            case ReceiptPlanned(receipt=receipt, sku=self.plan.food):
                yield self._scan(receipt, sku=self.plan.food, lots=scanned_lots())
            case UnitReceived(receipt=receipt, sku=sku, serials=serials) if self.put_away and receipt in self.receipts:
                shelf = SHELVES[len(receipt) % len(SHELVES)]
                yield [PutAway(actor=ACTOR, sku=sku, serials=serials, location=shelf)]
            case SerialMoved(sku=sku, status=status) if sku.startswith(self.plan.name):
                for serial, version in zip(data.serials, data.versions, strict=True):
                    if version > self.versions[sku, serial]:
                        self.versions[sku, serial], self.status[sku, serial] = version, status
            case LotReceived() | LotMoved() | LotShipped() if data.sku == self.plan.food:
                yield from self._lots_move(data)
            case (
                SerialAllocated() | LotAllocated() | UnitPicked() | StockPicked() | CartonPacked() | OrderChanged()
            ) if data.order in self.orders:
                yield from self._order_moves(self.orders[data.order], data)

    def _scan(self, receipt: str, **goods: object) -> list[Fact]:
        scan = Scan.model_validate({"receipt": receipt, "session": "1", "location": DOCK, "actor": ACTOR, **goods})
        return [scan, ConfirmSession(actor=ACTOR, receipt=receipt, session="1")]

    def _lots_move(self, data: LotReceived | LotMoved | LotShipped) -> Iterator[list[Fact]]:
        match data:
            case LotReceived(lot=lot, quantity=quantity):
                self.lots["received"] += quantity
                if self.put_away:
                    yield [
                        PutAwayLot(
                            actor=ACTOR, sku=data.sku, lot=lot, quantity=quantity, from_location=DOCK,
                            location=LOT_SHELVES[lot],
                        )
                    ]  # fmt: skip
            case LotMoved(quantity=quantity):
                self.lots["stored"] += quantity
            case LotShipped(lots=lots):
                self.lots["SHIPPED"] += sum((one.quantity for one in lots), Decimal(0))

    def _order_moves(self, order: Order, data: Fact) -> Iterator[list[Fact]]:
        walk.note(order, data)
        if isinstance(data, StockPicked):
            self.lots["PICKED"] += sum((one.quantity for one in data.lots), Decimal(0))
        if order.full and not order.begun:
            order.begun = True
            yield walk.cancel(order) if order.cancel else walk.pick(order)
        if isinstance(data, UnitPicked | StockPicked) and order.staged:
            yield walk.pack(order)
        if isinstance(data, CartonPacked) and not order.packed:
            order.packed = True
            if self.dispatch:
                yield self.leaving(order.shipment)

    def leaving(self, shipment: str) -> list[Fact]:
        """Give the commands that ship and dispatch orders together, once all of a shipment are packed."""
        return walk.leave([each for each in self.orders.values() if each.shipment == shipment and not each.cancel])
