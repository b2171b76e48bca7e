"""A standing demand: what an order line wants of a counted product in a warehouse, and what of it is still open."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal, NamedTuple

from services.lots.balances.domain.stock import NOTHING, Pool, Told
from shared.contracts.envelope import CloudEvent
from shared.contracts.fulfillment import AllocationRequested, AllocationWithdrawn, Shortfall
from shared.contracts.reference import Tracking
from shared.stock.fefo import Taken

DemandStatus = Literal["OPEN", "CLOSED", "WITHDRAWN"]


@dataclass(slots=True)
class Demand:
    """What is wanted, by whom, how urgently, what will do, and what a shortfall means."""

    id: str
    status: DemandStatus
    order: str
    line: str
    sku: str
    tracking: Tracking
    warehouse: str
    customer: str
    priority: int
    placed_at: datetime
    shortfall: Shortfall
    quantity: Decimal
    open: Decimal
    lots: Sequence[str] = ()
    """Lots that will do; without any, every lot of the product does."""
    single_lot: bool = False
    min_life_days: int = 0
    lot: str | None = None
    """The lot that a single-lot demand was given: what it wants again is of that lot."""

    @property
    def pool(self) -> Pool:
        """What it is served from."""
        return self.sku, self.warehouse

    @property
    def turn(self) -> tuple[int, datetime, str]:
        """When it is served: by priority, then the older order, then its id."""
        return -self.priority, self.placed_at, self.id

    def wants_lot(self, lot: str) -> bool:
        """Whether a lot is one of those that will do."""
        return lot == self.lot if self.lot is not None else not self.lots or lot in self.lots


class WantedAgain(NamedTuple):
    """So much came back and is wanted anew under its demand."""

    demand: str
    quantity: Decimal
    told: Told


@dataclass(slots=True)
class Demands:
    """The demands of one transaction: as they were loaded, opened, reopened, withdrawn."""

    known: dict[str, Demand] = field(default_factory=dict)
    withdrawn: dict[str, AllocationWithdrawn] = field(default_factory=dict)
    """Withdrawn here before they were asked for: they are remembered."""
    asked: dict[str, Told] = field(default_factory=dict)
    """Opened or opened anew: each is answered, whatever it gets."""
    fresh: set[str] = field(default_factory=set)
    changed: set[str] = field(default_factory=set)

    def adopt(self, demands: Iterable[Demand]) -> None:
        """Take in demands as they were loaded; a working copy that is here already stays."""
        for demand in demands:
            self.known.setdefault(demand.id, demand)

    def open(self, events: Sequence[CloudEvent[AllocationRequested]]) -> None:
        """Open what is asked for; the same again changes nothing, nor does what was withdrawn before."""
        for event in events:
            fact = event.data
            if fact.demand in self.known:
                continue
            self.known[fact.demand] = Demand(
                id=fact.demand, status="OPEN", order=fact.order, line=fact.line, sku=fact.sku, tracking=fact.tracking,
                warehouse=fact.warehouse, customer=fact.customer, priority=fact.priority, placed_at=fact.placed_at,
                shortfall=fact.shortfall, quantity=fact.quantity, open=fact.quantity, lots=fact.lots,
                single_lot=fact.single_lot, min_life_days=fact.min_life_days,
            )  # fmt: skip
            self.fresh.add(fact.demand)
            self.asked[fact.demand] = Told(event.actor, event.time, event.cause)

    def reopen(self, wishes: Iterable[WantedAgain]) -> None:
        """Want anew what came back, unless its demand was withdrawn."""
        for wish in wishes:
            demand = self.known.get(wish.demand)
            if demand is not None and demand.status != "WITHDRAWN":
                demand.open += wish.quantity
                demand.status = "OPEN"
                self.asked[demand.id] = wish.told
                self.changed.add(demand.id)

    def withdraw(self, events: Sequence[CloudEvent[AllocationWithdrawn]]) -> None:
        """Want nothing more; a demand that is not known yet will find itself withdrawn."""
        for event in events:
            demand = self.known.get(event.data.demand)
            if demand is None:
                self.withdrawn.setdefault(event.data.demand, event.data)
            elif demand.status != "WITHDRAWN":
                demand.status, demand.open = "WITHDRAWN", NOTHING
                self.changed.add(demand.id)

    def give(self, demand: Demand, taken: Sequence[Taken]) -> None:
        """Note what was given; whoever does not wait is served only once."""
        for part in taken:
            demand.open -= part.quantity
        if demand.single_lot and taken:
            demand.lot = taken[0].pile.lot
        if demand.shortfall == "DROP":
            demand.status, demand.open = "CLOSED", NOTHING
        self.changed.add(demand.id)

    @property
    def waiting(self) -> list[Demand]:
        """Those that want something."""
        return [demand for demand in self.known.values() if demand.open]
