"""Demands of order lines for units of a product in a warehouse, and their open quantities."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple

from services.serials.units.domain.unit import Pool, Unit
from shared.contracts.fulfillment import Shortfall
from shared.unit_of_work import MessageContext

DemandKind = Literal["ANY", "BY_SERIAL", "BY_LOT", "SINGLE_LOT"]
DemandStatus = Literal["OPEN", "CLOSED", "CANCELLED"]


@dataclass(slots=True)
class Demand:
    """Demand of an order line: quantity, criteria, priority, and handling of a shortfall."""

    demand_id: str
    status: DemandStatus
    order_id: str
    line: str
    sku: str
    warehouse: str
    customer: str
    priority: int
    placed_at: datetime
    shortfall: Shortfall
    quantity: int
    open_quantity: int
    min_remaining_shelf_life_days: int = 0
    single_lot: bool = False
    assigned_lot: str | None = None
    """Lot allocated to a single-lot demand; reallocations use the same lot."""
    allowed_lots: frozenset[str] = frozenset()
    """Lots that the demand accepts; if empty, any unit, with or without a lot."""
    kind: DemandKind = "ANY"
    """Kind of criteria: requested serials, a single lot, allowed lots, or any unit."""
    serials: frozenset[str] = field(default=frozenset(), kw_only=True)
    """Serials that the demand requests; if empty, any unit of the product."""

    @property
    def eligible_lots(self) -> frozenset[str]:
        """Lots that the demand accepts at present."""
        return self.allowed_lots if self.assigned_lot is None else frozenset([self.assigned_lot])

    @property
    def pool(self) -> Pool:
        """Pool that the demand is allocated from."""
        return self.sku, self.warehouse

    @property
    def queue_key(self) -> tuple[int, datetime, str]:
        """Sort key of the queue: priority, then order age, then id."""
        return -self.priority, self.placed_at, self.demand_id

    def record_allocation(self, units: Sequence[Unit]) -> None:
        """Record allocated units; a demand without backorders is closed."""
        self.open_quantity -= len(units)
        if self.single_lot and units:
            self.assigned_lot = units[0].lot
        if self.shortfall == "CANCEL":
            self.status, self.open_quantity = "CLOSED", 0


class EarlyCancellation(NamedTuple):
    """Demand that was cancelled before its request arrived."""

    demand_id: str
    order_id: str
    line: str
    sku: str
    status: DemandStatus = "CANCELLED"
    quantity: int = 0
    open_quantity: int = 0


class Allocation(NamedTuple):
    """Units allocated to a demand in one transaction; none if a new demand finds no stock."""

    demand: Demand
    units: Sequence[Unit]
    open_quantity_before: int
    context: MessageContext

    @property
    def is_short(self) -> bool:
        """Whether the open quantity was not filled completely."""
        return len(self.units) < self.open_quantity_before
