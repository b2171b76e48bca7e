"""A house of counted goods in memory: what the tables would hold, and the rules that the handlers would call."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from services.lots.balances.domain import arrivals, counts, dates, holds, places, returns
from services.lots.balances.domain.book import Book, Misfit
from services.lots.balances.domain.refusals import Outcome
from services.lots.balances.domain.stock import (
    NOTHING,
    Balance,
    Claim,
    Correction,
    Entry,
    Hold,
    Key,
    Lot,
    LotKey,
    Papers,
    Picked,
    Reserved,
    Told,
    Working,
)
from shared.contracts.commands.lots import AdjustLot, CorrectLot, CountLot, HoldLot, LiftLot, MoveLot, PutAwayLot
from shared.contracts.envelope import Cause, CloudEvent, Fact
from shared.contracts.receiving import StockDisposed, StockReceived, StockReturned
from shared.contracts.reference import Tracking
from tests.unit.lots.making import PLACES
from tests.unit.serials.making import DAWN, told

Rule = Callable[[Book, Any], Sequence[Outcome] | Sequence[Fact]]
RULES: Mapping[type[Fact], Rule] = {
    StockReceived: arrivals.received,
    StockReturned: returns.returned,
    StockDisposed: returns.disposed,
    PutAwayLot: places.put_away,
    MoveLot: places.move,
    AdjustLot: counts.adjust,
    CountLot: counts.count,
    HoldLot: holds.hold,
    LiftLot: holds.lift,
    CorrectLot: dates.correct,
}
FLOOR = Told("anna", DAWN, Cause(source="test", id="floor"))


@dataclass
class House:
    """What the tables would hold, and everything that was said."""

    tracking: Mapping[str, Tracking] = field(default_factory=lambda: {"A-1": "LOT"})
    lots: dict[LotKey, Lot] = field(default_factory=dict)
    balances: dict[Key, Balance] = field(default_factory=dict)
    reserved: dict[tuple[str, str, str], Reserved] = field(default_factory=dict)
    picked: dict[tuple[str, str], Picked] = field(default_factory=dict)
    holds: dict[LotKey, list[Hold]] = field(default_factory=dict)
    ledger: list[Entry] = field(default_factory=list)
    corrections: list[Correction] = field(default_factory=list)
    misfits: list[Misfit] = field(default_factory=list)
    said: list[Fact] = field(default_factory=list)

    def book(self) -> Book:
        """Open a book in which everything is loaded."""
        claims: dict[Key, list[str]] = {}
        for row in self.reserved.values():
            if row.quantity:
                claims.setdefault((row.sku, row.lot, row.location), []).append(row.order_id)
        namesakes: dict[str, list[str]] = {}
        for sku, lot in self.lots:
            namesakes.setdefault(lot, []).append(sku)
        return Book(
            DAWN, self.lots, self.balances, self.reserved, self.picked, self.holds,
            PLACES, self.tracking, claims, namesakes,
        )  # fmt: skip

    def keep(self, book: Book) -> None:
        """Write a book."""
        for key in [key for key, row in self.balances.items() if row.fresh and not row.changed]:
            del self.balances[key]
        rows: list[Working] = [*self.lots.values(), *self.balances.values(), *self.reserved.values()]
        for row in [*rows, *self.picked.values(), *(it for its in self.holds.values() for it in its)]:
            row.fresh = row.changed = False
        self.ledger += book.ledger
        self.corrections += book.corrections
        self.misfits += book.misfits

    def hear(self, *facts: Fact) -> Any:
        """Take messages of one type in as one batch; give what the rule gave."""
        return self.take([told(fact) for fact in facts])

    def take(self, events: Sequence[CloudEvent[Any]]) -> Any:
        """Take a batch in: decide, keep."""
        book = self.book()
        outcomes = RULES[type(events[0].data)](book, events)
        for it in outcomes:
            self.said += it.facts if isinstance(it, Outcome) else [it]
        self.keep(book)
        return outcomes

    def codes(self, *requests: Fact) -> list[str | None]:
        """Ask for something; give what each was refused with."""
        return [str(it.refusal.code) if it.refusal else None for it in self.hear(*requests)]

    def reserve(self, key: Key, claim: Claim, quantity: Decimal) -> None:
        """Let an order have so much, as allocation would."""
        book = self.book()
        book.reserve(self.balances[key], claim, quantity)
        self.keep(book)

    def pick(self, row: Reserved, quantity: Decimal) -> None:
        """Take what an order has from its place."""
        book = self.book()
        book.pick(row, quantity, FLOOR, Papers(order_id=row.order_id, line=row.line, demand=row.demand))
        self.keep(book)

    def at(self, lot: str, location: str, sku: str = "A-1") -> tuple[Decimal, Decimal]:
        """How much of a lot is on hand and allocated at a place."""
        found = self.balances.get((sku, lot, location))
        return (found.on_hand, found.allocated) if found else (NOTHING, NOTHING)

    def saying(self, kind: type[Fact]) -> list[Any]:
        """What was said of one kind."""
        return [fact for fact in self.said if isinstance(fact, kind)]
