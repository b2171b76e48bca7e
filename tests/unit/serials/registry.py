"""The registry without its tables: the same rules on dictionaries, for tests that play a whole life."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from services.serials.allocation.domain.answers import answered
from services.serials.allocation.domain.demand import Demand, Demands
from services.serials.allocation.domain.serve import serve
from services.serials.allocation.domain.skipped import skipped
from services.serials.units.domain import (
    adjustments,
    arrivals,
    corrections,
    dispatch,
    events,
    expiry,
    holds,
    orders,
    places,
    recalls,
)
from services.serials.units.domain.book import Book, Misfit
from services.serials.units.domain.expiry import UnitsDue
from services.serials.units.domain.limits import Limits, LimitsOf
from services.serials.units.domain.refusals import Outcome
from services.serials.units.domain.scopes import Scope, ScopeKey
from services.serials.units.domain.transitions import Change
from services.serials.units.domain.unit import Key, Told, Unit
from shared.contracts.commands.serials import Adjust, Correct, Hold, Lift, Move, PutAway
from shared.contracts.envelope import CloudEvent, Fact
from shared.contracts.fulfillment import (
    AllocationRequested,
    AllocationWithdrawn,
    DispatchDone,
    DispatchRequested,
    UnitDeallocated,
    UnitPicked,
    UnitUnpicked,
)
from shared.contracts.lots import RecallOpened
from shared.contracts.receiving import ReceiptPlanned, ReceiptWithdrawn, ReturnDisposed, UnitReceived, UnitReturned
from shared.contracts.reference import ProductChanged
from shared.contracts.upstream import LifePolicy
from tests.unit.serials.making import DAWN, OUT, SHELF, TYPES, names, of, receive, told, want

Messages = list[CloudEvent[Any]]
Decide = Callable[[Book, Demands, LimitsOf, Messages], Any]


def _reopening(decide: Callable[..., Any]) -> Decide:
    return lambda book, demands, _, messages: demands.reopen(decide(book, messages))


def _withdrawn(book: Book, demands: Demands, _: LimitsOf, messages: Messages) -> None:
    demands.withdraw(messages)
    orders.released(book, messages)


DECIDE: dict[type[Fact], Decide] = {
    ReceiptPlanned: lambda book, _, __, messages: arrivals.planned(book, messages),
    ReceiptWithdrawn: lambda book, _, __, messages: arrivals.withdrawn(book, messages),
    UnitReceived: lambda book, _, __, messages: arrivals.received(book, messages),
    UnitReturned: lambda book, _, __, messages: arrivals.returned(book, messages),
    UnitPicked: lambda book, _, __, messages: orders.picked(book, messages),
    DispatchRequested: lambda book, _, limits, messages: dispatch.checked(book, messages, limits, DAWN),
    DispatchDone: lambda book, _, limits, messages: orders.dispatched(book, messages, limits),
    Move: lambda book, _, __, messages: places.move(book, messages, TYPES),
    Hold: lambda book, _, __, messages: holds.hold(book, messages),
    UnitsDue: lambda book, _, limits, messages: expiry.swept(book, messages, limits),
    RecallOpened: lambda book, _, __, messages: recalls.opened(book, messages),
}
SERVING: dict[type[Fact], Decide] = {
    ReturnDisposed: lambda book, _, __, messages: arrivals.disposed(book, messages),
    AllocationRequested: lambda _, demands, __, messages: demands.open(messages),
    AllocationWithdrawn: _withdrawn,
    UnitDeallocated: _reopening(orders.deallocated),
    UnitUnpicked: _reopening(orders.unpicked),
    PutAway: lambda book, _, __, messages: places.put_away(book, messages, TYPES),
    Lift: lambda book, _, __, messages: holds.lift(book, messages),
    ProductChanged: lambda *_: None,
    Correct: lambda book, _, limits, messages: corrections.correct(book, messages, limits),
    Adjust: lambda book, _, __, messages: adjustments.adjust(book, messages, TYPES),
}


class Row(NamedTuple):
    """An audit row."""

    key: Key
    version: int
    change: Change
    from_status: str | None
    status: str
    from_location: str | None
    location: str | None


@dataclass
class Registry:
    """What the tables would hold, and everything that was said."""

    units: dict[Key, Unit] = field(default_factory=dict)
    demands: dict[str, Demand] = field(default_factory=dict)
    withdrawn: set[str] = field(default_factory=set)
    held: dict[tuple[str, str], dict[Key, Unit]] = field(default_factory=dict)
    of_returns: dict[tuple[str, str], str] = field(default_factory=dict)
    scopes: dict[ScopeKey, Scope] = field(default_factory=dict)
    scopes_over: set[ScopeKey] = field(default_factory=set)
    audit: list[Row] = field(default_factory=list)
    misfits: list[Misfit] = field(default_factory=list)
    said: list[Fact] = field(default_factory=list)
    now: datetime = DAWN
    life: LifePolicy = field(default_factory=LifePolicy)

    def hear(self, *facts: Fact) -> Any:
        """Take messages of one type in as one batch; give what the rule gave."""
        return self.take([told(fact) for fact in facts])

    def take(self, messages: Messages) -> Any:
        """Take a batch in: decide, serve where the service would, keep."""
        kind = type(messages[0].data)
        book = Book(self.units, held=self.held, of_returns=self.of_returns, scopes=self.scopes)
        book.scopes_over = self.scopes_over
        demands = Demands(known=self.demands)
        if kind is AllocationRequested:  # the table remembers what was withdrawn before it was asked for
            messages = [message for message in messages if message.data.demand not in self.withdrawn]
        limits = {unit.pool: Limits.on(self.now, life=self.life) for unit in self.units.values() if unit.expiry}
        given: list[Fact] = []
        if kind is ProductChanged:
            self.life = messages[-1].data.life
            limits = {pool: limit._replace(life=self.life) for pool, limit in limits.items()}
            book.freed = {demand.pool: {demand.pool: Told.by(messages[-1])} for demand in demands.waiting}
        if kind in SERVING:
            outcome = SERVING[kind](book, demands, limits, messages)
            acts = serve(book, demands, limits)
            given = [*answered(acts, skipped(book, acts, {}, limits))]
        else:
            outcome = DECIDE[kind](book, demands, limits, messages)
        self._keep(book, demands)
        self.said += [fact for _, fact in events.told(book)] + given
        return outcome

    def _keep(self, book: Book, demands: Demands) -> None:
        for key in [key for key, unit in self.units.items() if unit.status is None]:
            del self.units[key]
        self.scopes_over |= {scope.key for scope, _ in book.lifted_scopes}
        self.withdrawn |= demands.withdrawn.keys()
        self.misfits += book.misfits
        self.audit += [
            Row(
                it.unit.key,
                it.version,
                book.acts[it.act].change,
                it.from_status,
                it.status,
                it.from_location,
                it.location,
            )
            for it in book.steps
        ]

    def saying(self, kind: type[Fact]) -> list[Any]:
        """What was said of one kind."""
        return [fact for fact in self.said if isinstance(fact, kind)]

    def status(self, serial: str, sku: str = "A-1") -> str | None:
        """Where a unit stands."""
        unit = self.units.get((sku, serial))
        return unit.status if unit else None


def codes(outcomes: Iterable[Outcome]) -> list[list[str]]:
    """The codes that each request was refused with."""
    return [[str(refusal.code) for refusal in outcome.refusals] for outcome in outcomes]


def stocked(count: int) -> Registry:
    """A registry with so many units in storage."""
    registry = Registry()
    registry.hear(receive(names(count)))
    registry.hear(PutAway(sku="A-1", serials=names(count), location=SHELF))
    return registry


def picked(count: int) -> Registry:
    """A registry with so many units picked for one order."""
    registry = stocked(count)
    registry.hear(want("D1", count))
    registry.hear(UnitPicked(**of("D1", names(count)), location=OUT))
    return registry
