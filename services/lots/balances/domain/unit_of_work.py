"""Unit of work of one transaction. Quantities change only here, always together with the ledger."""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal

from services.lots.balances.domain.counted_stock import CountedStock
from services.lots.balances.domain.ledger import DOCUMENT_COLUMNS, Correction, LaterChange, LedgerEntry, LotChangeType
from services.lots.balances.domain.records import (
    ZERO,
    Balance,
    BalanceKey,
    DemandRef,
    LotInWarehouse,
    PickedQuantity,
    Reservation,
    Settlement,
    ShippedQuantity,
    join_lots,
    split_quantity,
)
from shared.contracts.documents import read_documents
from shared.contracts.lot_balances import LotAdjusted
from shared.contracts.lots import AffectedLot, LotRejected
from shared.unit_of_work import MessageContext

LocationChange = tuple[str | None, Decimal]
"""A location and the change of the quantity there."""

NO_CHANGE: LocationChange = (None, ZERO)


class LotsUnitOfWork(CountedStock):
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
        self.later_changes: dict[tuple[BalanceKey, datetime], list[LaterChange]] = {}
        """Stored changes at a location after the time of a count, or of a movement from before a count."""
        self.shipped: list[ShippedQuantity] = []
        """What left under the wrong lot numbers of commands."""
        self.on_hand_changes: dict[tuple[BalanceKey, datetime], Decimal] = {}
        """Stored changes of the on-hand quantity of balances after the time of a report."""

    def adjust_on_hand(
        self, change: LotChangeType, balance: Balance, quantity: Decimal, **documents: str | None
    ) -> None:
        """Add a quantity to the on-hand stock at a location; a negative quantity reduces it."""
        if balance.key not in self.balances:
            self.balances.put(balance)
        self._change_on_hand(change, balance, quantity)
        self._post(change, balance, (balance.location, quantity), NO_CHANGE, **documents)
        if quantity > 0:
            self.mark_arrived(balance)
        self._keep_counted(balance, quantity)

    def allocate(
        self, balance: Balance, demand_ref: DemandRef, quantity: Decimal, context: MessageContext | None = None
    ) -> None:
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
        self.mark_changed(balance, context)

    def deallocate(self, row: Reservation, quantity: Decimal) -> None:
        """Return a quantity from a demand to its balance (S11)."""
        balance = self.balances[row.sku, row.lot, row.location]
        row.quantity -= quantity
        balance.allocated -= quantity
        self.mark_changed(balance)
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
        staged = self.get_balance(self.lots[row.sku, row.lot], location)
        if staged.key not in self.balances:
            self.balances.put(staged)
        if row.former_lots:
            picked_row.former_lots = join_lots(picked_row.former_lots, row.former_lots)
        self._change_picked(picked_row, quantity)
        self._post(LotChangeType.PICKED, balance, (row.location, -quantity), (location, quantity), **documents)
        self._keep_counted(balance, -quantity)
        self._keep_counted_with_picked(picked_row, quantity)
        if balance.unallocated < 0:  # another pick took what was left for this one
            self.mark_missing(balance)

    def unpick(self, row: PickedQuantity, location: str, quantity: Decimal, **documents: str | None) -> None:
        """Move a picked quantity back to a location (S12)."""
        balance = self.get_balance(self.lots[row.sku, row.lot], location)
        if balance.key not in self.balances:
            self.balances.put(balance)
        self._change_picked(row, -quantity)
        self._change_on_hand(LotChangeType.UNPICKED, balance, quantity)
        self._post(LotChangeType.UNPICKED, balance, (location, quantity), (row.location, -quantity), **documents)
        self.mark_arrived(balance)
        self._keep_counted(balance, quantity)
        self._keep_counted_with_picked(row, -quantity)

    def ship(self, row: PickedQuantity, quantity: Decimal, **documents: str | None) -> None:
        """Remove a shipped quantity from picked stock (S10)."""
        self.adjust_picked(LotChangeType.SHIPPED, row, -quantity, **documents)

    def adjust_picked(
        self, change: LotChangeType, row: PickedQuantity, quantity: Decimal, **documents: str | None
    ) -> None:
        """Add a quantity to picked stock; a negative quantity reduces it."""
        self._change_picked(row, quantity)
        self._post(change, row, NO_CHANGE, (row.location, quantity), **documents)
        self._keep_counted_with_picked(row, quantity)

    def post_shipped(self, change: LotChangeType, row: ShippedQuantity, quantity: Decimal, other_lot: str) -> None:
        """Post a change of what has shipped, which is no stock any more."""
        self._post(
            change, row, NO_CHANGE, (None, quantity), order_id=row.order_id, line=row.line, demand_id=row.demand_id,
            shipment=row.shipment, customer=row.customer, other_lot=other_lot,
        )  # fmt: skip

    def lose_picked(self, row: PickedQuantity, quantity: Decimal, **documents: str | None) -> None:
        """Remove a lost quantity from picked stock; the count that did not find it is not changed by that."""
        self._change_picked(row, -quantity)
        balance = self.balances.get((row.sku, row.lot, row.location))
        counted_at = balance.counted_at if balance else None
        self._post(LotChangeType.LOST, row, NO_CHANGE, (row.location, -quantity), counted_at, **documents)
        found = quantity - min(row.missing, quantity)
        row.missing -= quantity - found
        if found and balance and counted_at:
            self._revise_count(balance, found)

    def adjust_counted(self, balance: Balance, quantity: Decimal, counted_at: datetime) -> None:
        """Add the difference of a count to the on-hand stock, at the time of the count."""
        change = LotChangeType.COUNT_GAIN if quantity > 0 else LotChangeType.COUNT_LOSS
        balance.on_hand += quantity
        self.mark_changed(balance)
        self._change_staged(change, balance, quantity)
        balance.staged = max(min(balance.staged, balance.on_hand), ZERO)
        if balance.missing > balance.on_hand:
            self.reduce_missing(balance, balance.missing - balance.on_hand, "COUNTED")
        self._post(change, balance, (balance.location, quantity), NO_CHANGE, counted_at)
        for portion in split_quantity(abs(quantity)):
            self.emit(
                LotAdjusted, sku=balance.sku, lot=balance.lot, location=balance.location, quantity=portion,
                adjustment=change.value, reason=self.reason or change.description, scan=self.scan,
            )  # fmt: skip
        if quantity > 0:
            self.mark_arrived(balance)

    def mark_picked_missing(self, row: PickedQuantity, quantity: Decimal) -> None:
        """Note that a count did not find a picked quantity."""
        row.missing += quantity
        self.mark_missing(
            self.balances[row.sku, row.lot, row.location],
            AffectedLot(lot=row.lot, quantity=quantity, order=row.order_id, line=row.line, demand_id=row.demand_id),
        )

    def _keep_counted(self, balance: Balance, change: Decimal) -> None:
        """Keep the counted quantity after a movement from before the count, or of more than was counted."""
        if balance.counted_at is None:
            return
        if balance.was_counted_after(self.event.time):
            self._revise_count(balance, -min(change, self._writable(balance)))
        elif balance.on_hand < 0:
            self._revise_count(balance, -balance.on_hand)

    def _keep_counted_with_picked(self, row: PickedQuantity, change: Decimal) -> None:
        """Do the same after a change of picked stock, which is counted at its location, too."""
        balance = self.balances.get((row.sku, row.lot, row.location))
        if balance is None or not balance.was_counted_after(self.event.time):
            found = max(row.missing - row.quantity, ZERO)
            row.missing -= found
            if balance is not None:
                self.revise_variance(balance, found)
        elif change < 0:
            found = min(row.missing, -change)
            row.missing -= found
            self.revise_variance(balance, found)
            self._revise_count(balance, -change - found)
        else:
            replaced = min(change, self._writable(balance))
            self._revise_count(balance, -replaced)
            if missing := change - replaced:
                self.revise_variance(balance, -missing)
                self.mark_picked_missing(row, missing)

    def _writable(self, balance: Balance) -> Decimal:
        """Return the on-hand quantity that a count may take: returned stock waits for its disposition."""
        return max(balance.on_hand - self.pending_returns(balance), ZERO)

    def _revise_count(self, balance: Balance, quantity: Decimal) -> None:
        """Change the variance of the count that the message concerns and what it added to the on-hand stock."""
        if quantity and (counted_at := self.concerned_count(balance)):
            self.revise_variance(balance, quantity)
            self.adjust_counted(balance, quantity, counted_at)

    def _change_picked(self, row: PickedQuantity, quantity: Decimal) -> None:
        """Change a picked quantity; without a known location it belongs to no balance."""
        row.quantity += quantity
        if balance := self.balances.get((row.sku, row.lot, row.location)):
            balance.picked += quantity
            self.mark_changed(balance)

    def _change_on_hand(self, change: LotChangeType, balance: Balance, quantity: Decimal) -> None:
        balance.on_hand += quantity
        self.mark_changed(balance)
        self._change_staged(change, balance, quantity)
        # A count that has the movement in it takes it back.
        if balance.missing and not balance.was_counted_after(self.event.time):
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

    def _post(
        self,
        change: LotChangeType,
        stock: Balance | PickedQuantity | ShippedQuantity,
        on_hand: LocationChange,
        picked: LocationChange,
        occurred_at: datetime | None = None,
        /,
        **documents: str | None,
    ) -> None:
        event = self.event
        self.ledger.append(
            LedgerEntry(
                change=change, sku=stock.sku, lot=stock.lot, warehouse=stock.warehouse, location=on_hand[0],
                on_hand=on_hand[1], picked_location=picked[0], picked=picked[1],
                reason=self.reason or change.description, actor=event.actor, occurred_at=occurred_at or event.time,
                recorded_at=self.now, cause_source=event.source, cause_id=event.id,
                **read_documents(event.data, DOCUMENT_COLUMNS) | {"scan": self.scan} | documents,
            )
        )  # fmt: skip
