"""Why a demand that is short passed stock over, in the words that people are told: by reason, how many units."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from services.serials.allocation.domain.serve import Given
from services.serials.allocation.domain.shelf import NOT_ENOUGH, ON_HOLD, Wish, why_not, wish_of
from services.serials.units.domain.book import Book
from services.serials.units.domain.limits import Limits, LimitsOf
from services.serials.units.domain.unit import Pool, Unit


class Alike(NamedTuple):
    """So many stored units of a pool, of one lot and expiry, that nobody has; `unit` stands for them."""

    unit: Unit
    units: int


Passed = Mapping[Pool, Sequence[Alike]]


def skipped(book: Book, acts: Sequence[Given], passed: Passed, limits: LimitsOf) -> dict[str, dict[str, int]]:
    """Say it of each demand that is short: by demand, reason and count."""
    found = {}
    for act in acts:
        if act.short:
            demand = act.demand
            limit = limits.get(demand.pool)
            wish = wish_of(demand, limit)
            named = demand.names
            why = _named(book, act, wish, limit) if named else _alike(passed.get(demand.pool, ()), wish, limit)
            found[demand.id] = dict(why)
    return found


def _named(book: Book, act: Given, wish: Wish, limits: Limits | None) -> Counter[str]:
    why: Counter[str] = Counter()
    for name in act.demand.names:
        unit = book.units.get((act.demand.sku, name))
        if unit is None:
            why["unknown"] += 1
        elif unit.demand != act.demand.id:
            why[(unit.free and why_not(unit, wish, limits)) or unit.state] += 1
    return why


def _alike(passed: Sequence[Alike], wish: Wish, limits: Limits | None) -> Counter[str]:
    why: Counter[str] = Counter()
    for unit, units in passed:
        why[ON_HOLD if unit.holds else why_not(unit, wish, limits) or NOT_ENOUGH] += units
    return why
