"""Whom stock that came free could serve: what is asked of the queue, so that not all of it is loaded."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import NamedTuple

from services.lots.allocation.domain.shelves import Shelves
from services.lots.balances.domain.stock import NOTHING, Pool
from shared.stock.expiry import days_left


class Life(NamedTuple):
    """How many days stock has left, if it expires at all, and the customers who demand more by agreement."""

    days: int | None
    demanding: tuple[str, ...]


class Reach(NamedTuple):
    """What came free in a pool and may be given: how much, in which lots, how long they live."""

    pool: Pool
    lots: Mapping[str, Decimal]
    """With all that is free of them, so that it may be more than came free just now."""
    lives: frozenset[Life]

    @property
    def free(self) -> Decimal:
        """All together."""
        return sum(self.lots.values(), NOTHING)


def reach(pool: Pool, shelves: Shelves, freed: Iterable[str]) -> Reach | None:
    """Say whom lots that came free could serve; nobody, if none of them may be given."""
    came, lots, lives = set(freed), dict[str, Decimal](), set[Life]()
    for pile in shelves.shelf.piles:
        if pile.lot in came:
            lots[pile.lot] = lots.get(pile.lot, NOTHING) + pile.free
            lives.add(_life(shelves, None if pile.expiry is None else days_left(pile.expiry, shelves.day)))
    return Reach(pool, lots, frozenset(lives)) if lots else None


def _life(shelves: Shelves, days: int | None) -> Life:
    if days is None:
        return Life(None, ())
    customers = shelves.limits.life.customers
    return Life(days, tuple(one.customer for one in customers if one.min_life_days > days))
