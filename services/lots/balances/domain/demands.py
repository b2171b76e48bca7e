"""Demands of order lines for lot stock and their open quantities."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from services.lots.balances.domain.records import ZERO, Pool
from shared.contracts.fulfillment import AllocationCancelled, AllocationRequested, Shortfall
from shared.contracts.reference import Tracking

DemandStatus = Literal["OPEN", "CLOSED", "CANCELLED"]


@dataclass(slots=True)
class Demand:
    """A demand of an order line with its criteria, priority and shortfall policy."""

    demand_id: str
    status: DemandStatus
    order_id: str
    line: str
    sku: str
    tracking: Tracking
    warehouse: str
    customer: str
    priority: int
    placed_at: datetime
    shortfall: Shortfall
    quantity: Decimal
    open_quantity: Decimal
    allowed_lots: Sequence[str] = ()
    """Requested lots; empty for any lot of the product."""
    single_lot: bool = False
    min_remaining_shelf_life_days: int = 0
    assigned_lot: str | None = None
    """The lot of a single-lot demand: later allocations use the same lot."""

    @classmethod
    def from_request(cls, request: AllocationRequested) -> "Demand":
        """Open the demand of a request."""
        return cls(
            demand_id=request.demand_id, status="OPEN", order_id=request.order, line=request.line, sku=request.sku,
            tracking=request.tracking, warehouse=request.warehouse, customer=request.customer,
            priority=request.priority, placed_at=request.placed_at, shortfall=request.shortfall,
            quantity=request.quantity, open_quantity=request.quantity, allowed_lots=request.lots,
            single_lot=request.single_lot, min_remaining_shelf_life_days=request.min_remaining_shelf_life_days,
        )  # fmt: skip

    @classmethod
    def from_early_cancellation(cls, event: AllocationCancelled) -> "Demand":
        """Record a cancellation that arrived before its demand, whose criteria stay unknown."""
        unknown: Any = None
        return cls(
            demand_id=event.demand_id, status="CANCELLED", order_id=event.order, line=event.line, sku=event.sku,
            tracking=event.tracking, warehouse=unknown, customer=unknown, priority=unknown, placed_at=unknown,
            shortfall=unknown, quantity=unknown, open_quantity=ZERO,
        )  # fmt: skip

    @property
    def pool(self) -> Pool:
        """Pool that the demand is allocated from."""
        return self.sku, self.warehouse

    @property
    def queue_key(self) -> tuple[int, datetime, str]:
        """Sort key of the queue: priority, order age, id."""
        return -self.priority, self.placed_at, self.demand_id

    def accepts_lot(self, lot: str) -> bool:
        """Whether the demand can be allocated from a lot."""
        return (
            lot == self.assigned_lot
            if self.assigned_lot is not None
            else not self.allowed_lots or lot in self.allowed_lots
        )

    def reopen(self, quantity: Decimal) -> None:
        """Add a returned quantity to the open quantity."""
        self.open_quantity += quantity
        self.status = "OPEN"

    def cancel(self) -> None:
        """Cancel the demand."""
        self.status, self.open_quantity = "CANCELLED", ZERO

    def allocate(self, quantities: Sequence[tuple[str, Decimal]]) -> None:
        """Record allocated lots; a demand that does not allow backorders is closed."""
        for _, quantity in quantities:
            self.open_quantity -= quantity
        if self.single_lot and quantities:
            self.assigned_lot = quantities[0][0]
        if self.shortfall == "CANCEL":
            self.status, self.open_quantity = "CLOSED", ZERO
