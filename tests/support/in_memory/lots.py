"""The lots service in memory: the contents of its tables and the rules behind its handlers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from services.lots.balances.domain import adjustments, dates, holds, movements, receipts, returns
from services.lots.balances.domain.ledger import Correction, DocumentRefs, LedgerEntry, MessageContext
from services.lots.balances.domain.records import (
    ZERO,
    Balance,
    BalanceKey,
    DemandRef,
    Hold,
    Lot,
    LotKey,
    PickedQuantity,
    Reservation,
    TrackedRow,
)
from services.lots.balances.domain.results import CommandOutcome
from services.lots.balances.domain.unit_of_work import EventConflict, LotsUnitOfWork
from shared.contracts.commands.lots import (
    AdjustLot,
    CorrectLotDates,
    CountLot,
    MoveLot,
    PlaceLotHold,
    PutAwayLot,
    ReleaseLotHold,
)
from shared.contracts.envelope import Causation, CloudEvent, Message
from shared.contracts.receiving import ReceiptLotsReceived, ReturnLotsDisposed, ReturnLotsReceived
from shared.contracts.reference import Tracking
from tests.support.events import NOW, to_event
from tests.support.messages.lots import LOCATION_TYPES

Rule = Callable[[LotsUnitOfWork, Any], Sequence[CommandOutcome] | Sequence[Message]]
RULES: Mapping[type[Message], Rule] = {
    ReceiptLotsReceived: receipts.receive,
    ReturnLotsReceived: returns.receive_return,
    ReturnLotsDisposed: returns.dispose_return,
    PutAwayLot: movements.put_away,
    MoveLot: movements.move,
    AdjustLot: adjustments.adjust,
    CountLot: adjustments.count,
    PlaceLotHold: holds.place_holds,
    ReleaseLotHold: holds.release_holds,
    CorrectLotDates: dates.correct_dates,
}
CONTEXT = MessageContext("anna", NOW, Causation(source="test", id="m0"))


@dataclass
class InMemoryLots:
    """The contents of the tables and all published events."""

    tracking: Mapping[str, Tracking] = field(default_factory=lambda: {"A-1": "LOT"})
    lots: dict[LotKey, Lot] = field(default_factory=dict)
    balances: dict[BalanceKey, Balance] = field(default_factory=dict)
    reservations: dict[tuple[str, str, str], Reservation] = field(default_factory=dict)
    picked: dict[tuple[str, str], PickedQuantity] = field(default_factory=dict)
    holds: dict[LotKey, list[Hold]] = field(default_factory=dict)
    ledger: list[LedgerEntry] = field(default_factory=list)
    corrections: list[Correction] = field(default_factory=list)
    conflicts: list[EventConflict] = field(default_factory=list)
    published: list[Message] = field(default_factory=list)

    def new_unit_of_work(self) -> LotsUnitOfWork:
        """Return a unit of work with everything loaded."""
        allocating_orders: dict[BalanceKey, list[str]] = {}
        for row in self.reservations.values():
            if row.quantity:
                allocating_orders.setdefault((row.sku, row.lot, row.location), []).append(row.order_id)
        same_numbered_lots: dict[str, list[str]] = {}
        for sku, lot in self.lots:
            same_numbered_lots.setdefault(lot, []).append(sku)
        return LotsUnitOfWork(
            NOW, self.lots, self.balances, self.reservations, self.picked, self.holds,
            LOCATION_TYPES, self.tracking, allocating_orders, same_numbered_lots,
        )  # fmt: skip

    def store(self, uow: LotsUnitOfWork) -> None:
        """Save a unit of work."""
        for key in [key for key, row in self.balances.items() if row.is_new and not row.is_dirty]:
            del self.balances[key]
        rows: list[TrackedRow] = [*self.lots.values(), *self.balances.values(), *self.reservations.values()]
        for row in [*rows, *self.picked.values(), *(hold for lot_holds in self.holds.values() for hold in lot_holds)]:
            row.is_new = row.is_dirty = False
        self.ledger += uow.ledger
        self.corrections += uow.corrections
        self.conflicts += uow.conflicts

    def handle(self, *payloads: Message) -> Any:
        """Process messages of one type as one batch; return the results of the rule."""
        return self.handle_events([to_event(payload) for payload in payloads])

    def handle_events(self, events: Sequence[CloudEvent[Any]]) -> Any:
        """Process a batch of events; return the results of the rule."""
        uow = self.new_unit_of_work()
        outcomes = RULES[type(events[0].data)](uow, events)
        for outcome in outcomes:
            self.published += outcome.events if isinstance(outcome, CommandOutcome) else [outcome]
        self.store(uow)
        return outcomes

    def rejection_codes(self, *requests: Message) -> list[str | None]:
        """Process commands; return the rejection code of each, or `None`."""
        return [str(outcome.violation.code) if outcome.violation else None for outcome in self.handle(*requests)]

    def allocate(self, key: BalanceKey, demand_ref: DemandRef, quantity: Decimal) -> None:
        """Allocate a quantity of a balance to a demand."""
        uow = self.new_unit_of_work()
        uow.allocate(self.balances[key], demand_ref, quantity)
        self.store(uow)

    def pick(self, row: Reservation, quantity: Decimal) -> None:
        """Pick a quantity of a reservation."""
        uow = self.new_unit_of_work()
        uow.pick(row, quantity, CONTEXT, DocumentRefs(order_id=row.order_id, line=row.line, demand_id=row.demand_id))
        self.store(uow)

    def quantities_at(self, lot: str, location: str, sku: str = "A-1") -> tuple[Decimal, Decimal]:
        """The quantities on hand and allocated of a lot at a location."""
        balance = self.balances.get((sku, lot, location))
        return (balance.on_hand, balance.allocated) if balance else (ZERO, ZERO)

    def events_of(self, event_type: type[Message]) -> list[Any]:
        """The published events of one type."""
        return [event for event in self.published if isinstance(event, event_type)]
