"""The book: every order a batch is about, as it was loaded and as the rules leave it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Generic, Literal, NamedTuple, TypeVar

from shared.contracts.fulfillment import OrderStatus, Shortfall
from shared.contracts.reference import Tracking
from shared.contracts.upstream import Customer

Key = tuple[str, str]
"""A unit: (sku, serial)."""

K = TypeVar("K")
V = TypeVar("V")


class Shelf(Generic[K, V]):
    """The rows of one table by key, and which of them are new, changed or gone since they were loaded."""

    def __init__(self, rows: Mapping[K, V] | None = None) -> None:
        self._rows = dict(rows or {})
        self._loaded = frozenset(self._rows)
        self._touched: dict[K, None] = {}

    def get(self, key: K) -> V | None:
        """The row as it stands now."""
        return self._rows.get(key)

    def __iter__(self) -> Iterator[V]:
        return iter(self._rows.values())

    def put(self, key: K, row: V) -> None:
        """Add a row, or mark it as changed."""
        self._rows[key] = row
        self._touched[key] = None

    def drop(self, key: K) -> None:
        """Take a row out."""
        del self._rows[key]
        self._touched[key] = None

    def added(self) -> list[V]:
        """Rows to insert."""
        return [self._rows[key] for key in self._touched if key in self._rows and key not in self._loaded]

    def changed(self) -> list[V]:
        """Rows to update."""
        return [self._rows[key] for key in self._touched if key in self._rows and key in self._loaded]

    def dropped(self) -> list[K]:
        """Keys of rows to delete."""
        return [key for key in self._touched if key not in self._rows and key in self._loaded]


class Buyer(NamedTuple):
    """Who an order is for, where it goes and whom to call."""

    id: str
    name: str
    ship_to: str
    contact: str

    @classmethod
    def of(cls, said: Customer) -> "Buyer":
        """As an order's sender names them."""
        return cls(said.id, said.name, said.ship_to, said.contact)


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
    answered: bool = False
    given: int = 0
    """Units it was ever given, whatever became of them."""
    closed: bool = False
    """Nothing more will come of it: it drops what it is short of."""
    withdrawn: bool = False
    instead_of: str | None = None
    """Of an exchange: the unit given back."""
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
    allocated: int = 0
    picked: int = 0
    packed: int = 0
    """How many of the picked lie in a carton."""
    shipped: int = 0
    waiting: bool = False
    """Its product is not defined here yet."""
    cancelled: bool = False
    demands: dict[str, Demand] = field(default_factory=dict)

    @property
    def short(self) -> Decimal:
        """What is still to be had; nothing of a cancelled line."""
        return Decimal(0) if self.cancelled else self.ordered - self.allocated - self.picked - self.shipped

    def standing(self) -> list[Demand]:
        """Its demands that were not withdrawn."""
        return [demand for demand in self.demands.values() if not demand.withdrawn]


@dataclass(slots=True)
class Unit:
    """A serialised unit given to an order: one row while it is in hand, one for each shipment it left with."""

    sku: str
    serial: str
    order: str
    line: str
    demand: str
    location: str
    status: Literal["ALLOCATED", "PICKED", "SHIPPED"] = "ALLOCATED"
    carton: str | None = None
    shipment: str = ""
    held: bool = False

    @property
    def key(self) -> Key:
        """What it is known by while it is in hand."""
        return (self.sku, self.serial)


@dataclass(slots=True)
class Order:
    """A customer's order with its lines, and those of its units that the batch is about."""

    order: str
    warehouse: str
    customer: Buyer
    priority: int
    backorders: Literal["ALLOWED", "REFUSED", "SHIP_COMPLETE"]
    placed_at: datetime
    digest: bytes
    status: OrderStatus = "OPEN"
    packing: int = 0
    """Rises with every change that ends a dispatch check of the order."""
    lines: dict[str, Line] = field(default_factory=dict)
    units: dict[Key, Unit] = field(default_factory=dict)

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

    def unwanted(self, unit: Unit) -> bool:
        """Whether a unit is of a cancelled order or line."""
        return self.cancelled or self.lines[unit.line].cancelled


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
        gone: Mapping[Key, str] | None = None,
    ) -> None:
        self.ids = ids
        self.orders = Shelf({order.order: order for order in orders})
        self.lines = Shelf({(line.order, line.line): line for line in lines})
        self.demands = Shelf({demand.demand: demand for demand in demands})
        self.units = Shelf({unit.key: unit for unit in units})
        """Units in hand, of the orders concerned and of any other that a message names."""
        self.gone = dict(gone or {})
        """Units named by a message that left, and the order they last left with."""
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

    def give(self, unit: Unit) -> None:
        """A unit comes into the hands of an order."""
        self.units.put(unit.key, unit)
        self.orders_of(unit).units[unit.key] = unit

    def take_back(self, unit: Unit) -> None:
        """A unit is no longer in the hands of its order."""
        self.units.drop(unit.key)
        self.orders_of(unit).units.pop(unit.key, None)

    def orders_of(self, unit: Unit) -> Order:
        """The order that has a unit in hand; it is one of the book."""
        order = self.orders.get(unit.order)
        assert order is not None  # noqa: S101 - only units of the orders at hand are ever moved
        return order
