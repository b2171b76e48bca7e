"""Records of lot stock: lots, balances, reservations, picked quantities and holds."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, NamedTuple

LotKey = tuple[str, str]
"""SKU and lot number: two products may use the same lot number."""

PickedKey = tuple[str, str, str]
"""Demand id, lot and location of a picked quantity."""

BalanceKey = tuple[str, str, str]
"""SKU, lot and location of a balance."""

HoldKind = Literal["MANUAL", "SHORT_SHELF_LIFE", "EXPIRY_CONFLICT", "EXPIRED", "RETURN", "RECALL"]

Settlement = Literal["COUNTED", "FOUND", "LOST", "SUPERSEDED"]
"""How a variance ended; a later report or an earlier movement supersedes it."""

ZERO = Decimal(0)
NO_EXPIRY = date.max
"""Stands for "no expiry date"; stored as `infinity` in the database."""

MAX_QUANTITY = Decimal(1_000_000)
"""Maximum quantity of a lot in one message."""


def split_quantity(quantity: Decimal) -> Iterator[Decimal]:
    """Split a quantity into portions of at most MAX_QUANTITY."""
    while quantity > 0:
        yield min(quantity, MAX_QUANTITY)
        quantity -= MAX_QUANTITY


class DemandRef(NamedTuple):
    """The demand of an order line."""

    demand_id: str
    order_id: str
    line: str


@dataclass(slots=True)
class Lot:
    """A lot of a product with the dates in force."""

    sku: str
    lot: str
    expiry: date | None
    manufactured_on: date | None
    best_before: date | None
    first_received_at: datetime
    supplier: str


@dataclass(slots=True)
class Balance:
    """Quantities of a lot at a location: on hand, allocated and under investigation of it, and picked besides it."""

    sku: str
    lot: str
    location: str
    warehouse: str
    is_storage: bool
    """Whether stock at the location can be allocated: it is an active storage location."""
    on_hand: Decimal = ZERO
    allocated: Decimal = ZERO
    staged: Decimal = ZERO
    """On-hand quantity that was received there and not put away."""
    missing: Decimal = ZERO
    """Sum of the open variances."""
    expiry: date = NO_EXPIRY
    """Copy of the lot's expiry for reports sorted by expiry; rules read the lot."""
    next_expiry_check: date = date.min
    """Date of the next expiry check; a new balance is checked at once."""
    counted_at: datetime | None = None
    """Time of the last settled count."""
    picked: Decimal = ZERO
    """Quantity that was picked and stands there; it is not on hand."""
    version: int = 0
    """Number of the transactions that changed a quantity or an open hold; each is published."""

    @property
    def key(self) -> BalanceKey:
        """Key of the balance."""
        return self.sku, self.lot, self.location

    @property
    def unallocated(self) -> Decimal:
        """On-hand quantity that is neither allocated nor under investigation, held or not.

        Negative while orders have more allocated than remains.
        """
        return self.on_hand - self.allocated - self.missing

    @property
    def has_stock(self) -> bool:
        """Whether stock is there, on hand or picked."""
        return self.on_hand > 0 or self.picked > 0

    def was_counted_after(self, at: datetime) -> bool:
        """Whether the balance was counted later than a movement."""
        return self.counted_at is not None and at < self.counted_at

    @property
    def allocatable(self) -> Decimal:
        """Quantity that can be allocated, held or not: what was put away in storage."""
        return self.unallocated - self.staged if self.is_storage else ZERO


@dataclass(slots=True)
class Reservation:
    """Quantity of a balance allocated to a demand and not yet picked."""

    demand_id: str
    lot: str
    location: str
    sku: str
    order_id: str
    line: str
    quantity: Decimal = ZERO
    former_lots: str = ""
    """Wrong lot numbers that it had, one a line: events of fulfillment may still name them."""


