"""Unit of work of one transaction: changed stock, new ledger entries, released stock.

Quantities change only here. Balance and ledger change in one step: balances always equal the sum of the ledger.
"""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal

from services.lots.balances.domain.ledger import DOCUMENT_COLUMNS, Correction, LedgerEntry, LotChangeType
from services.lots.balances.domain.loaded_stock import LoadedStock
from services.lots.balances.domain.records import (
    ZERO,
    Balance,
    DemandRef,
    Hold,
    LotInWarehouse,
    PickedQuantity,
    Reservation,
)
from shared.contracts.documents import read_documents
from shared.contracts.lots import LotRejected
from shared.inventory.demand import Pool
from shared.unit_of_work import MessageContext


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
        self.arrivals: dict[tuple[str, str], MessageContext] = {}
        """Storage locations where stock arrived, (sku, location), with the context of the last arrival."""

    def adjust_on_hand(self, change: LotChangeType, balance: Balance, quantity: Decimal) -> None:
        """Add a quantity to the on-hand stock at a location; a negative quantity reduces it."""
        if balance.key not in self.balances:
            self.balances.put(balance)
        balance.on_hand += quantity
        if quantity > 0 and self.is_staging(balance.location):
            balance.staged += quantity
        elif quantity < 0:
            put_away = -quantity if change is LotChangeType.PUT_AWAY else ZERO
            balance.staged = min(max(balance.staged - put_away, ZERO), balance.unallocated)
        self._post(change, balance, balance.location, (quantity, ZERO))
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

    def pick(self, row: Reservation, quantity: Decimal, **documents: str | None) -> None:
        """Move an allocated quantity from its location to picked stock (S09)."""
        balance = self.balances[row.sku, row.lot, row.location]
        row.quantity -= quantity
        balance.allocated -= quantity
        balance.on_hand -= quantity
        picked_row = self.picked.get((row.demand_id, row.lot))
        if picked_row is None:
            picked_row = PickedQuantity(
                demand_id=row.demand_id, lot=row.lot, sku=row.sku, warehouse=balance.warehouse, order_id=row.order_id,
                line=row.line,
            )  # fmt: skip
            self.picked.put(picked_row)
        if not picked_row.quantity:  # rows with quantity zero are not kept up to date
            picked_row.expiry, picked_row.next_expiry_check = balance.expiry, balance.next_expiry_check
        picked_row.quantity += quantity
        self._post(LotChangeType.PICKED, balance, row.location, (-quantity, quantity), **documents)

    def unpick(self, row: PickedQuantity, location: str, quantity: Decimal, **documents: str | None) -> None:
        """Move a picked quantity back to a location (S12)."""
        balance = self.get_balance(self.lots[row.sku, row.lot], location)
        if balance.key not in self.balances:
            self.balances.put(balance)
        row.quantity -= quantity
        balance.on_hand += quantity
        self._post(LotChangeType.UNPICKED, balance, location, (quantity, -quantity), **documents)
        self.mark_arrived(balance)

    def ship(self, row: PickedQuantity, quantity: Decimal, **documents: str | None) -> None:
        """Remove a shipped quantity from picked stock (S10)."""
        row.quantity -= quantity
        self._post(LotChangeType.SHIPPED, row, None, (ZERO, -quantity), **documents)

    def _post(
        self,
        change: LotChangeType,
        stock: Balance | PickedQuantity,
        location: str | None,
        quantities: tuple[Decimal, Decimal],
        **documents: str | None,
    ) -> None:
        on_hand, picked = quantities
        event = self.event
        self.ledger.append(
            LedgerEntry(
                change=change, sku=stock.sku, lot=stock.lot, warehouse=stock.warehouse, location=location,
                on_hand=on_hand, picked=picked, reason=self.reason or change.description, actor=event.actor,
                occurred_at=event.time, recorded_at=self.now, cause_source=event.source, cause_id=event.id,
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
