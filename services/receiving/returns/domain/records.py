"""The rows that returns are decided on."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from services.receiving.receipts.domain.desk import Rows
from services.receiving.receipts.domain.records import Key, Unit
from shared.contracts.counted import LotQuantity
from shared.contracts.reference import LocationType, Tracking
from shared.contracts.results import PartialResult


class Return(NamedTuple):
    """Goods of one order that its customer sent back; its units are on hold under one id."""

    return_id: str
    order: str
    customer: str
    hold: str
    at: datetime
    actor: str


class ReturnUnit(NamedTuple):
    """A unit of a return, and what was decided."""

    return_id: str
    sku: str
    serial: str
    location: str
    reason: str
    at: datetime
    actor: str
    disposition: str | None = None
    disposed_reason: str | None = None
    disposed_at: datetime | None = None
    disposed_by: str | None = None

    @property
    def key(self) -> "ReturnUnitKey":
        """Return, sku and serial."""
        return self.return_id, self.sku, self.serial


ReturnUnitKey = tuple[str, str, str]
"""Return, sku and serial."""

ReturnLotKey = tuple[str, str, str, str]
"""Return, sku, lot and location."""

ShippedKey = tuple[str, str, str, str]
"""Order, customer, sku and lot."""


class Shipped(NamedTuple):
    """How much of a lot went to a customer on an order, and how much of that has come back."""

    order: str
    customer: str
    sku: str
    lot: str
    shipped: Decimal = Decimal(0)
    returned: Decimal = Decimal(0)

    @property
    def key(self) -> ShippedKey:
        """Order, customer, sku and lot."""
        return self.order, self.customer, self.sku, self.lot

    @property
    def left(self) -> Decimal:
        """How much may still come back."""
        return self.shipped - self.returned


class ReturnLot(NamedTuple):
    """So much of a lot that came back, where it lies, and how much of it is decided."""

    return_id: str
    sku: str
    lot: str
    location: str
    quantity: Decimal
    disposed: Decimal
    reason: str
    at: datetime
    actor: str

    @property
    def key(self) -> ReturnLotKey:
        """Return, sku, lot and location."""
        return self.return_id, self.sku, self.lot, self.location

    @property
    def open(self) -> Decimal:
        """How much of it waits for its disposition."""
        return self.quantity - self.disposed


class LotDisposition(NamedTuple):
    """What was decided on a part of what came back of a lot."""

    return_id: str
    sku: str
    lot: str
    location: str
    quantity: Decimal
    disposition: str
    reason: str
    at: datetime
    actor: str


class ReturnAnswer(PartialResult):
    """A return after a command, and the serials or lots that the command concerned."""

    return_id: str
    hold: str
    serials: list[str] = []
    lots: list[LotQuantity] = []


@dataclass(slots=True)
class Book:
    """What the rules see and change."""

    now: datetime
    ids: Iterator[str]
    trackings: Mapping[str, Tracking] = field(default_factory=dict)
    locations: Mapping[str, LocationType] = field(default_factory=dict)
    decimals: Mapping[str, int] = field(default_factory=dict)
    """With how many decimals products are counted."""

    units: Rows[Key, Unit] = field(default_factory=Rows)
    returns: Rows[str, Return] = field(default_factory=Rows)
    returned: Rows[ReturnUnitKey, ReturnUnit] = field(default_factory=Rows)
    shipped: Rows[ShippedKey, Shipped] = field(default_factory=Rows)
    lots: Rows[ReturnLotKey, ReturnLot] = field(default_factory=Rows)
    dispositions: list[LotDisposition] = field(default_factory=list)
    came_back: defaultdict[ShippedKey, set[str]] = field(default_factory=lambda: defaultdict(set))
    """The returns with which something of a shipped lot came back."""
    left: set[tuple[str, str, str]] = field(default_factory=set)
    """Of which lots something is known to have left, to whomever: order, product, lot."""

    def shipped_of(self, order: str, customer: str, sku: str, lot: str) -> Shipped:
        """How much of a lot went to a customer on an order; nothing, as far as is known, where none was loaded."""
        unknown = Shipped(order=order, customer=customer, sku=sku, lot=lot)
        return self.shipped.get(unknown.key, unknown)

    def put_shipped(self, out: Shipped) -> None:
        """So much of a lot left, and came back."""
        self.shipped[out.key] = out
        self.left.add((out.order, out.sku, out.lot))
