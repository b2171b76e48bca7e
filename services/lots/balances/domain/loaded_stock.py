"""Loaded rows of lot stock, with indexes by lot and location."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, Generic, TypeVar

from services.lots.balances.domain.records import (
    NO_EXPIRY,
    Balance,
    BalanceKey,
    Hold,
    Lot,
    LotKey,
    PickedQuantity,
    Reservation,
)
from shared.contracts.reference import LocationType, Tracking
from shared.identifiers import warehouse_of

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class SecondaryIndex(Generic[K, V]):
    """Groups rows by a secondary key and indexes each row once. Rows may be added, but not removed."""

    def __init__(self, rows: Mapping[Any, V], key: Callable[[V], K]) -> None:
        self._rows, self._key = rows, key
        self._indexed_count = 0
        self._groups: dict[K, list[V]] = {}

    def __getitem__(self, key: K) -> list[V]:
        """Return the rows of a group in insertion order."""
        if self._indexed_count < len(self._rows):
            for row in islice(self._rows.values(), self._indexed_count, None):
                self._groups.setdefault(self._key(row), []).append(row)
            self._indexed_count = len(self._rows)
        return self._groups.get(key, [])


@dataclass(slots=True)
class LoadedStock:
    """Working copies of loaded rows. A row that is not loaded does not exist for the rules."""

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
