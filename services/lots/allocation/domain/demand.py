"""Demands of order lines for lot stock and their open quantities."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal, NamedTuple

from services.lots.balances.domain.ledger import MessageContext
from services.lots.balances.domain.records import ZERO, Pool
from shared.contracts.envelope import CloudEvent
from shared.contracts.fulfillment import AllocationCancelled, AllocationRequested, Shortfall
from shared.contracts.reference import Tracking
from shared.inventory.fefo import AllocatedQuantity

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


class Reallocation(NamedTuple):
    """A returned quantity to allocate to its demand again."""

    demand_id: str
    quantity: Decimal
    context: MessageContext


@dataclass(slots=True)
class DemandSet:
    """The demands of one transaction and their changes."""

    by_id: dict[str, Demand] = field(default_factory=dict)
    early_cancellations: dict[str, AllocationCancelled] = field(default_factory=dict)
    """Cancellations that arrived before their demand: stored as cancelled demands."""
    to_answer: dict[str, MessageContext] = field(default_factory=dict)
    """Opened or reopened demands: each gets an allocation event, even without stock."""
    new_ids: set[str] = field(default_factory=set)
    changed_ids: set[str] = field(default_factory=set)

    def load(self, demands: Iterable[Demand]) -> None:
        """Add loaded demands; existing working copies are kept."""
        for demand in demands:
            self.by_id.setdefault(demand.demand_id, demand)

    def open(self, events: Sequence[CloudEvent[AllocationRequested]]) -> None:
        """Open new demands; existing ones, cancelled ones included, are unchanged."""
        for event in events:
            payload = event.data
            if payload.demand_id in self.by_id:
                continue
            self.by_id[payload.demand_id] = Demand(
                demand_id=payload.demand_id, status="OPEN", order_id=payload.order, line=payload.line, sku=payload.sku,
                tracking=payload.tracking, warehouse=payload.warehouse, customer=payload.customer,
                priority=payload.priority, placed_at=payload.placed_at, shortfall=payload.shortfall,
                quantity=payload.quantity, open_quantity=payload.quantity, allowed_lots=payload.lots,
                single_lot=payload.single_lot, min_remaining_shelf_life_days=payload.min_remaining_shelf_life_days,
            )  # fmt: skip
            self.new_ids.add(payload.demand_id)
            self.to_answer[payload.demand_id] = MessageContext(event.actor, event.time, event.cause)

    def reopen(self, reallocations: Iterable[Reallocation]) -> None:
        """Add returned quantities to the open quantity, unless the demand is cancelled."""
        for reallocation in reallocations:
            demand = self.by_id.get(reallocation.demand_id)
            if demand is not None and demand.status != "CANCELLED":
                demand.open_quantity += reallocation.quantity
                demand.status = "OPEN"
                self.to_answer[demand.demand_id] = reallocation.context
                self.changed_ids.add(demand.demand_id)

    def cancel(self, events: Sequence[CloudEvent[AllocationCancelled]]) -> None:
        """Cancel demands; cancellations of unknown demands are stored."""
        for event in events:
            demand = self.by_id.get(event.data.demand_id)
            if demand is None:
                self.early_cancellations.setdefault(event.data.demand_id, event.data)
            elif demand.status != "CANCELLED":
                demand.status, demand.open_quantity = "CANCELLED", ZERO
                self.changed_ids.add(demand.demand_id)

    def allocate(self, demand: Demand, allocated: Sequence[AllocatedQuantity]) -> None:
        """Record an allocation; a demand that does not allow backorders is closed."""
        for allocated_quantity in allocated:
            demand.open_quantity -= allocated_quantity.quantity
        if demand.single_lot and allocated:
            demand.assigned_lot = allocated[0].source.lot
        if demand.shortfall == "CANCEL":
            demand.status, demand.open_quantity = "CLOSED", ZERO
        self.changed_ids.add(demand.demand_id)

    @property
    def open_demands(self) -> list[Demand]:
        """Demands with an open quantity."""
        return [demand for demand in self.by_id.values() if demand.open_quantity]
