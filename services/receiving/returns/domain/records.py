"""Immutable records of customer returns: one class per table, one field per column."""

from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from shared.contracts.quantities import LotQuantity
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
    warranty_ends_on: date | None = None
    in_warranty: bool | None = None
    """Whether it came back inside its warranty; None if it was sold without one."""
    scan: str | None = None
    """Raw scan."""


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
    scan: str | None = None
    """Raw scans, one a line."""

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
    in_warranty: list[str] = []
    """Received units inside their warranty."""
    out_of_warranty: list[str] = []
    """Received units whose warranty has ended; units sold without one are in neither list."""
