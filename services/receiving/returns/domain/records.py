"""Records and unit of work of customer returns."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from services.receiving.receipts.domain.records import RowKey, Unit
from services.receiving.receipts.domain.unit_of_work import WorkingSet
from shared.contracts.quantities import LotQuantity
from shared.contracts.reference import LocationType, Tracking
from shared.contracts.results import PartialResult


class CustomerReturn(NamedTuple):
    """A customer return of one order; all its items are on hold under one id."""

    return_id: str
    order_id: str
    customer: str
    hold_id: str
    received_at: datetime
    received_by: str


class ReturnUnit(NamedTuple):
    """A returned unit and its disposition."""

    return_id: str
    sku: str
    serial: str
    location: str
    reason: str
    received_at: datetime
    received_by: str
    disposition: str | None = None
    disposed_reason: str | None = None
    disposed_at: datetime | None = None
    disposed_by: str | None = None

    @property
    def key(self) -> "ReturnUnitKey":
        """(return, sku, serial)."""
        return self.return_id, self.sku, self.serial


ReturnUnitKey = tuple[str, str, str]
"""(return, sku, serial)."""

ReturnLotKey = tuple[str, str, str, str]
"""(return, sku, lot, location)."""

ShippedKey = tuple[str, str, str, str]
"""(order, customer, sku, lot)."""


class ShippedLot(NamedTuple):
    """Shipped and returned quantity of a lot, by order and customer."""

    order_id: str
    customer: str
    sku: str
    lot: str
    shipped: Decimal = Decimal(0)
    returned: Decimal = Decimal(0)

    @property
    def key(self) -> ShippedKey:
        """(order, customer, sku, lot)."""
        return self.order_id, self.customer, self.sku, self.lot

    @property
    def returnable(self) -> Decimal:
        """Quantity that may still be returned."""
        return self.shipped - self.returned


class ReturnLot(NamedTuple):
    """Returned quantity of a lot at a location, and the part of it that is disposed of."""

    return_id: str
    sku: str
    lot: str
    location: str
    quantity: Decimal
    disposed: Decimal
    reason: str
    received_at: datetime
    received_by: str

    @property
    def key(self) -> ReturnLotKey:
        """(return, sku, lot, location)."""
        return self.return_id, self.sku, self.lot, self.location

    @property
    def pending_quantity(self) -> Decimal:
        """Quantity without a disposition."""
        return self.quantity - self.disposed


class LotDisposition(NamedTuple):
    """Disposition of a part of a returned lot."""

    return_id: str
    sku: str
    lot: str
    location: str
    quantity: Decimal
    disposition: str
    reason: str
    disposed_at: datetime
    disposed_by: str


class ReturnResult(PartialResult):
    """A return after a command, with the affected serial numbers and lots."""

    return_id: str
    hold_id: str
    serials: list[str] = []
    lots: list[LotQuantity] = []


@dataclass(slots=True)
class ReturnsUnitOfWork:
    """Unit of work for returns: loaded records and their pending changes."""

    now: datetime
    ids: Iterator[str]
    trackings: Mapping[str, Tracking] = field(default_factory=dict)
    location_types: Mapping[str, LocationType] = field(default_factory=dict)
    decimals: Mapping[str, int] = field(default_factory=dict)
    """Number of decimals of each product's quantities."""

    units: WorkingSet[RowKey, Unit] = field(default_factory=WorkingSet)
    returns: WorkingSet[str, CustomerReturn] = field(default_factory=WorkingSet)
    returned_units: WorkingSet[ReturnUnitKey, ReturnUnit] = field(default_factory=WorkingSet)
    shipped_lots: WorkingSet[ShippedKey, ShippedLot] = field(default_factory=WorkingSet)
    returned_lots: WorkingSet[ReturnLotKey, ReturnLot] = field(default_factory=WorkingSet)
    dispositions: list[LotDisposition] = field(default_factory=list)
    returned_with: defaultdict[ShippedKey, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Returns by shipped lot."""
    known_shipped: set[tuple[str, str, str]] = field(default_factory=set)
    """Lots with a known shipment to any customer: (order, sku, lot)."""

    def shipped_of(self, order: str, customer: str, sku: str, lot: str) -> ShippedLot:
        """Return the shipped lot of an order and customer; with zero quantities if none was loaded."""
        unknown = ShippedLot(order_id=order, customer=customer, sku=sku, lot=lot)
        return self.shipped_lots.get(unknown.key, unknown)

    def put_shipped_lot(self, shipped_lot: ShippedLot) -> None:
        """Add or replace a shipped lot."""
        self.shipped_lots[shipped_lot.key] = shipped_lot
        self.known_shipped.add((shipped_lot.order_id, shipped_lot.sku, shipped_lot.lot))
