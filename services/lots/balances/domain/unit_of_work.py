"""Unit of work of one transaction: changed stock, new ledger entries, released stock.

Quantities change only here. Balance and ledger change in one step: balances always equal the sum of the ledger.
"""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from services.lots.balances.domain.ledger import DOCUMENT_COLUMNS, Correction, LedgerEntry, LotChangeType
from services.lots.balances.domain.loaded_stock import LoadedStock
from services.lots.balances.domain.records import (
    ZERO,
    Balance,
    BalanceKey,
    DemandRef,
    Hold,
    LotInWarehouse,
    PickedQuantity,
    Reservation,
    Settlement,
    Variance,
)
from shared.contracts.documents import read_documents
from shared.contracts.lots import AffectedLot, LotRejected, LotVarianceChanged
from shared.inventory.demand import Pool
from shared.unit_of_work import MessageContext


class MissingStock(NamedTuple):
    """Stock of orders that is missing at a location, with context and reason of the first message that said so."""

    context: MessageContext
    reason: str
    picked: list[AffectedLot]


LocationChange = tuple[str | None, Decimal]
"""A location and the change of the quantity there."""

NO_CHANGE: LocationChange = (None, ZERO)


class LotsUnitOfWork(LoadedStock):
    """Loaded stock with its changes."""

    rejection_type = LotRejected

    def __init__(self, now: datetime, ids: Iterator[str]) -> None:
        super().__init__(now, ids)
        self.ledger: list[LedgerEntry] = []
        self.corrections: list[Correction] = []
        self.next_checks: dict[LotInWarehouse, date] = {}
        """Dates of the next expiry checks."""
        self.skus_to_check: set[str] = set()
        """Products whose expiry checks become due at once."""
        self.released_stock: dict[Pool, dict[tuple[str, str], MessageContext]] = {}
        """Lots and locations with released stock, by pool, with the context of the release."""
        self.on_hand_changes: dict[tuple[BalanceKey, datetime], Decimal] = {}
        """Stored changes of the on-hand quantity of balances after the time of a report."""
        self.missing_stock: dict[BalanceKey, MissingStock] = {}
        """Balances with missing stock of orders."""
        self.arrivals: dict[tuple[str, str], MessageContext] = {}
        """Storage locations where stock arrived, (sku, location), with the context of the last arrival."""

    def adjust_on_hand(self, change: LotChangeType, balance: Balance, quantity: Decimal) -> None:
        """Add a quantity to the on-hand stock at a location; a negative quantity reduces it."""
        if balance.key not in self.balances:
            self.balances.put(balance)
        self._change_on_hand(change, balance, quantity)
        self._post(change, balance, (balance.location, quantity), NO_CHANGE)
        if quantity > 0:
            self.mark_arrived(balance)

    def allocate(self, balance: Balance, demand_ref: DemandRef, quantity: Decimal) -> None:
        """Allocate a quantity of a balance to a demand (S08)."""
        row = self.reservations.get((demand_ref.demand_id, balance.lot, balance.location))
        if row is None:
            row = Reservation(
                demand_id=demand_ref.demand_id, lot=balance.lot, location=balance.location, sku=balance.sku,
                order_id=demand_ref.order_id, line=demand_ref.line,
            )  # fmt: skip
            self.reservations.put(row)
        row.quantity += quantity
        balance.allocated += quantity

    def deallocate(self, row: Reservation, quantity: Decimal) -> None:
        """Return a quantity from a demand to its balance (S11)."""
        balance = self.balances[row.sku, row.lot, row.location]
        row.quantity -= quantity
        balance.allocated -= quantity
        self.mark_released(balance)

    def pick(self, row: Reservation, quantity: Decimal, location: str, **documents: str | None) -> None:
        """Move an allocated quantity from its location to picked stock at a staging location (S09)."""
        balance = self.balances[row.sku, row.lot, row.location]
        row.quantity -= quantity
        balance.allocated -= quantity
        self._change_on_hand(LotChangeType.PICKED, balance, -quantity)
        picked_row = self.picked.get((row.demand_id, row.lot, location))
        if picked_row is None:
            picked_row = PickedQuantity(
                demand_id=row.demand_id, lot=row.lot, location=location, sku=row.sku, warehouse=balance.warehouse,
                order_id=row.order_id, line=row.line,
            )  # fmt: skip
            self.picked.put(picked_row)
        if not picked_row.quantity:  # rows with quantity zero are not kept up to date
            picked_row.expiry, picked_row.next_expiry_check = balance.expiry, balance.next_expiry_check
        picked_row.quantity += quantity
        self._post(LotChangeType.PICKED, balance, (row.location, -quantity), (location, quantity), **documents)
        if balance.unallocated < 0:  # another pick took what was left for this one
            self.mark_missing(balance)

    def unpick(self, row: PickedQuantity, location: str, quantity: Decimal, **documents: str | None) -> None:
        """Move a picked quantity back to a location (S12)."""
        balance = self.get_balance(self.lots[row.sku, row.lot], location)
        if balance.key not in self.balances:
            self.balances.put(balance)
        row.quantity -= quantity
        self._change_on_hand(LotChangeType.UNPICKED, balance, quantity)
        self._post(LotChangeType.UNPICKED, balance, (location, quantity), (row.location, -quantity), **documents)
        self.mark_arrived(balance)

    def ship(self, row: PickedQuantity, quantity: Decimal, **documents: str | None) -> None:
        """Remove a shipped quantity from picked stock (S10)."""
        row.quantity -= quantity
        self._post(LotChangeType.SHIPPED, row, NO_CHANGE, (row.location, -quantity), **documents)

    def lose_picked(self, row: PickedQuantity, quantity: Decimal, **documents: str | None) -> None:
        """Remove a lost quantity from picked stock."""
        row.quantity -= quantity
        self._post(LotChangeType.LOST, row, NO_CHANGE, (row.location, -quantity), **documents)

    def mark_missing(self, balance: Balance, *picked: AffectedLot) -> None:
        """Note that stock of orders is missing at a location: what is allocated above the stock there, or picked."""
        mark = self.missing_stock.setdefault(balance.key, MissingStock(self.context, self.reason, []))
        mark.picked.extend(picked)

    def _change_on_hand(self, change: LotChangeType, balance: Balance, quantity: Decimal) -> None:
        balance.on_hand += quantity
        self._change_staged(change, balance, quantity)
        if balance.missing:
            self._update_missing(change, balance, quantity)

    def _change_staged(self, change: LotChangeType, balance: Balance, quantity: Decimal) -> None:
        """Adapt the quantity that is not put away: arrivals at docks add to it, putaways take from it first."""
        if quantity > 0:
            if change is not LotChangeType.UNPICKED and self.is_staging(balance.location):
                balance.staged += quantity
        elif balance.staged:
            put_away = -quantity if change is LotChangeType.PUT_AWAY else ZERO
            balance.staged = max(min(balance.staged - put_away, balance.on_hand - balance.allocated), ZERO)

    def _update_missing(self, change: LotChangeType, balance: Balance, quantity: Decimal) -> None:
        """Adapt the quantity under investigation to a movement: it never exceeds the on-hand quantity.

        Lost stock was missing. A movement before a report of what remains is part of the reported difference.
        """
        reports = [row for row in self.variances_by_balance[balance.key] if row.missing and row.remaining is not None]
        is_earlier = any(self.event.time < report.reported_at for report in reports)
        missing = balance.missing + quantity if is_earlier or change is LotChangeType.LOST else balance.missing
        missing = max(min(missing, balance.on_hand), ZERO)
        if missing > balance.missing:
            self.add_missing(balance, reports[-1], missing - balance.missing)
        elif missing < balance.missing:
            settlement: Settlement = "LOST" if change is LotChangeType.LOST else "SUPERSEDED"
            self.reduce_missing(balance, balance.missing - missing, settlement)

    def add_missing(self, balance: Balance, variance: Variance, quantity: Decimal) -> None:
        """Add a quantity to a variance: it stays on hand, but is not allocated."""
        variance.missing += quantity
        balance.missing += quantity
        self._emit_missing(balance)

    def reduce_missing(self, balance: Balance, quantity: Decimal, settlement: Settlement) -> None:
        """End the investigation of a quantity; the oldest variances end first."""
        balance.missing -= quantity
        for variance in self.variances_by_balance[balance.key]:
            ended = min(variance.missing, quantity)
            variance.missing -= ended
            quantity -= ended
            if ended and not variance.missing:
                self.settle(variance, settlement)
        self._emit_missing(balance)
        self.mark_released(balance)

    def settle(self, variance: Variance, settlement: Settlement) -> None:
        """End a variance."""
        variance.settled_by, variance.settled_at, variance.settlement = self.event.actor, self.event.time, settlement

    def _emit_missing(self, balance: Balance) -> None:
        self.emit(
            LotVarianceChanged, sku=balance.sku, lot=balance.lot, location=balance.location, missing=balance.missing,
            reason=self.reason,
        )  # fmt: skip

    def _post(
        self,
        change: LotChangeType,
        stock: Balance | PickedQuantity,
        on_hand: LocationChange,
        picked: LocationChange,
        /,
        **documents: str | None,
    ) -> None:
        event = self.event
        self.ledger.append(
            LedgerEntry(
                change=change, sku=stock.sku, lot=stock.lot, warehouse=stock.warehouse, location=on_hand[0],
                on_hand=on_hand[1], picked_location=picked[0], picked=picked[1],
                reason=self.reason or change.description, actor=event.actor, occurred_at=event.time,
                recorded_at=self.now, cause_source=event.source, cause_id=event.id,
                **read_documents(event.data, DOCUMENT_COLUMNS) | documents,
            )
        )  # fmt: skip

    def mark_arrived(self, balance: Balance) -> None:
        """Note that stock of a lot arrived at a location."""
        if balance.is_storage:
            self.arrivals[balance.sku, balance.location] = self.context
        self.mark_released(balance)

    def mark_released(self, balance: Balance) -> None:
        """Note that a balance has stock to allocate, if it is in storage and not held. Shelf life is checked later."""
        if balance.allocatable > 0 and not self.is_held(balance):
            released = self.released_stock.setdefault((balance.sku, balance.warehouse), {})
            released[balance.lot, balance.location] = self.context

    def unmark_released(self, hold: Hold) -> None:
        """Remove the balances under a hold from the released stock."""
        for balance in self.balances_by_lot[hold.lot_key]:
            if hold.covers(balance.location):
                self.released_stock.get((hold.sku, balance.warehouse), {}).pop((hold.lot, balance.location), None)
