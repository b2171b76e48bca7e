"""A lot near its end in a warehouse: each threshold of its product is said once, that it has expired is said and held.

What was said is forgotten when another expiry is put in force, so a corrected date begins anew. Days are counted in the
warehouse.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from services.lots.balances.domain import holds
from services.lots.balances.domain.book import Book
from services.lots.balances.domain.stock import NEVER, NOTHING, Lot, LotKey, Told
from shared.contracts.envelope import CloudEvent, Fact
from shared.contracts.lots import LotExpired, LotExpiring
from shared.stock.expiry import days_left, is_expired

EXPIRED = -1
"""Kept like a threshold: that a lot has expired, which is when fewer than no days are left."""


class LotDue(Fact, type="lot.due.v1", key="sku"):
    """Something may have to be said of a lot in a warehouse, since a day."""

    sku: str
    lot: str
    warehouse: str
    since: date


class Watch(NamedTuple):
    """What is watched: a lot in a warehouse."""

    sku: str
    lot: str
    warehouse: str

    @property
    def lot_key(self) -> LotKey:
        """Its lot, in every warehouse."""
        return self.sku, self.lot


class Mark(NamedTuple):
    """That a threshold was said of a lot in a warehouse, for the expiry in force."""

    sku: str
    lot: str
    warehouse: str
    threshold: int


def passed(expiry: date, day: date, thresholds: Iterable[int]) -> list[int]:
    """Which thresholds a lot has passed, in the order in which it passed them."""
    return [days for days in sorted(set(thresholds), reverse=True) if days_left(expiry, day) <= days]


def next_look(expiry: date | None, day: date, thresholds: Iterable[int]) -> date:
    """The next day on which there will be something to say."""
    if expiry is None or is_expired(expiry, day):
        return NEVER
    ahead = [expiry - timedelta(days=days) for days in thresholds if days_left(expiry, day) > days]
    return min(ahead, default=expiry + timedelta(days=1))


@dataclass(slots=True)
class Sweep:
    """The lots that one transaction looks at, and what it finds."""

    book: Book
    days: Mapping[str, date]
    """Which day it is in each warehouse."""

    thresholds: Mapping[str, Sequence[int]]
    """Of each product, how many days before its end somebody is told."""

    told: set[Mark]
    fresh: list[Mark] = field(default_factory=list)
    looks: dict[Watch, date] = field(default_factory=dict)
    """When each is to be looked at next."""

    on_hand: dict[Watch, Decimal] = field(default_factory=dict)
    picked: dict[Watch, Decimal] = field(default_factory=dict)
    """Nowhere any more, and ours until it has left."""

    def look(self, events: Sequence[CloudEvent[LotDue]]) -> list[Fact]:
        """Say of each lot what is to be said by now."""
        for balance in self.book.balances.values():
            watch = Watch(balance.sku, balance.lot, balance.warehouse)
            self.on_hand[watch] = self.on_hand.get(watch, NOTHING) + balance.on_hand
        for row in self.book.picked.values():
            watch = Watch(row.sku, row.lot, row.warehouse)
            self.picked[watch] = self.picked.get(watch, NOTHING) + row.quantity
        return [fact for event in events for fact in self._look(event)]

    def _look(self, event: CloudEvent[LotDue]) -> list[Fact]:
        watch = Watch(event.data.sku, event.data.lot, event.data.warehouse)
        lot, day = self.book.lots.get(watch.lot_key), self.days.get(watch.warehouse)
        # Found before the lock was had: meanwhile it may have left.
        ours = self.on_hand.get(watch) or self.picked.get(watch)
        if lot is None or day is None or watch in self.looks or not ours:
            return []
        thresholds = self.thresholds.get(watch.sku, ())
        self.looks[watch] = next_look(lot.expiry, day, thresholds)
        if lot.expiry is None:
            return []
        said: list[Fact] = [
            LotExpiring(
                **self._of(event, watch), expiry=lot.expiry, days=days_left(lot.expiry, day), threshold=threshold,
            )
            for threshold in passed(lot.expiry, day, thresholds)
            if self._first(watch, threshold)
        ]  # fmt: skip
        return said + self._expired(event, watch, lot, lot.expiry) if is_expired(lot.expiry, day) else said

    def _first(self, watch: Watch, threshold: int) -> bool:
        """Whether this is not said yet; from now on it is."""
        mark = Mark(sku=watch.sku, lot=watch.lot, warehouse=watch.warehouse, threshold=threshold)
        if mark in self.told:
            return False
        self.told.add(mark)
        self.fresh.append(mark)
        return True

    def _expired(self, event: CloudEvent[LotDue], watch: Watch, lot: Lot, expiry: date) -> list[Fact]:
        """Hold what has expired, unless it is held as expired already, and say so once."""
        said: list[Fact] = []
        held = [hold for hold in self.book.on(watch.sku, watch.lot) if hold.kind == "EXPIRED"]
        where = self._where(watch, expiry)
        if not where:
            self.looks[watch] = self.days[watch.warehouse] + timedelta(days=1)
            return []
        for place in where:
            if all(hold.location not in {None, place} for hold in held):
                told = Told.by(event, "expired")
                said += holds.open_on(self.book, lot, f"EXPIRED-{event.id}"[:64], "EXPIRED", told, location=place)
        if self._first(watch, EXPIRED):
            name = next(hold.hold for hold in self.book.on(watch.sku, watch.lot) if hold.kind == "EXPIRED")
            said.append(LotExpired(**self._of(event, watch), expiry=expiry, hold=name))
        return said

    def _where(self, watch: Watch, expiry: date) -> Sequence[str | None]:
        """Everywhere; but while it is still good in a warehouse whose day began later, only at its places here.

        No place, if all of it here is picked: it is looked at tomorrow once more, and does not leave before.
        """
        its = [it for it in self.book.of_lot[watch.lot_key] if it.on_hand > 0]
        sites = {it.warehouse for it in its} | {
            it.warehouse for it in self.book.picked_of[watch.lot_key] if it.quantity
        }
        if all(site in self.days and is_expired(expiry, self.days[site]) for site in sites):
            return [None]
        return sorted(it.location for it in its if it.warehouse == watch.warehouse)

    def _of(self, event: CloudEvent[LotDue], watch: Watch) -> dict[str, Any]:
        amounts = {"on_hand": self.on_hand.get(watch, NOTHING), "picked": self.picked.get(watch, NOTHING)}
        return {"actor": event.actor, "cause": event.cause, **watch._asdict(), **amounts}