@dataclass(slots=True)
class PickedQuantity:
    """Quantity of a lot picked for a demand and not yet shipped, at its staging location."""

    demand_id: str
    lot: str
    location: str
    """Empty for stock picked before locations of picked stock were recorded."""
    sku: str
    warehouse: str
    order_id: str
    line: str
    quantity: Decimal = ZERO
    missing: Decimal = ZERO
    """Part of it that a count did not find, until fulfillment unpicks it as lost."""
    expiry: date = NO_EXPIRY
    """Copy of the lot's expiry."""
    next_expiry_check: date = date.min
    """Date of the next expiry check, taken over from the balance at the pick."""
    former_lots: str = ""
    """Wrong lot numbers that it had, one a line: events of fulfillment may still name them."""


def join_lots(*lots: str) -> str:
    """Join lists of lot numbers, each without its repetitions."""
    return "\n".join(dict.fromkeys(lot for listed in lots for lot in listed.split("\n") if lot))


def has_former_lot(row: Reservation | PickedQuantity, lot: str) -> bool:
    """Whether stock of an order had a wrong lot number."""
    return bool(row.former_lots) and lot in row.former_lots.split("\n")


@dataclass(slots=True)
class ShippedQuantity:
    """Quantity of a lot that left with a shipment for an order line, by the ledger."""

    sku: str
    lot: str
    warehouse: str
    order_id: str
    line: str
    demand_id: str
    shipment: str
    customer: str
    quantity: Decimal


@dataclass(slots=True)
class Variance:
    """A quantity of a lot that a picker did not find at its location; open until `missing` is zero."""

    variance_id: str
    sku: str
    lot: str
    location: str
    order_id: str | None
    quantity: Decimal
    """Quantity that the order missed."""
    missing: Decimal
    """Quantity under investigation; with `remaining`, it includes what others miss there."""
    remaining: Decimal | None
    reason: str
    reported_by: str
    reported_at: datetime
    settled_by: str | None = None
    settled_at: datetime | None = None
    settlement: Settlement | None = None

    @property
    def balance_key(self) -> BalanceKey:
        """Key of the balance."""
        return self.sku, self.lot, self.location


@dataclass(slots=True)
class Hold:
    """A hold on a lot at one location or, without a location, at all of them.

    `pending_quantity` is the returned quantity without a disposition.
    """

    hold_id: str
    sku: str
    lot: str
    location: str | None
    kind: HoldKind
    reason: str
    owner_role: str
    return_id: str | None
    pending_quantity: Decimal
    opened_by: str
    opened_at: datetime
    released_by: str | None = None
    released_at: datetime | None = None
    released_reason: str | None = None
    scan: str | None = None
    """What the scanner sent when it was placed, one scan a line."""

    @property
    def lot_key(self) -> LotKey:
        """Key of the lot on hold."""
        return self.sku, self.lot

    @property
    def is_open(self) -> bool:
        """Whether the hold has not been released."""
        return self.released_at is None

    def covers(self, location: str) -> bool:
        """Whether the hold is open and applies to stock at the location."""
        return self.is_open and self.location in {None, location}


CountStatus = Literal["SETTLED", "DISCREPANCY", "SUPERSEDED"]


class CountRecord(NamedTuple):
    """A count of a lot at a location: the counted quantity, the books of that time and what became of the variance."""

    sku: str
    lot: str
    location: str
    warehouse: str
    counted_at: datetime
    counted: Decimal
    books: Decimal
    variance: Decimal
    status: CountStatus
    code: str | None
    """Why a discrepancy could not be booked."""
    detail: str
    reason: str
    actor: str
    recorded_at: datetime
    cause_source: str
    cause_id: str
    scan: str | None
    """What the scanner sent, one scan a line."""


class LotInWarehouse(NamedTuple):
    """A lot in a warehouse: the subject of an expiry check."""

    sku: str
    lot: str
    warehouse: str

    @property
    def lot_key(self) -> LotKey:
        """Key of the lot in all warehouses."""
        return self.sku, self.lot


class ExpiryNotice(NamedTuple):
    """A published threshold of a lot in a warehouse for the expiry date in force."""

    sku: str
    lot: str
    warehouse: str
    threshold: int
    published_at: datetime
