"""Serving: free stock goes to open demands, by priority, then the older order; of the stock what expires first (S27).

A demand that the free stock does not fit is passed over. Pure: book, shelves and demands hold all that could matter, as
the store loaded them.
"""

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from services.lots.allocation.domain.demand import Demand, Demands
from services.lots.allocation.domain.shelves import Shelves, Skip
from services.lots.balances.domain.book import Book
from services.lots.balances.domain.stock import Claim, Pool, Told
from shared.stock.fefo import Taken


class Given(NamedTuple):
    """What one act gave to a demand: nothing, if that is the answer to its opening."""

    demand: Demand
    taken: list[Taken]
    open_before: Decimal
    told: Told
    skipped: list[Skip]


def serve(book: Book, shelves: Mapping[Pool, Shelves], demands: Demands) -> list[Given]:
    """Give what is free to those who wait, pool by pool."""
    waiting: dict[Pool, list[Demand]] = defaultdict(list)
    for demand in demands.waiting:
        waiting[demand.pool].append(demand)
    acts = []
    for pool, wanting in waiting.items():
        stock = shelves[pool]
        for demand in sorted(wanting, key=lambda demand: demand.turn):
            asked = demands.asked.get(demand.id)
            if not asked and not (stock.shelf.piles and book.freed.get(pool)):
                continue
            if (taken := stock.take(demand)) or asked:
                told = asked or _freed_by(book, taken[-1], pool)
                acts.append(Given(demand, taken, demand.open, told, stock.skipped(demand, taken)))
                _give(book, demands, demand, taken)
    return acts


def _give(book: Book, demands: Demands, demand: Demand, taken: list[Taken]) -> None:
    claim = Claim(demand=demand.id, order_id=demand.order, line=demand.line)
    for pile, quantity in taken:
        book.reserve(book.balances[demand.sku, pile.lot, pile.location], claim, quantity)
    demands.give(demand, taken)


def _freed_by(book: Book, taken: Taken, pool: Pool) -> Told:
    """What made this free: of a single lot that lay there in part, what brought the rest."""
    freed = book.freed[pool]
    return freed.get((taken.pile.lot, taken.pile.location)) or next(reversed(freed.values()))
