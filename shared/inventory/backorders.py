"""Unit of work of a service that allocates stock: the queue of demands, those to answer, and locations."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any, Generic, TypeVar

from shared.contracts.fulfillment import (
    HandOver,
    OrderLotsDeallocated,
    OrderLotsUnpicked,
    OrderSerialsDeallocated,
    OrderSerialsUnpicked,
)
from shared.contracts.reference import LocationType
from shared.inventory.approval import DispatchApproval
from shared.inventory.demand import Demand, Pool
from shared.inventory.shelf_life import ShelfLifeRules
from shared.unit_of_work import MessageContext, UnitOfWork
from shared.working_set import WorkingSet

D = TypeVar("D", bound=Demand[Any])


StockReturned = OrderSerialsDeallocated | OrderSerialsUnpicked | OrderLotsDeallocated | OrderLotsUnpicked


def demands_to_reopen(events: Iterable[StockReturned]) -> Iterator[str]:
    """Yield the demands that returned stock opens again, and those that it is handed over to."""
    for event in events:
        if event.reallocate:
            yield event.demand_id
        if isinstance(event, OrderSerialsDeallocated | OrderLotsDeallocated) and event.hand_over:
            yield event.hand_over.demand_id


class BackorderUnitOfWork(UnitOfWork, Generic[D]):
    """Unit of work with demands."""

    def __init__(self, now: datetime, ids: Iterator[str]) -> None:
        super().__init__(now, ids)
        self.demands: WorkingSet[str, D] = WorkingSet(
            attrgetter("demand_id"), attrgetter("status", "open_quantity", "assigned_lot")
        )
        self.demands_to_answer: dict[str, MessageContext] = {}
        """Contexts of opened and reopened demands: each gets an allocation event, even without stock."""
        self.handed_over: set[str] = set()
        """Demands that get stock of their own order before any other demand."""
        self.location_types: dict[str, LocationType] = {}
        """Types of the defined locations that messages name."""
        self.inactive_locations: set[str] = set()
        """Deactivated ones among them."""
        self.shelf_life_rules: dict[Pool, ShelfLifeRules] = {}
        """Rules of the pools whose stock may expire."""
        self.approvals: list[DispatchApproval] = []
        """Dispatch approvals of held products."""
        self.new_approvals: list[DispatchApproval] = []

    def approve(self, approval: DispatchApproval) -> None:
        """Remember a dispatch approval, for holds that are placed while it is valid."""
        self.approvals.append(approval)
        self.new_approvals.append(approval)

    @property
    def open_demands(self) -> list[D]:
        """Demands with an open quantity."""
        return [demand for demand in self.demands if demand.open_quantity]

    def open_demand(self, demand: D) -> None:
        """Open a demand (S08); an existing one, even if cancelled, is unchanged."""
        if demand.demand_id not in self.demands:
            self.demands.put(demand)
            self.demands_to_answer[demand.demand_id] = self.context

    def cancel_demand(self, early_cancellation: D) -> None:
        """Cancel a demand (S11); if it is unknown, put the cancelled demand in its place."""
        demand = self.demands.get(early_cancellation.demand_id) or self.demands.put(early_cancellation)
        demand.end("CANCELLED")
        self.demands_to_answer.pop(demand.demand_id, None)

    def reopen_demand(self, demand_id: str, quantity: Decimal | int) -> None:
        """Reopen a demand for a returned quantity, unless it was cancelled."""
        demand = self.demands.get(demand_id)
        if demand is not None and demand.status != "CANCELLED":
            demand.reopen(quantity)
            self.demands_to_answer[demand_id] = self.context

    def hand_over(self, hand_over: HandOver) -> None:
        """Serve a narrower demand first with the stock that a demand of its order releases."""
        demand = self.demands.get(hand_over.demand_id)
        if demand is None or demand.status == "CANCELLED":
            return
        if demand.status == "CLOSED":
            demand.reopen(type(demand.open_quantity)(hand_over.open_quantity))
        self.handed_over.add(demand.demand_id)
        self.demands_to_answer[demand.demand_id] = self.context
