"""Demands of order lines for stock of a product in a warehouse, and their open quantities."""

from collections.abc import Collection, Container
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Any, Generic, Literal, Self, TypeVar

from shared.contracts.fulfillment import AllocationCancelled, AllocationRequested, Shortfall
from shared.identifiers import fold_lot

DemandStatus = Literal["OPEN", "CLOSED", "CANCELLED"]

Pool = tuple[str, str]
"""SKU and warehouse: the stock that a demand is allocated from."""

Q = TypeVar("Q", int, Decimal)

Breadth = tuple[int, int]


def breadth(serials: Collection[str], lots: Collection[str], *, single_lot: bool) -> Breadth:
    """Return how much stock criteria match, least first: listed serials, listed lots, a single lot, any stock."""
    if serials:
        return 0, 0
    if lots:
        return 1, len(lots)
    return 2 if single_lot else 3, 0


@dataclass(slots=True)
class Demand(Generic[Q]):
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
    quantity: Q
    open_quantity: Q
    min_remaining_shelf_life_days: int
    single_lot: bool
    assigned_lot: str | None
    """Lot of a single-lot demand: later allocations use the same lot."""
    allowed_lots: Collection[str]
    """Requested lots; empty for any stock of the product, with or without a lot."""

    @classmethod
    def from_request(cls, request: AllocationRequested, quantity: Q, **others: Any) -> Self:
        """Open the demand of a request."""
        return cls(
            demand_id=request.demand_id, status="OPEN", order_id=request.order, line=request.line, sku=request.sku,
            warehouse=request.warehouse, customer=request.customer, priority=request.priority,
            placed_at=request.placed_at, shortfall=request.shortfall, quantity=quantity, open_quantity=quantity,
            min_remaining_shelf_life_days=request.min_remaining_shelf_life_days, single_lot=request.single_lot,
            assigned_lot=None, **others,
        )  # fmt: skip

    @classmethod
    def from_early_cancellation(cls, event: AllocationCancelled, **others: Any) -> Self:
        """Record a cancellation that arrived before its request; other fields are unknown."""
        values: dict[str, Any] = dict.fromkeys(field.name for field in fields(cls))
        values |= {"demand_id": event.demand_id, "order_id": event.order, "line": event.line, "sku": event.sku}
        return cls(**values | {"status": "CANCELLED"} | others)

    @property
    def pool(self) -> Pool:
        """Pool that the demand is allocated from."""
        return self.sku, self.warehouse

    @property
    def queue_key(self) -> tuple[int, datetime, str]:
        """Sort key of the queue: priority, then order age, then id."""
        return -self.priority, self.placed_at, self.demand_id

    @property
    def requested_serials(self) -> Collection[str]:
        """Listed serials; empty for lot stock."""
        return ()

    @property
    def narrow_first_key(self) -> tuple[Breadth, Q]:
        """Sort key among the demands of an order: narrow criteria, then large single-lot quantities."""
        criteria = breadth(self.requested_serials, self.eligible_lots, single_lot=self.single_lot)
        return criteria, -self.open_quantity if self.single_lot else type(self.open_quantity)()

    @property
    def eligible_lots(self) -> Collection[str]:
        """Lots that the demand accepts at present; empty for any stock."""
        return self.allowed_lots if self.assigned_lot is None else (self.assigned_lot,)

    def accepts_lot(self, lot: str, known_lots: Container[tuple[str, str]] = ()) -> bool:
        """Whether the demand can be allocated from a lot: a requested one, in any spelling that is no known lot."""
        if self.assigned_lot is not None or not self.allowed_lots or lot in self.allowed_lots:
            return self.assigned_lot in {None, lot}
        key = fold_lot(lot)
        return any(fold_lot(listed) == key and (self.sku, listed) not in known_lots for listed in self.allowed_lots)

    def reopen(self, quantity: Q) -> None:
        """Add a returned quantity to the open quantity."""
        self.status, self.open_quantity = "OPEN", self.open_quantity + quantity

    def end(self, status: DemandStatus) -> None:
        """Close or cancel the demand."""
        self.status, self.open_quantity = status, type(self.open_quantity)()

    def record_allocation(self, quantity: Q, lot: str | None) -> None:
        """Record an allocated quantity and its first lot; a demand without backorders is closed."""
        self.open_quantity -= quantity
        if self.single_lot and quantity:
            self.assigned_lot = lot
        if self.shortfall == "CANCEL":
            self.end("CLOSED")
