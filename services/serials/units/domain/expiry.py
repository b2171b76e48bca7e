"""Units near their end in a warehouse: each threshold of a product is said once, what has expired is held (S28, S29).

`due` is the day on which a unit is to be looked at next: thresholds that fall before it were said. A corrected expiry
is due at once, and so begins anew. Days are counted in the warehouse.
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from services.serials.units.domain import holds
from services.serials.units.domain.book import Book
from services.serials.units.domain.corrections import expired_hold
from services.serials.units.domain.limits import Limits, LimitsOf
from services.serials.units.domain.transitions import BESIDE, Change
from services.serials.units.domain.unit import Papers, Told, Unit
from shared.contracts.envelope import CloudEvent, Fact, chunks
from shared.contracts.serials import SerialExpired, SerialExpiring
from shared.stock.expiry import days_left, is_expired

NEVER = date.max


class UnitsDue(Fact, type="serial.due.v1", key="sku"):
    """Something may have to be said of units in a warehouse, since a day."""

    sku: str
    warehouse: str
    expiry: date
    since: date


class Watch(NamedTuple):
    """Units that expire together: of a product, in a warehouse, on a day."""

    sku: str
    warehouse: str
    expiry: date

    @classmethod
    def of(cls, fact: UnitsDue) -> "Watch":
        """What a finding is about."""
        return cls(fact.sku, fact.warehouse, fact.expiry)


def passed(expiry: date, due: date, day: date, thresholds: Iterable[int]) -> list[int]:
    """Which thresholds were passed and not said yet, in the order in which they were passed."""
    fresh = (days for days in set(thresholds) if due <= expiry - timedelta(days=days) <= day)
    return sorted(fresh, reverse=True)


def next_look(expiry: date, day: date, thresholds: Iterable[int]) -> date:
    """The next day on which there will be something to say."""
    if is_expired(expiry, day):
        return NEVER
    ahead = [expiry - timedelta(days=days) for days in thresholds if days_left(expiry, day) > days]
    return min(ahead, default=expiry + timedelta(days=1))


def swept(book: Book, events: Sequence[CloudEvent[UnitsDue]], limits: LimitsOf) -> list[Fact]:
    """Say of each group what is to be said by now; the holds are said with the book."""
    groups: dict[Watch, list[Unit]] = {}
    for unit in book.units.values():
        if unit.expiry and unit.warehouse and unit.due is not None:
            groups.setdefault(Watch(unit.sku, unit.warehouse, unit.expiry), []).append(unit)
    said: list[Fact] = []
    for event in events:
        watch = Watch.of(event.data)
        # Found before the lock was had: meanwhile they may have left, or have another date.
        said += _swept(book, event, groups.pop(watch, []), watch, limits[watch.sku, watch.warehouse])
    return said


def _swept(book: Book, event: CloudEvent[UnitsDue], units: Sequence[Unit], watch: Watch, limit: Limits) -> list[Fact]:
    due = [unit for unit in units if unit.due is not None and unit.due <= limit.day]
    fresh: dict[int, list[str]] = {}
    for unit in due:
        for threshold in passed(watch.expiry, unit.due or date.min, limit.day, limit.life.expiring_days):
            fresh.setdefault(threshold, []).append(unit.serial)
        unit.due = next_look(watch.expiry, limit.day, limit.life.expiring_days)
    told = Told.by(event)
    of = {"actor": told.actor, "cause": told.cause, **watch._asdict()}
    said: list[Fact] = [
        SerialExpiring(**of, serials=list(run), days=days_left(watch.expiry, limit.day), threshold=threshold)
        for threshold in sorted(fresh, reverse=True)
        for run in chunks(fresh[threshold])
    ]
    if due and is_expired(watch.expiry, limit.day):
        hold = expired_hold(watch.warehouse, watch.expiry)
        act = book.act(Change.HELD, watch.sku, told, Papers(hold=hold), "expired")
        for unit in due:
            if unit.status in BESIDE[Change.HELD]:
                holds.open_on(book, unit, act)
        said += [SerialExpired(**of, serials=list(run), hold=hold) for run in chunks(unit.serial for unit in due)]
    return said
