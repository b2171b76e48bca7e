"""Demands of order lines for units of a product in a warehouse, and their open quantities."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from services.serials.units.domain.fulfillment_events import Reallocation
from services.serials.units.domain.operations import MessageContext
from services.serials.units.domain.unit import Pool, Unit
from shared.contracts.envelope import CloudEvent
from shared.contracts.fulfillment import AllocationCancelled, AllocationRequested, Shortfall

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
    serials: frozenset[str] = frozenset()
    """Serials that the demand requests; if empty, any unit of the product."""

    @property
    def kind(self) -> DemandKind:
        """Kind of criteria: requested serials, a single lot, allowed lots, or any unit."""
        if self.serials:
            return "BY_SERIAL"
        if self.single_lot:
            return "SINGLE_LOT"
        return "BY_LOT" if self.allowed_lots else "ANY"

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


@dataclass(slots=True)
class DemandSet:
    """Demands loaded, opened, reopened or cancelled in one transaction."""

    by_id: dict[str, Demand] = field(default_factory=dict)
    early_cancellations: dict[str, CloudEvent[AllocationCancelled]] = field(default_factory=dict)
    """Cancellations of demands that are not known yet."""
    to_answer: dict[str, MessageContext] = field(default_factory=dict)
    """Contexts of opened and reopened demands: each gets an allocation event."""
    new_ids: set[str] = field(default_factory=set)
    changed_ids: set[str] = field(default_factory=set)

    def load(self, demands: Iterable[Demand]) -> None:
        """Add loaded demands; demands that are already present are kept."""
        for demand in demands:
            self.by_id.setdefault(demand.demand_id, demand)

    def open(self, events: Sequence[CloudEvent[AllocationRequested]]) -> None:
        """Open requested demands; repeated and already cancelled ones are ignored."""
        for event in events:
            payload = event.data
            if payload.demand_id in self.by_id:
                continue
            quantity = int(payload.quantity)
            self.by_id[payload.demand_id] = Demand(
                demand_id=payload.demand_id, status="OPEN", order_id=payload.order, line=payload.line, sku=payload.sku,
                warehouse=payload.warehouse, customer=payload.customer, priority=payload.priority,
                placed_at=payload.placed_at, shortfall=payload.shortfall, quantity=quantity, open_quantity=quantity,
                min_remaining_shelf_life_days=payload.min_remaining_shelf_life_days, single_lot=payload.single_lot,
                allowed_lots=frozenset(payload.lots), serials=frozenset(payload.serials),
            )  # fmt: skip
            self.new_ids.add(payload.demand_id)
            self.to_answer[payload.demand_id] = MessageContext.from_event(event)

    def reopen(self, reallocations: Sequence[Reallocation]) -> None:
        """Reopen demands for returned quantities, unless they were cancelled."""
        for reallocation in reallocations:
            demand = self.by_id.get(reallocation.demand_id)
            if demand is not None and demand.status != "CANCELLED":
                demand.open_quantity += reallocation.quantity
                demand.status = "OPEN"
                self.to_answer[demand.demand_id] = reallocation.context
                self.changed_ids.add(demand.demand_id)

    def cancel(self, events: Sequence[CloudEvent[AllocationCancelled]]) -> None:
        """Cancel demands; the cancellation of an unknown demand is stored."""
        for event in events:
            demand = self.by_id.get(event.data.demand_id)
            if demand is None:
                self.early_cancellations.setdefault(event.data.demand_id, event)
            elif demand.status != "CANCELLED":
                demand.status, demand.open_quantity = "CANCELLED", 0
                self.changed_ids.add(demand.demand_id)

    def allocate(self, demand: Demand, units: Sequence[Unit]) -> None:
        """Record allocated units; a demand without backorders is closed."""
        demand.open_quantity -= len(units)
        if demand.single_lot and units:
            demand.assigned_lot = units[0].lot
        if demand.shortfall == "CANCEL":
            demand.status, demand.open_quantity = "CLOSED", 0
        self.changed_ids.add(demand.demand_id)

    @property
    def open_demands(self) -> list[Demand]:
        """Demands with an open quantity."""
        return [demand for demand in self.by_id.values() if demand.open_quantity]
