"""Unit of work of one transaction: changed stock, new ledger entries, released stock and conflicts.

Quantities change only here. Balance and ledger change in one step: balances always equal the sum of the ledger.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from services.lots.balances.domain.ledger import Correction, DocumentRefs, LedgerEntry, LotChangeType, MessageContext
from services.lots.balances.domain.loaded_stock import LoadedStock
from services.lots.balances.domain.records import (
    ZERO,
    Balance,
    DemandRef,
    Hold,
    PickedQuantity,
    Pool,
    Reservation,
)
from shared.contracts.envelope import CloudEvent
from shared.contracts.lots import LotRejected
from shared.contracts.problems import Code


class EventConflict(NamedTuple):
    """An event that contradicts the stock recorded here; a supervisor resolves it."""

    event: CloudEvent[Any]
    code: Code
    detail: str
    sku: str
    ids: list[str]


@dataclass(slots=True)
class LotsUnitOfWork(LoadedStock):
    """Loaded stock with its changes."""

    ledger: list[LedgerEntry] = field(default_factory=list)
    corrections: list[Correction] = field(default_factory=list)
    conflicts: list[EventConflict] = field(default_factory=list)
    released_stock: dict[Pool, dict[tuple[str, str], MessageContext]] = field(default_factory=dict)
    """Lots and locations with released stock, by pool, with the context of the release."""

    def adjust_on_hand(
        self,
        change: LotChangeType,
        balance: Balance,
        quantity: Decimal,
        context: MessageContext,
        documents: DocumentRefs,
    ) -> None:
        """Add a quantity to the on-hand stock at a location; a negative quantity reduces it."""
        balance.on_hand += quantity
        balance.is_dirty = True
        ledger_key = (balance.sku, balance.lot, balance.warehouse, balance.location)
        self._post(change, ledger_key, (quantity, ZERO), context, documents)
        if quantity > 0:
            self.mark_released(balance, context)

    def allocate(self, balance: Balance, demand_ref: DemandRef, quantity: Decimal) -> None:
        """Allocate a quantity of a balance to a demand (S08)."""
        key = (demand_ref.demand_id, balance.lot, balance.location)
        row = self.reservations.get(key)
        if row is None:
            row = self.reservations[key] = Reservation(
                demand_id=demand_ref.demand_id, lot=balance.lot, location=balance.location, sku=balance.sku,
                order_id=demand_ref.order_id, line=demand_ref.line,
            )  # fmt: skip
        row.quantity += quantity
        balance.allocated += quantity
        row.is_dirty = balance.is_dirty = True

    def deallocate(self, row: Reservation, quantity: Decimal, context: MessageContext) -> None:
        """Return a quantity from a demand to its balance (S11)."""
        balance = self.balances[row.sku, row.lot, row.location]
        row.quantity -= quantity
        balance.allocated -= quantity
        row.is_dirty = balance.is_dirty = True
        self.mark_released(balance, context)

    def pick(self, row: Reservation, quantity: Decimal, context: MessageContext, documents: DocumentRefs) -> None:
        """Move an allocated quantity from its location to picked stock (S09)."""
        balance = self.balances[row.sku, row.lot, row.location]
        row.quantity -= quantity
        balance.allocated -= quantity
        balance.on_hand -= quantity
        key = (row.demand_id, row.lot)
        picked_row = self.picked.get(key)
        if picked_row is None:
            picked_row = self.picked[key] = PickedQuantity(
                demand_id=row.demand_id, lot=row.lot, sku=row.sku, warehouse=balance.warehouse, order_id=row.order_id,
                line=row.line,
            )  # fmt: skip
        if not picked_row.quantity:  # rows with quantity zero are not kept up to date
            picked_row.expiry, picked_row.next_expiry_check = balance.expiry, balance.next_expiry_check
        picked_row.quantity += quantity
        row.is_dirty = balance.is_dirty = picked_row.is_dirty = True
        ledger_key = (row.sku, row.lot, balance.warehouse, row.location)
        self._post(LotChangeType.PICKED, ledger_key, (-quantity, quantity), context, documents)

    def unpick(
        self, row: PickedQuantity, location: str, quantity: Decimal, context: MessageContext, documents: DocumentRefs
    ) -> Balance:
        """Move a picked quantity back to a location (S12)."""
        balance = self.get_balance(self.lots[row.sku, row.lot], location)
        row.quantity -= quantity
        balance.on_hand += quantity
        row.is_dirty = balance.is_dirty = True
        ledger_key = (row.sku, row.lot, balance.warehouse, location)
        self._post(LotChangeType.UNPICKED, ledger_key, (quantity, -quantity), context, documents)
        self.mark_released(balance, context)
        return balance

    def ship(self, row: PickedQuantity, quantity: Decimal, context: MessageContext, documents: DocumentRefs) -> None:
        """Remove a shipped quantity from picked stock (S10)."""
        row.quantity -= quantity
        row.is_dirty = True
        self._post(
            LotChangeType.SHIPPED, (row.sku, row.lot, row.warehouse, None), (ZERO, -quantity), context, documents
        )

    def _post(
        self,
        change: LotChangeType,
        ledger_key: tuple[str, str, str, str | None],
        quantities: tuple[Decimal, Decimal],
        context: MessageContext,
        documents: DocumentRefs,
    ) -> None:
        sku, lot, warehouse, location = ledger_key
        on_hand, picked = quantities
        self.ledger.append(
            LedgerEntry(
                change=change, sku=sku, lot=lot, warehouse=warehouse, location=location, on_hand=on_hand,
                picked=picked, reason=context.reason or change.description, actor=context.actor,
                occurred_at=context.occurred_at,
                recorded_at=self.now, cause_source=context.cause.source, cause_id=context.cause.id,
                **documents._asdict(),
            )
        )  # fmt: skip

    def mark_released(self, balance: Balance, context: MessageContext) -> None:
        """Note that a balance has stock to allocate, if it is in storage and not held. Shelf life is checked later."""
        if balance.is_storage and balance.unallocated > 0 and not self.is_held(balance):
            self.released_stock.setdefault((balance.sku, balance.warehouse), {})[balance.lot, balance.location] = (
                context
            )

    def unmark_released(self, hold: Hold) -> None:
        """Remove the balances under a hold from the released stock."""
        for balance in self.balances_by_lot[hold.lot_key]:
            if hold.covers(balance.location):
                self.released_stock.get((hold.sku, balance.warehouse), {}).pop((hold.lot, balance.location), None)

    def record_conflict(self, event: CloudEvent[Any], code: Code, detail: str, sku: str, lots: Iterable[str]) -> None:
        """Record a conflict between an event and the stock here."""
        self.conflicts.append(EventConflict(event, code, detail, sku, list(lots)))

    def conflict_events(self) -> list[LotRejected]:
        """Build a rejection event for each conflict."""
        return [
            LotRejected(
                actor=conflict.event.actor, cause=conflict.event.cause, kind="EVENT_CONFLICT",
                document=conflict.event.data.key(),
                rejected_type=conflict.event.type, code=conflict.code, detail=conflict.detail, sku=conflict.sku,
                ids=conflict.ids,
            )
            for conflict in self.conflicts
        ]  # fmt: skip
