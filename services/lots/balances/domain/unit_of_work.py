"""Unit of work of one transaction: working copies, new ledger entries and released stock.

Quantities change only here. Balance and ledger change in one step: balances always equal the sum of the ledger.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from services.lots.balances.domain.records import (
    NO_EXPIRY,
    ZERO,
    Balance,
    BalanceKey,
    Correction,
    DemandRef,
    DocumentRefs,
    Hold,
    LedgerEntry,
    Lot,
    LotChangeType,
    LotKey,
    MessageContext,
    PickedQuantity,
    Pool,
    Reservation,
)
from services.lots.balances.domain.secondary_index import SecondaryIndex
from shared.contracts.envelope import CloudEvent
from shared.contracts.problems import Code
from shared.contracts.reference import LocationType, Tracking
from shared.identifiers import warehouse_of


class EventConflict(NamedTuple):
    """An event that contradicts the stock recorded here; a supervisor resolves it."""

    event: CloudEvent[Any]
    code: Code
    detail: str
    sku: str
    ids: list[str]


@dataclass(slots=True)
class LotsUnitOfWork:
    """Loaded rows with their changes. A row that is not loaded does not exist for the rules."""

    now: datetime
    lots: dict[LotKey, Lot] = field(default_factory=dict)
    balances: dict[BalanceKey, Balance] = field(default_factory=dict)
    reservations: dict[tuple[str, str, str], Reservation] = field(default_factory=dict)
    picked: dict[tuple[str, str], PickedQuantity] = field(default_factory=dict)
    holds: dict[LotKey, list[Hold]] = field(default_factory=dict)
    """Holds by lot: all open ones of each loaded lot."""

    location_types: Mapping[str, LocationType] = field(default_factory=dict)
    """Types of the defined locations."""

    tracking: Mapping[str, Tracking] = field(default_factory=dict)
    decimals: Mapping[str, int] = field(default_factory=dict, kw_only=True)
    """Decimals of each product's unit of measure."""

    expiry_required_skus: set[str] = field(default_factory=set, kw_only=True)
    """Products whose lots require an expiry date."""

    allocating_orders: Mapping[BalanceKey, list[str]] = field(default_factory=dict)
    """Some orders with an allocation of each balance, for the texts of violations."""

    same_numbered_lots: Mapping[str, list[str]] = field(default_factory=dict)
    """Other products with a lot of that number, for requested lots that were not found."""

    ledger: list[LedgerEntry] = field(default_factory=list)
    corrections: list[Correction] = field(default_factory=list)
    conflicts: list[EventConflict] = field(default_factory=list)
    released_stock: dict[Pool, dict[tuple[str, str], MessageContext]] = field(default_factory=dict)
    """Lots and locations with released stock, by pool, with the context of the release."""

    holds_by_id: dict[tuple[str, str], list[Hold]] = field(init=False)
    """Holds by SKU and hold id; holds loaded by id include released ones."""

    balances_by_lot: SecondaryIndex[LotKey, Balance] = field(init=False)
    balances_by_location: SecondaryIndex[tuple[str, str], Balance] = field(init=False)
    """By SKU and location."""

    reservations_by_lot: SecondaryIndex[LotKey, Reservation] = field(init=False)
    picked_by_lot: SecondaryIndex[LotKey, PickedQuantity] = field(init=False)

    def __post_init__(self) -> None:
        """Build the indexes over the initial rows."""
        self.holds_by_id = {}
        for holds in self.holds.values():
            for hold in holds:
                self.holds_by_id.setdefault((hold.sku, hold.hold_id), []).append(hold)
        self.balances_by_lot = SecondaryIndex(self.balances, lambda row: (row.sku, row.lot))
        self.balances_by_location = SecondaryIndex(self.balances, lambda row: (row.sku, row.location))
        self.reservations_by_lot = SecondaryIndex(self.reservations, lambda row: (row.sku, row.lot))
        self.picked_by_lot = SecondaryIndex(self.picked, lambda row: (row.sku, row.lot))

    def load(self, rows: Iterable[Lot | Balance | Reservation | PickedQuantity | Hold]) -> None:
        """Add loaded rows; existing working copies are kept."""
        for row in rows:
            row.is_new = False
            if isinstance(row, Lot):
                self.lots.setdefault((row.sku, row.lot), row)
            elif isinstance(row, Balance):
                self.balances.setdefault(row.key, row)
            elif isinstance(row, Reservation):
                self.reservations.setdefault((row.demand_id, row.lot, row.location), row)
            elif isinstance(row, PickedQuantity):
                self.picked.setdefault((row.demand_id, row.lot), row)
            elif all(row.id != known_hold.id for known_hold in self.holds.get(row.lot_key, ())):
                self.add_hold(row)

    def add_hold(self, hold: Hold) -> None:
        """Add a hold to both indexes."""
        self.holds.setdefault(hold.lot_key, []).append(hold)
        self.holds_by_id.setdefault((hold.sku, hold.hold_id), []).append(hold)

    def is_storage(self, location: str) -> bool:
        """Whether stock at a location can be allocated (S07)."""
        return self.location_types.get(location) == "STORAGE"

    def get_balance(self, lot: Lot, location: str) -> Balance:
        """Return the balance of a lot at a location; one that is not loaded is created with zero."""
        key = (lot.sku, lot.lot, location)
        balance = self.balances.get(key)
        if balance is None:
            balance = self.balances[key] = Balance(
                sku=lot.sku, lot=lot.lot, location=location, warehouse=warehouse_of(location),
                is_storage=self.is_storage(location), expiry=lot.expiry or NO_EXPIRY,
            )  # fmt: skip
        elif location in self.location_types and balance.is_storage != self.is_storage(location):
            balance.is_storage, balance.is_dirty = self.is_storage(location), True  # the location type has changed
        return balance

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

    def open_holds(self, sku: str, lot: str, location: str | None = None) -> Iterator[Hold]:
        """Yield the open holds of a lot by id and location; with a location, only those that apply there."""
        for hold in sorted(self.holds.get((sku, lot), ()), key=lambda hold: (hold.hold_id, hold.location or "")):
            if hold.is_open and (location is None or hold.covers(location)):
                yield hold

    def orders_with_stock(self, sku: str, lot: str) -> set[str]:
        """Return the orders with allocated or picked stock of a lot."""
        rows: list[Reservation | PickedQuantity] = [*self.reservations_by_lot[sku, lot], *self.picked_by_lot[sku, lot]]
        return {row.order_id for row in rows if row.quantity > 0}

    def is_held(self, balance: Balance) -> bool:
        """Whether the balance is on hold."""
        return any(self.open_holds(balance.sku, balance.lot, balance.location))

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
