"""Serving: free units go to open demands, by priority, then the older order; first expired goes first (S27).

A demand that the free stock does not fit is passed over. Pure: the book and the demands hold all that could matter, as
the store loaded them.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from services.serials.allocation.domain.demand import Demand, Demands
from services.serials.allocation.domain.shelf import Shelf
from services.serials.units.domain.book import Book
from services.serials.units.domain.limits import LimitsOf
from services.serials.units.domain.transitions import Change
from services.serials.units.domain.unit import Papers, Pool, Told, Unit


class Given(NamedTuple):
    """What one act gave to a demand: nothing, if that is the answer to its opening."""

    demand: Demand
    units: Sequence[Unit]
    open_before: int
    told: Told

    @property
    def short(self) -> bool:
        """Whether something is still wanted, or was dropped."""
        return len(self.units) < self.open_before


def serve(book: Book, demands: Demands, limits: LimitsOf) -> list[Given]:
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
        shelf = Shelf(free[pool], limits.get(pool))
        for demand in sorted(wanting, key=lambda demand: demand.turn):
            asked = demands.asked.get(demand.id)
            # At hand only because a message named it, where nothing came free: what fits it now by another time zone
            # the clock gives it, with all else that the earlier day lets go.
            if not asked and not book.freed.get(pool):
                continue
            if units := shelf.take(demand):
                acts.append(_give(book, demands, demand, units, asked or _freed_by(book, units)))
            elif asked:
                acts.append(Given(demand, (), demand.open, asked))
                demands.give(demand, ())
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
    demands.give(demand, units)
    return given
