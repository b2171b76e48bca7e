"""The book: every order a batch is about, as it was loaded and as the rules leave it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Literal, NamedTuple

from services.fulfillment.orders.domain.goods import NOTHING, Goods, Key, Pile, Unit
from services.fulfillment.orders.domain.shelf import Shelf
from shared.contracts.fulfillment import OrderStatus, Shortfall
from shared.contracts.reference import Tracking
from shared.contracts.upstream import Customer


class Buyer(NamedTuple):
    """Who an order is for, where it goes and whom to call."""

    id: str
    name: str
    ship_to: str
    contact: str

    @classmethod
    def of(cls, said: Customer) -> "Buyer":
        """As an order's sender names them."""
        return cls(id=said.id, name=said.name, ship_to=said.ship_to, contact=said.contact)


@dataclass(slots=True)
class Demand:
    """What was asked of the owner of the stock for a line; it stands until withdrawn."""

    demand: str
    order: str
    line: str
    sku: str
    tracking: Tracking
    quantity: Decimal
    shortfall: Shortfall
    serials: tuple[str, ...] = ()
    lots: tuple[str, ...] = ()
    answered: bool = False
    given: Decimal = NOTHING
    """What it was ever given, whatever became of it."""
    closed: bool = False
    """Nothing more will come of it: it drops what it is short of."""
    withdrawn: bool = False
    instead_of: str | None = None
    """Of an exchange: the serial or lot given back."""
    outcome: str = ""


@dataclass(slots=True)
class Line:
    """A line of an order; ordered = allocated + picked + shipped + short."""

    order: str
    line: str
    position: int
    sku: str
    ordered: Decimal
    serials: tuple[str, ...] = ()
    lots: tuple[str, ...] = ()
    single_lot: bool = False
    allocated: Decimal = NOTHING
    picked: Decimal = NOTHING
    packed: Decimal = NOTHING
    """How much of the picked lies in a carton."""
    shipped: Decimal = NOTHING
    waiting: bool = False
    """Its product is not defined here yet, or not such as the line needs: it is to be amended."""
    cancelled: bool = False
    shipped_lot: str | None = None
    """Of a line from one lot: the lot of which some has left already."""
    demands: dict[str, Demand] = field(default_factory=dict, init=False)

    @property
    def short(self) -> Decimal:
        """What is still to be had; nothing of a cancelled line."""
        return NOTHING if self.cancelled else self.ordered - self.allocated - self.picked - self.shipped

    @property
    def of_any_lot(self) -> bool:
        """Whether a line from one lot may still be of another: nothing of it is picked."""
        return self.single_lot and not self.picked and not self.shipped

    def standing(self) -> list[Demand]:
        """Its demands that were not withdrawn."""
        return [demand for demand in self.demands.values() if not demand.withdrawn]


@dataclass(slots=True)
class Order:
    """A customer's order with its lines, those of its units that the batch is about, and all its piles in hand."""

    order: str
    warehouse: str
    customer: Buyer
    priority: int
    backorders: Literal["ALLOWED", "REFUSED", "SHIP_COMPLETE"]
    placed_at: datetime
    digest: bytes
    min_life_days: int = 0
    status: OrderStatus = "OPEN"
    packing: int = 0
    """Rises with every change that ends a dispatch check of the order."""
    lines: dict[str, Line] = field(default_factory=dict, init=False)
    units: dict[Key, Unit] = field(default_factory=dict, init=False)
    piles: dict[str, Pile] = field(default_factory=dict, init=False)

    @property
    def goods(self) -> list[Goods]:
        """What it has in hand."""
        return [*self.units.values(), *self.piles.values()]

    @property
    def cancelled(self) -> bool:
        """Whether the customer wants nothing more of it."""
        return self.status == "CANCELLED"

    @property
    def shortfall(self) -> Shortfall:
        """What becomes of what its demands are short of."""
        return "DROP" if self.backorders == "REFUSED" else "WAIT"

    @property
    def released(self) -> bool:
        """Whether it may be picked: an order that ships complete waits until every line is full."""
        return self.backorders != "SHIP_COMPLETE" or not any(line.short for line in self.lines.values())

    def unwanted(self, goods: Goods) -> bool:
        """Whether goods are of a cancelled order or line."""
        return self.cancelled or self.lines[goods.line].cancelled


