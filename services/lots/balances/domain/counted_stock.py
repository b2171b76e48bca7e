"""Counts of loaded balances, and the changes of their variances by late messages."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from services.lots.balances.domain.marked_stock import MarkedStock
from services.lots.balances.domain.records import ZERO, Balance, BalanceKey, CountRecord


class CountedStock(MarkedStock):
    """Loaded stock with its counts."""

    def __init__(self, now: datetime, ids: Iterator[str]) -> None:
        super().__init__(now, ids)
        self.counts: list[CountRecord] = []
        self.counted_balances: dict[BalanceKey, Balance] = {}
        """Balances whose last count changed."""
        self.count_times: defaultdict[BalanceKey, set[datetime]] = defaultdict(set)
        """Times of the settled counts that are later than a message about their balance."""
        self.count_revisions: dict[tuple[BalanceKey, datetime], Decimal] = {}
        """Changes of the variances of settled counts, by balance and time of the count."""

    def concerned_count(self, balance: Balance) -> datetime | None:
        """Return the time of the first count after the message, or of the last count."""
        later = (at for at in self.count_times[balance.key] if at > self.event.time)
        return min(later, default=balance.counted_at)

    def revise_variance(self, balance: Balance, quantity: Decimal) -> None:
        """Change the variance of the count that the message concerns."""
        if quantity and (counted_at := self.concerned_count(balance)):
            key = balance.key, counted_at
            self.count_revisions[key] = self.count_revisions.get(key, ZERO) + quantity
