"""One load for all faults: known serials from ASN to shipment, each next command said when news calls for it.

News of one service reaches us before it reaches its sibling, so commands overtake facts all the time; what is refused
as `not_yet_known` is said again under a new id, as an outside system would.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from shared.contracts.commands.fulfillment import CreateShipment, Dispatch, Pack, Pick, Unit
from shared.contracts.commands.receiving import ConfirmSession, Scan
from shared.contracts.commands.serials import PutAway
from shared.contracts.envelope import Fact, Rejected
from shared.contracts.fulfillment import CartonPacked, OrderChanged, UnitPicked
from shared.contracts.problems import Code
from shared.contracts.receiving import ReceiptPlanned, UnitReceived
from shared.contracts.reference import LocationChanged, ProductChanged, WarehouseChanged
from shared.contracts.serials import SerialAllocated, SerialMoved
from shared.contracts.upstream import (
    AsnAnnounced,
    AsnLine,
    Customer,
    LocationDefined,
    OrderCancelled,
    OrderLine,
    OrderPlaced,
    ProductDefined,
    WarehouseDefined,
)
from tests.faults.outside import ACTOR, SOURCE, Event, Outside

WAREHOUSE, DOCK, STAGING = "EAST", "EAST/DOCK", "EAST/PACK"
SHELVES = tuple(f"EAST/A-{number:02}" for number in range(1, 5))
AGAIN_AFTER = 0.2
Key = tuple[str, str]


@dataclass(frozen=True)
class Plan:
    """How much of what; all names begin with `name`, so that one stack serves many loads."""

    name: str
    skus: int = 3
    receipts: int = 24
    units: int = 10
    orders: int = 24
    quantity: int = 4
    """Units of each of an order's two lines."""
    cancel_every: int = 6
    """Each so many-th order is cancelled once it has its units."""
    put_away: bool = True
    dispatch: bool = True
    every: float = 0.2
    """Seconds from one receipt and order to the next."""

    def sku(self, number: int) -> str:
        """Name a product, counted round."""
        return f"{self.name}-{number % self.skus}"

    def receipt_units(self) -> Iterator[tuple[str, str, list[str]]]:
        """Give every receipt with its product and serials."""
        for number in range(self.receipts):
            receipt = f"{self.name}-R{number}"
            yield receipt, self.sku(number), [f"{receipt}-{unit:03}" for unit in range(self.units)]

    def placed_orders(self) -> Iterator[tuple[str, list[OrderLine], bool]]:
        """Give every order with its two lines, and whether it will be cancelled."""
        for number in range(self.orders):
            lines = [
                OrderLine(line=str(line + 1), sku=self.sku(number + line), quantity=self.quantity) for line in (0, 1)
            ]
            yield f"{self.name}-O{number}", lines, number % self.cancel_every == self.cancel_every - 1