class Book:
    """The orders a batch is about. `ids` gives the names of new demands and the like, which no rule makes up."""

    def __init__(
        self,
        ids: Iterator[str],
        *,
        orders: Iterable[Order] = (),
        lines: Iterable[Line] = (),
        demands: Iterable[Demand] = (),
        units: Iterable[Unit] = (),
        piles: Iterable[Pile] = (),
        gone: Mapping[Key, str] | None = None,
    ) -> None:
        self.ids = ids
        self.orders = Shelf({order.order: order for order in orders})
        self.lines = Shelf({(line.order, line.line): line for line in lines})
        self.demands = Shelf({demand.demand: demand for demand in demands})
        self.units = Shelf({unit.key: unit for unit in units})
        """Units in hand, of the orders concerned and of any other that a message names."""
        self.piles = Shelf({pile.pile: pile for pile in piles})
        self.gone = dict(gone or {})
        """Units named by a message that left, and the order they last left with."""
        self.decimals: Mapping[str, int] = {}
        """With how many decimals the products are counted of which requests name quantities."""
        self._bind()

    def _bind(self) -> None:
        for line in self.lines:
            if order := self.orders.get(line.order):
                order.lines[line.line] = line
        for demand in self.demands:
            if line_of := self.lines.get((demand.order, demand.line)):
                line_of.demands[demand.demand] = demand
        for unit in self.units:
            if order := self.orders.get(unit.order):
                order.units[unit.key] = unit
        for pile in self.piles:
            if order := self.orders.get(pile.order):
                order.piles[pile.pile] = pile

    def give(self, goods: Goods) -> None:
        """Goods come into the hands of an order."""
        self.put(goods)
        order = self._owner(goods)
        if isinstance(goods, Unit):
            order.units[goods.key] = goods
        else:
            order.piles[goods.pile] = goods

    def put(self, goods: Goods) -> None:
        """Goods in hand have changed."""
        if isinstance(goods, Unit):
            self.units.put(goods.key, goods)
        else:
            self.piles.put(goods.pile, goods)

    def take_back(self, goods: Goods) -> None:
        """Goods are no longer in the hands of their order."""
        order = self._owner(goods)
        if isinstance(goods, Unit):
            self.units.drop(goods.key)
            order.units.pop(goods.key, None)
        else:
            self.piles.drop(goods.pile)
            order.piles.pop(goods.pile, None)

    def has(self, goods: Goods) -> bool:
        """Whether goods are in hand still."""
        return (self.units.get(goods.key) if isinstance(goods, Unit) else self.piles.get(goods.pile)) is goods

    def part(self, piles: Iterable[Pile], quantity: Decimal) -> list[Pile]:
        """So much of these piles, one after the other; the last of them splits if less of it is meant."""
        parts = []
        for pile in piles:
            if quantity <= 0:
                break
            parts.append(self._split(pile, quantity))
            quantity -= parts[-1].quantity
        return parts

    def settle(self) -> None:
        """Piles that nothing tells apart are one."""
        seats: dict[tuple[object, ...], Pile] = {}
        for pile in list(self.piles):
            kept = seats.setdefault(pile.seat, pile)
            if kept is not pile:
                kept.quantity += pile.quantity
                self.put(kept)
                self.take_back(pile)

    def _split(self, pile: Pile, quantity: Decimal) -> Pile:
        if pile.quantity <= quantity:
            return pile
        pile.quantity -= quantity
        self.put(pile)
        part = replace(pile, pile=next(self.ids), quantity=quantity)
        self.give(part)
        return part

    def _owner(self, goods: Goods) -> Order:
        order = self.orders.get(goods.order)
        assert order is not None  # noqa: S101 - only goods of the orders at hand are ever moved
        return order
