"""Items allocated to orders: serial-tracked units and lot quantities. Most rules treat both alike.

An allocated lot is a quantity with one status, location and carton. It is split when a part of it is picked, packed
or released. Equal allocated lots are merged before they are saved.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import ClassVar, Literal, NamedTuple

from services.fulfillment.orders.domain.paths import lot_path, unit_path
from shared.identifiers import fold_lot

UnitKey = tuple[str, str]
"""(sku, serial)"""

ItemKey = tuple[str, str]
"""SKU with serial number, or with the comparison key of a lot: what a scan names."""

ItemStatus = Literal["ALLOCATED", "PICKED", "SHIPPED"]
ZERO = Decimal(0)


@dataclass(slots=True)
class AllocatedUnit:
    """A unit allocated to an order: one row while it is in the warehouse, and one row per shipment."""

    UPDATED: ClassVar[str] = "status location carton shipment mismatch"

    sku: str
    serial: str
    order_id: str
    line: str
    demand_id: str
    location: str
    status: ItemStatus = "ALLOCATED"
    carton: str | None = None
    shipment: str = ""
    expiry: date | None = None
    mismatch: str = ""
    """Of a picked unit: why it no longer matches its order, and must be unpicked."""
    on_hold: bool = field(default=False, kw_only=True)
    quantity: ClassVar[Decimal] = Decimal(1)

    @property
    def key(self) -> UnitKey:
        """Key of an unshipped unit."""
        return (self.sku, self.serial)

    @property
    def scan_key(self) -> "ItemKey":
        """What a scan of it names."""
        return self.key

    @property
    def identifier(self) -> str:
        """The serial number."""
        return self.serial

    @property
    def path(self) -> str:
        """Path of its resource in the owning service."""
        return unit_path(self.sku, self.serial)

    def __str__(self) -> str:
        """Text for messages to users."""
        return f"{self.sku} {self.serial}"


@dataclass(slots=True)
class AllocatedLot:
    """A quantity of a lot allocated to an order line under one demand, in one location and carton."""

    UPDATED: ClassVar[str] = "quantity status location carton shipment mismatch"

    allocated_lot_id: str
    sku: str
    lot: str
    order_id: str
    line: str
    demand_id: str
    location: str
    quantity: Decimal
    expiry: date | None = None
    status: ItemStatus = "ALLOCATED"
    carton: str | None = None
    shipment: str = ""
    mismatch: str = ""
    """Of a picked quantity: why it no longer matches its order, and must be unpicked."""
    on_hold: bool = field(default=False, kw_only=True)

    @property
    def scan_key(self) -> "ItemKey":
        """What a scan of it names."""
        return (self.sku, fold_lot(self.lot))

    @property
    def identifier(self) -> str:
        """The lot number, or the SKU of an untracked product."""
        return self.lot or self.sku

    @property
    def path(self) -> str:
        """Path of its resource in the owning service."""
        return lot_path(self.sku, self.lot)

    @property
    def merge_key(self) -> tuple[object, ...]:
        """Two allocated lots with the same key can be merged."""
        placement = (self.location, self.status, self.carton, self.shipment, self.mismatch)
        return (self.sku, self.lot, self.expiry, self.order_id, self.line, self.demand_id, *placement)

    def __str__(self) -> str:
        """Text for messages to users."""
        return f"{format_quantity(self.quantity)} of {lot_label(self.sku, self.lot)}"


AllocatedItem = AllocatedUnit | AllocatedLot


class ShortPick(NamedTuple):
    """A report of items that are not at their location."""

    short_pick_id: str
    """Id of the hold on its units, and of the variances of its lots."""
    remaining: Mapping[tuple[str, str, str], Decimal]
    """Quantity left there by SKU, lot and location, where the picker reported it."""


class ItemGroup(NamedTuple):
    """Line, demand and product of one event about items."""

    line: str
    demand_id: str
    sku: str


def group_items(items: Iterable[AllocatedItem]) -> Mapping[ItemGroup, list[AllocatedItem]]:
    """Group items by line, demand and product."""
    groups: dict[ItemGroup, list[AllocatedItem]] = defaultdict(list)
    for item in items:
        groups[ItemGroup(item.line, item.demand_id, item.sku)].append(item)
    return groups


def total_quantity(items: Iterable[AllocatedItem]) -> Decimal:
    """Total quantity in the unit of measure of the product."""
    return sum((item.quantity for item in items), ZERO)


def lot_label(sku: str, lot: str) -> str:
    """Text for a lot, or for an untracked product."""
    return f"{sku} lot {lot}" if lot else sku


def format_quantity(quantity: Decimal) -> str:
    """Text for a quantity."""
    return f"{quantity.normalize():f}"
