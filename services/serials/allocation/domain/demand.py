"""A standing demand: what an order line wants of a product in a warehouse, and what of it is still open."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from services.serials.units.domain.orders import WantedAgain
from services.serials.units.domain.unit import Pool, Told, Unit
from shared.contracts.envelope import CloudEvent
from shared.contracts.fulfillment import AllocationRequested, AllocationWithdrawn, Shortfall

Kind = Literal["ANY", "NAMED", "LOT", "SINGLE"]
DemandStatus = Literal["OPEN", "CLOSED", "WITHDRAWN"]


@dataclass(slots=True)
class Demand:
    """What is wanted, by whom, how urgently, and what a shortfall means."""

    id: str
    status: DemandStatus
    order: str
    line: str
    sku: str
    warehouse: str
    customer: str
    priority: int
    placed_at: datetime
    shortfall: Shortfall
    quantity: int
    open: int
    min_life_days: int = 0
    single_lot: bool = False
    lot: str | None = None
    """The lot that a single-lot demand was given: what it wants again is of that lot."""
    lots: frozenset[str] = frozenset()
    """Lot numbers that will do; without any, every one does, and none at all."""
    names: frozenset[str] = frozenset()
    """Serials that are wanted exactly; without any, every unit of the product will do."""

    @property
    def kind(self) -> Kind:
        """How free stock finds it: through its names or lots, only with enough of one lot, or any unit."""
        if self.names:
            return "NAMED"
        if self.single_lot:
            return "SINGLE"
        return "LOT" if self.lots else "ANY"

    @property
    def wanted_lots(self) -> frozenset[str]:
        """The lots that will do now."""
        return self.lots if self.lot is None else frozenset([self.lot])

    @property
    def pool(self) -> Pool:
        """What it is served from."""
        return self.sku, self.warehouse

    @property
    def turn(self) -> tuple[int, datetime, str]:
        """When it is served: by priority, then the older order, then its id."""
        return -self.priority, self.placed_at, self.id


@dataclass(slots=True)
class Demands:
    """The demands of one transaction: as they were loaded, opened, reopened, withdrawn."""

    known: dict[str, Demand] = field(default_factory=dict)
    withdrawn: dict[str, CloudEvent[AllocationWithdrawn]] = field(default_factory=dict)
    """Withdrawn here: those that were never asked for are remembered."""
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
            quantity = int(fact.quantity)
            self.known[fact.demand] = Demand(
                id=fact.demand, status="OPEN", order=fact.order, line=fact.line, sku=fact.sku,
                warehouse=fact.warehouse, customer=fact.customer, priority=fact.priority, placed_at=fact.placed_at,
                shortfall=fact.shortfall, quantity=quantity, open=quantity, min_life_days=fact.min_life_days,
                single_lot=fact.single_lot, lots=frozenset(fact.lots), names=frozenset(fact.serials),
            )  # fmt: skip
            self.fresh.add(fact.demand)
            self.asked[fact.demand] = Told.by(event)

    def reopen(self, wishes: Sequence[WantedAgain]) -> None:
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
                self.withdrawn.setdefault(event.data.demand, event)
            elif demand.status != "WITHDRAWN":
                demand.status, demand.open = "WITHDRAWN", 0
                self.changed.add(demand.id)

    def give(self, demand: Demand, units: Sequence[Unit]) -> None:
        """Note units given; whoever does not wait is served only once."""
        demand.open -= len(units)
        if demand.single_lot and units:
            demand.lot = units[0].lot
        if demand.shortfall == "DROP":
            demand.status, demand.open = "CLOSED", 0
        self.changed.add(demand.id)

    @property
    def waiting(self) -> list[Demand]:
        """Those that want something."""
        return [demand for demand in self.known.values() if demand.open]
