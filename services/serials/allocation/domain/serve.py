"""Serving: free units go to open demands, by priority, then the older order; the unit received first goes first.

A demand that the free stock does not fit is passed over. Pure: the book and the demands hold all that could matter, as
the store loaded them.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from services.serials.allocation.domain.demand import Demand, Demands
from services.serials.units.domain.book import Book
from services.serials.units.domain.transitions import Change
from services.serials.units.domain.unit import Key, Papers, Pool, Told, Unit

LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


class Given(NamedTuple):
    """What one act gave to a demand: nothing, if that is the answer to its opening."""

    demand: Demand
    units: Sequence[Unit]
    open_before: int
    told: Told


def turn_of(unit: Unit) -> tuple[datetime, str]:
    """When a unit is taken: earliest receipt, then serial."""
    return unit.received_at or LONG_AGO, unit.serial


class Shelf:
    """The free units of a pool, in the order in which they are taken; each is looked at once."""

    def __init__(self, units: Sequence[Unit]) -> None:
        self._queue = sorted(units, key=turn_of)
        self._next = 0
        self._left: dict[Key, Unit] = {unit.key: unit for unit in units}

    def __len__(self) -> int:
        return len(self._left)

    def first(self, count: int) -> list[Unit]:
        """Take the next units, as many as there are."""
        taken: list[Unit] = []
        while len(taken) < count and self._next < len(self._queue):
            unit = self._queue[self._next]
            self._next += 1
            if self._left.pop(unit.key, None):
                taken.append(unit)
        return taken

    def named(self, demand: Demand) -> list[Unit]:
        """Take the units that a demand names."""
        there = [unit for name in demand.names if (unit := self._left.get((demand.sku, name)))]
        if demand.shortfall == "WHOLE" and len(there) < demand.open:
            return []
        taken = sorted(there, key=turn_of)[: demand.open]
        for unit in taken:
            del self._left[unit.key]
        return taken

    def take(self, demand: Demand) -> list[Unit]:
        """Take what a demand may have: none where it wants all or nothing and cannot have all."""
        if demand.names:
            return self.named(demand)
        return [] if demand.shortfall == "WHOLE" and len(self) < demand.open else self.first(demand.open)


def serve(book: Book, demands: Demands) -> list[Given]:
    """Give what is free to those who wait, pool by pool."""
    waiting: dict[Pool, list[Demand]] = defaultdict(list)
    for demand in demands.waiting:
        waiting[demand.pool].append(demand)
    free: dict[Pool, list[Unit]] = defaultdict(list)
    for unit in book.units.values():
        if unit.free and unit.pool in waiting:
            free[unit.pool].append(unit)
    acts = []
    for pool, wanting in waiting.items():
        shelf = Shelf(free[pool])
        for demand in sorted(wanting, key=lambda demand: demand.turn):
            asked = demands.asked.get(demand.id)
            if units := shelf.take(demand):
                acts.append(_give(book, demands, demand, units, asked or _freed_by(book, units)))
            elif asked:
                acts.append(Given(demand, (), demand.open, asked))
                demands.give(demand, 0)
    return acts


def _freed_by(book: Book, units: Sequence[Unit]) -> Told:
    """What made these units free: the last of it, where it was several messages."""
    freed = book.freed[units[-1].pool]
    return freed.get(units[-1].key) or next(reversed(freed.values()))


def _give(book: Book, demands: Demands, demand: Demand, units: Sequence[Unit], told: Told) -> Given:
    given = Given(demand, units, demand.open, told)
    papers = Papers(order=demand.order, line=demand.line, demand=demand.id, customer=demand.customer)
    act = book.act(Change.ALLOCATED, demand.sku, told, papers)
    for unit in units:
        book.step(unit, act, unit.location)
        unit.order, unit.order_line = demand.order, demand.line
        unit.demand, unit.customer = demand.id, demand.customer
    demands.give(demand, len(units))
    return given


def skipped(book: Book, acts: Sequence[Given], held: Mapping[Pool, int]) -> dict[str, dict[str, int]]:
    """Say why demands that are short passed stock over: by demand, reason and count."""
    reasons: dict[str, dict[str, int]] = {}
    for act in acts:
        if len(act.units) >= act.open_before:
            continue
        why = reasons.setdefault(act.demand.id, {})
        for name in act.demand.names:
            unit = book.units.get((act.demand.sku, name))
            if unit is None or unit.demand != act.demand.id:
                state = unit.state if unit else "unknown"
                why[state] = why.get(state, 0) + 1
        if not act.demand.names and held.get(act.demand.pool):
            why["on hold"] = held[act.demand.pool]
    return reasons