@dataclass
class Order:
    """What we know of an order of ours."""

    name: str
    lines: list[OrderLine]
    cancel: bool
    shipment: str
    given: set[Key] = field(default_factory=set)
    picked: set[Key] = field(default_factory=set)
    packed: bool = False
    cancelled: bool = False

    @property
    def quantity(self) -> int:
        """Units that all lines ask for."""
        return int(sum(line.quantity for line in self.lines))


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
        ordered = sum(order.quantity for order in self.orders.values() if not order.cancel)
        out, stored = "SHIPPED" if plan.dispatch else "PICKED", "IN_INVENTORY" if plan.put_away else "RECEIVED"
        self.wanted = +Counter({out: ordered, stored: len(self.keys) - ordered})
        """Where all units stand in the end."""
        self.versions: dict[Key, int] = defaultdict(int)
        self.status: dict[Key, str] = {}
        self.refused: list[Rejected] = []
        """What was refused for good: nothing, unless a test provokes it."""
        self.said_again = 0
        self.put_away, self.dispatch = plan.put_away, plan.dispatch
        self.introduced = False
        self._errands: asyncio.TaskGroup

    @property
    def products(self) -> list[str]:
        """Every product of the plan."""
        return [self.plan.sku(number) for number in range(self.plan.skus)]

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Load"]:
        """Introduce everything bit by bit in the background, and do what news calls for."""
        self.outside.listeners.append(self._hear)
        try:
            async with asyncio.TaskGroup() as self._errands:
                await define_products(self.outside, self.products)
                introduction = self._errands.create_task(self._introduce())
                yield self
                introduction.cancel()
        finally:
            self.outside.listeners.remove(self._hear)

    async def finish(self, seconds: float) -> None:
        """Wait until every unit stands where the plan wants it."""
        try:
            await self.outside.until(self._done, seconds, "the load's end")
        except AssertionError as error:
            raise AssertionError(f"{error}: {self._stuck()}") from None
        assert not self.refused, [(each.refused_type, each.code, each.detail) for each in self.refused]

    def _done(self) -> bool:
        reached = self.introduced and Counter(self.status.values()) == self.wanted
        return reached and all(order.cancelled for order in self.orders.values() if order.cancel)

    def _stuck(self) -> str:
        orders = [
            f"{each.name}: {len(each.given)} given, {len(each.picked)} picked, packed {each.packed}"
            for each in self.orders.values()
            if not each.cancel and any(self.status.get(key) != "SHIPPED" for key in each.given or {("", "")})
        ]
        refused = [(each.refused_type, each.code, each.detail) for each in self.refused]
        return f"{dict(Counter(self.status.values()))} of {dict(self.wanted)}, {orders[:5]}, refused {refused[:5]}"

    async def _introduce(self) -> None:
        """Announce receipts and place orders by turns, some orders before their stock."""
        orders = iter(self.orders.values())
        for receipt, (sku, serials) in self.receipts.items():
            line = AsnLine(line="1", sku=sku, quantity=len(serials), serials=serials)
            await self.outside.say(AsnAnnounced(receipt=receipt, warehouse=WAREHOUSE, lines=[line]))
            if order := next(orders, None):
                await self._place(order)
            await asyncio.sleep(self.plan.every)
        for order in orders:
            await self._place(order)
        self.introduced = True

    async def _place(self, order: Order) -> None:
        customer = Customer(id=f"{self.plan.name}-C")
        await self.outside.say(OrderPlaced(order=order.name, warehouse=WAREHOUSE, customer=customer, lines=order.lines))

    def _hear(self, event: Event) -> None:
        for command in self._called_for(event.data):
            self._errands.create_task(self._say_all(command))
        data = event.data
        if isinstance(data, Rejected) and data.cause and data.cause.source == SOURCE:
            self._refused(data, self.outside.sent.get(data.cause.id))

    async def _say_all(self, facts: list[Fact], after: float = 0) -> None:
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
        self._errands.create_task(self._say_all([_only(fact, refusal.ids)], AGAIN_AFTER))

    def _called_for(self, data: Fact) -> Iterator[list[Fact]]:
        """Give the commands that a piece of news calls for."""
        match data:
            case ReceiptPlanned(receipt=receipt) if receipt in self.receipts:
                sku, serials = self.receipts[receipt]
                scan = Scan(actor=ACTOR, receipt=receipt, session="1", sku=sku, location=DOCK, serials=serials)
                yield [scan, ConfirmSession(actor=ACTOR, receipt=receipt, session="1")]
            case UnitReceived(receipt=receipt, sku=sku, serials=serials) if self.put_away and receipt in self.receipts:
                shelf = SHELVES[len(receipt) % len(SHELVES)]
                yield [PutAway(actor=ACTOR, sku=sku, serials=serials, location=shelf)]
            case SerialMoved(sku=sku, status=status) if sku.startswith(self.plan.name):
                for serial, version in zip(data.serials, data.versions, strict=True):
                    if version > self.versions[sku, serial]:
                        self.versions[sku, serial], self.status[sku, serial] = version, status
            case SerialAllocated() | UnitPicked() | CartonPacked() | OrderChanged() if data.order in self.orders:
                yield from self._order_moves(self.orders[data.order], data)

    def _order_moves(self, order: Order, data: Fact) -> Iterator[list[Fact]]:
        match data:
            case SerialAllocated(sku=sku, given=given) if given:
                order.given |= {(sku, unit.serial) for unit in given}
                if len(order.given) == order.quantity:
                    yield (
                        [OrderCancelled(order=order.name)]
                        if order.cancel
                        else [Pick(actor=ACTOR, order=order.name, units=_units(order.given), location=STAGING)]
                    )
            case UnitPicked(sku=sku, serials=serials):
                order.picked |= {(sku, serial) for serial in serials}
                if len(order.picked) == order.quantity:
                    carton = f"{order.name}-B"
                    yield [Pack(actor=ACTOR, order=order.name, carton=carton, units=_units(order.picked))]
            case CartonPacked() if not order.packed:
                order.packed = True
                if self.dispatch:
                    yield self.leaving(order.shipment)
            case OrderChanged(status="CANCELLED"):
                order.cancelled = True

    def leaving(self, shipment: str) -> list[Fact]:
        """Give the commands that ship and dispatch orders together, once all of a shipment are packed."""
        together = [each for each in self.orders.values() if each.shipment == shipment and not each.cancel]
        if not all(each.packed for each in together):
            return []
        names, cartons = [each.name for each in together], [f"{each.name}-B" for each in together]
        return [
            CreateShipment(actor=ACTOR, shipment=shipment, orders=names, cartons=cartons, carrier="PARCEL"),
            Dispatch(actor=ACTOR, shipment=shipment, orders=names),
        ]


def _units(keys: set[Key]) -> list[Unit]:
    return [Unit(sku=sku, serial=serial) for sku, serial in sorted(keys)]


def _only(fact: Fact, ids: list[str]) -> Fact:
    """Narrow a command to the units that were refused."""
    match fact:
        case PutAway(serials=serials):
            return fact.model_copy(update={"serials": [each for each in serials if each in ids] or serials})
        case Pick(units=units):
            return fact.model_copy(update={"units": [each for each in units if each.serial in ids] or units})
        case _:
            return fact


async def define_products(outside: Outside, skus: list[str]) -> None:
    """Define serial-tracked products, and wait until receiving has published them."""
    for sku in skus:
        await outside.say(ProductDefined(sku=sku, name=sku, serial_tracked=True))

    def published() -> bool:
        return set(skus) <= {each.data.sku for each in outside.heard.values() if isinstance(each.data, ProductChanged)}

    await outside.until(published, 20, f"products {skus}")


async def define_places(outside: Outside) -> None:
    """Define a warehouse with a dock, a packing place and shelves, and wait until receiving has published them."""
    await outside.say(WarehouseDefined(warehouse=WAREHOUSE, name="East"))
    heard = outside.heard.values()
    await outside.until(lambda: any(isinstance(each.data, WarehouseChanged) for each in heard), 20, "the warehouse")
    places = {DOCK: "DOCK", STAGING: "STAGING"} | dict.fromkeys(SHELVES, "STORAGE")
    for number, (place, kind) in enumerate(places.items()):
        await outside.say(LocationDefined.model_validate({"location": place, "type": kind, "pick_sequence": number}))

    def published() -> bool:
        told = [each.data for each in outside.heard.values()]
        return set(places) <= {each.location for each in told if isinstance(each, LocationChanged)}

    await outside.until(published, 20, "places")
