"""Loaded stock with marks for the policies: changed balances, released and arrived stock, missing stock of orders."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from services.lots.balances.domain.loaded_stock import LoadedStock
from services.lots.balances.domain.records import Balance, BalanceKey, Hold, Settlement, Variance
from shared.contracts.lot_balances import LotVarianceChanged
from shared.contracts.lots import AffectedLot
from shared.inventory.demand import Pool
from shared.unit_of_work import MessageContext


class MissingStock(NamedTuple):
    """Stock of orders that is missing at a location, with context and reason of the first message that said so."""

    context: MessageContext
    reason: str
    picked: list[AffectedLot]


class MarkedStock(LoadedStock):
    """Loaded stock, and which of it the policies have to look at."""

    def __init__(self, now: datetime, ids: Iterator[str]) -> None:
        super().__init__(now, ids)
        self.released_stock: dict[Pool, dict[tuple[str, str], MessageContext]] = {}
        """Lots and locations with released stock, by pool, with the context of the release."""
        self.missing_stock: dict[BalanceKey, MissingStock] = {}
        """Balances with missing stock of orders."""
        self.arrivals: dict[tuple[str, str], MessageContext] = {}
        """Storage locations where stock arrived, (sku, location), with the context of the last arrival."""
        self.changed_balances: dict[BalanceKey, MessageContext] = {}
        """Balances with changed quantities or holds, with the context of the last change."""
        self.changed_holds: list[tuple[Hold, MessageContext]] = []
        """Placed and released holds, with the context of the change."""

    def mark_changed(self, balance: Balance, context: MessageContext | None = None) -> None:
        """Note that a balance changed: its version increases once in a transaction."""
        if balance.key not in self.changed_balances:
            balance.version += 1
        self.changed_balances[balance.key] = context or self.context

    def mark_hold_changed(self, hold: Hold) -> None:
        """Note that a hold was placed or released."""
        self.changed_holds.append((hold, self.context))

    def mark_missing(self, balance: Balance, *picked: AffectedLot) -> None:
        """Note that stock of orders is missing at a location: what is allocated above the on-hand stock, or picked."""
        mark = self.missing_stock.setdefault(balance.key, MissingStock(self.context, self.reason, []))
        mark.picked.extend(picked)

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

    def add_missing(self, balance: Balance, variance: Variance, quantity: Decimal) -> None:
        """Add a quantity to a variance: it stays on hand, but is not allocated."""
        variance.missing += quantity
        balance.missing += quantity
        self.mark_changed(balance)
        self._emit_missing(balance)

    def reduce_missing(self, balance: Balance, quantity: Decimal, settlement: Settlement) -> None:
        """End the investigation of a quantity; the oldest variances end first."""
        balance.missing -= quantity
        self.mark_changed(balance)
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
