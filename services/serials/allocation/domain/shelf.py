"""The free units of a pool in the order in which they are taken, and why one of them does not fit a wish (S27, S28)."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from services.serials.allocation.domain.demand import Demand
from services.serials.units.domain.limits import TOO_LATE, Limits
from services.serials.units.domain.unit import Key, Unit
from shared.stock import fefo

LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)
ON_HOLD = "on hold"
OTHER_LOT = "not the lot that is wanted"
NOT_ENOUGH = "too little of the lot to fill the line alone"

Wish = tuple[int, frozenset[str], bool]
"""What decides which units fit: days of life, lots, and whether they have to be of one lot."""


def turn_of(unit: Unit) -> fefo.Turn:
    """When a unit is taken: earliest expiry, then earliest receipt, then serial."""
    return fefo.turn(unit.expiry, unit.received_at or LONG_AGO, unit.serial)


def wish_of(demand: Demand, limits: Limits | None) -> Wish:
    """Give what a demand asks of each unit; without limits no unit of its pool has an expiry."""
    days = limits.life.min_life(demand.customer, demand.min_life_days) if limits else 0
    return days, demand.wanted_lots, demand.single_lot


def why_not(unit: Unit, wish: Wish, limits: Limits | None) -> str | None:
    """Say why a free unit does not fit."""
    days, lots, single = wish
    if limits and (late := limits.to_give(unit, days)):
        return TOO_LATE[late]
    return OTHER_LOT if (lots and unit.lot not in lots) or (single and not unit.lot) else None


class Shelf:
    """Free units; each kind of wish looks at each of them once."""

    def __init__(self, units: Sequence[Unit], limits: Limits | None) -> None:
        self._limits = limits
        self._queue = sorted(units, key=turn_of)
        self._next: dict[Wish, int] = {}
        self._left: dict[Key, Unit] = {unit.key: unit for unit in units}

    def take(self, demand: Demand) -> list[Unit]:
        """Take what a demand may have; of a single lot all that it wants, or nothing."""
        wish = wish_of(demand, self._limits)
        if demand.names:
            there = (unit for name in demand.names if (unit := self._left.get((demand.sku, name))))
            taken = self._first(sorted(self._fitting(there, wish), key=turn_of), demand)
        elif demand.single_lot:
            taken = self._first(self._fitting(self._queue, wish), demand)
        else:
            taken = self._next_ones(wish, demand.open)
        for unit in taken:
            del self._left[unit.key]
        return taken

    def _fitting(self, units: Iterable[Unit], wish: Wish) -> Iterator[Unit]:
        return (unit for unit in units if unit.key in self._left and not why_not(unit, wish, self._limits))

    def _first(self, units: Iterable[Unit], demand: Demand) -> list[Unit]:
        """The first of these, or of the first lot that fills the wish."""
        if not demand.single_lot:
            return list(units)[: demand.open]
        of_lot: dict[str | None, list[Unit]] = {}
        for unit in units:
            of_lot.setdefault(unit.lot, []).append(unit)
        return next((lot[: demand.open] for lot in of_lot.values() if len(lot) >= demand.open), [])

    def _next_ones(self, wish: Wish, count: int) -> list[Unit]:
        """The next units that fit; those passed over do not fit this wish later either."""
        taken: list[Unit] = []
        place = self._next.get(wish, 0)
        while len(taken) < count and place < len(self._queue):
            unit = self._queue[place]
            place += 1
            if unit.key in self._left and not why_not(unit, wish, self._limits):
                taken.append(unit)
        self._next[wish] = place
        return taken
