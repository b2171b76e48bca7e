"""Serial-tracked units."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from operator import attrgetter
from typing import ClassVar, NamedTuple

from shared.contracts.serials import SerialAdjustment, SerialStatus
from shared.inventory.demand import Pool
from shared.inventory.warranty import WarrantyTerm

UnitKey = tuple[str, str]
"""Permanent identity of a unit: its SKU and serial (S18)."""


@dataclass(slots=True)
class Unit:
    """Current state of a unit; a unit without a status is not registered."""

    quantity: ClassVar[int] = 1
    sku: str
    serial: str
    id: int | None = None
    open_recall_count: int = 0
    """Number of open recalls that track the unit."""
    status: SerialStatus | None = None
    version: int = 0
    receiving_version: int = 0
    warehouse: str | None = None
    location: str | None = None
    received_at: datetime | None = None
    receipt: str | None = None
    receipt_line: str | None = None
    order_id: str | None = None
    order_line: str | None = None
    demand_id: str | None = None
    shipment: str | None = None
    customer: str | None = None
    return_id: str | None = None
    open_hold_count: int = 0
    adjustment: SerialAdjustment | None = None
    is_blocked: bool = False
    """Whether it is stored at a location from which nothing is allocated."""
    lot: str | None = None
    expiry: date | None = None
    next_expiry_check: date | None = None
    """Date of the next expiry check."""
    manufactured_on: date | None = None
    warranty_starts_on: date | None = None
    warranty_ends_on: date | None = None
    """Last day of the warranty of the customer who has the unit."""

    @property
    def key(self) -> UnitKey:
        """SKU and serial."""
        return self.sku, self.serial

    @property
    def is_available(self) -> bool:
        """Whether the unit can be allocated: stored in an active storage location, not on hold or adjusted (S07)."""
        is_stored = self.status == "IN_INVENTORY" and not self.is_blocked
        return is_stored and self.open_hold_count == 0 and self.adjustment is None

    @property
    def pool(self) -> Pool:
        """Pool that the unit belongs to."""
        return self.sku, self.warehouse or ""

    @property
    def description(self) -> str:
        """Status, order, adjustment and hold of the unit as text."""
        if self.status is None:
            return "not found"
        text: str = self.status
        if self.order_id and self.status in {"ALLOCATED", "PICKED", "SHIPPED"}:
            text += f" for order {self.order_id}" + (f" line {self.order_line}" if self.order_line else "")
        if self.adjustment:
            text += f", {self.adjustment}"
        return f"{text}, on hold" if self.open_hold_count else text

    def set_expiry(self, expiry: date | None) -> None:
        """Set the expiry and schedule an expiry check at once."""
        self.expiry, self.next_expiry_check = expiry, date.min if expiry else None

    def set_warranty(self, term: WarrantyTerm | None) -> None:
        """Set the warranty that a sale fixed, or none."""
        self.warranty_starts_on, self.warranty_ends_on = term or (None, None)

    def clear_allocation(self) -> None:
        """Clear the order that the unit was allocated to."""
        self.order_id = self.order_line = self.demand_id = self.customer = None


MUTABLE_FIELDS = tuple(
    column.name for column in fields(Unit) if column.name not in {"sku", "serial", "id", "open_recall_count"}
)
"""State of a unit; the number of open recalls is counted by the store."""
unit_state = attrgetter(*MUTABLE_FIELDS)


class Movement(NamedTuple):
    """A change of the location of a unit."""

    at: datetime
    location: str | None


class ExpiryGroup(NamedTuple):
    """Units of a product in a warehouse that expire on the same date."""

    sku: str
    warehouse: str
    expiry: date


class UnitGroup(NamedTuple):
    """Number of unallocated units of a pool with equal lot and expiry; `unit` represents them."""

    unit: Unit
    unit_count: int


@dataclass(slots=True)
class ChangedLocation:
    """Units at a location that became or ceased to be an active storage location."""

    blocked: list[Unit] = field(default_factory=list)
    """Allocated units there that cannot be allocated any more."""
    unblocked_pools: set[Pool] = field(default_factory=set)
    """Pools of the units there that can be allocated again."""


def describe_units(units: Sequence[Unit]) -> str:
    """Return the SKU and first serials of units as text, with the number of others."""
    first_serials = ", ".join(unit.serial for unit in units[:5])
    return f"{units[0].sku} {first_serials}" + (f" and {len(units) - 5} more" if len(units) > 5 else "")
