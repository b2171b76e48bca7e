"""The stock of a product in a warehouse that no order has: what may be given, first expired first, and what may not."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from services.lots.allocation.domain.demand import Demand
from services.lots.allocation.domain.limits import Limits
from services.lots.balances.domain.book import Book
from services.lots.balances.domain.stock import Balance, Pool
from shared.stock.expiry import TooLate, too_late
from shared.stock.fefo import Pile, Shelf, Taken


class Why(StrEnum):
    """Why stock is passed over, in the words that people are told."""

    HELD = "on hold"
    EXPIRED = "expired"
    STOP_PICK = "too near its expiry for any order"
    MIN_LIFE = "too near its expiry for this order"
    OTHER_LOT = "not the lot that is wanted"
    NOT_ENOUGH = "too little of the lot to fill the line alone"


TOO_LATE: dict[TooLate, Why] = {"expired": Why.EXPIRED, "stop_pick": Why.STOP_PICK, "min_life": Why.MIN_LIFE}


class Skip(NamedTuple):
    """A pile that is passed over, and why."""

    pile: Pile
    why: Why


def lying(book: Book, pools: Iterable[Pool]) -> dict[Pool, list[Balance]]:
    """Give what is stored in pools and no order has."""
    found: dict[Pool, list[Balance]] = {pool: [] for pool in pools}
    for balance in book.balances.values():
        pool = balance.sku, balance.warehouse
        if pool in found and balance.stored and balance.free > 0:
            found[pool].append(balance)
    return found


@dataclass(slots=True)
class Shelves:
    """The stock of one sku in one warehouse on a day there, in the course of being given away."""

    limits: Limits
    day: date
    shelf: Shelf
    barred: list[Skip]
    """What no order may have, in the order of its turn."""
    _lives: dict[tuple[str, int], int] = field(default_factory=dict)

    @classmethod
    def of(cls, book: Book, limits: Limits, balances: Iterable[Balance], walk: Mapping[str, int]) -> "Shelves":
        """Part what may be given from what may not; `walk` says in which order pickers pass the places."""
        free, barred, day = [], [], limits.day(book.now)
        for it in balances:
            lot = book.lots[it.sku, it.lot]
            pile = Pile(
                lot=it.lot, expiry=lot.expiry, received=lot.first_received, location=it.location,
                sequence=walk.get(it.location, 0), free=it.free,
            )  # fmt: skip
            late = too_late(lot.expiry, day, limits.life.stop_pick_days)
            if late or book.held(it):
                barred.append(Skip(pile, TOO_LATE[late] if late else Why.HELD))
            else:
                free.append(pile)
        return cls(limits, day, Shelf(free), sorted(barred, key=lambda skip: skip.pile.turn))

    def take(self, demand: Demand) -> list[Taken]:
        """Take what a demand may have of what is left."""
        if self._takes_anything(demand):
            return self.shelf.take(demand.open, single_lot=demand.single_lot)
        return self.shelf.take(demand.open, lambda pile: not self.why_not(demand, pile), single_lot=demand.single_lot)

    def why_not(self, demand: Demand, pile: Pile) -> Why | None:
        """Say why a demand may not have of a pile that others may have."""
        if not demand.wants_lot(pile.lot):
            return Why.OTHER_LOT
        late = too_late(pile.expiry, self.day, min_life=self._min_life(demand))
        return TOO_LATE[late] if late else None

    def _takes_anything(self, demand: Demand) -> bool:
        return not demand.lots and demand.lot is None and not self._min_life(demand)

    def _min_life(self, demand: Demand) -> int:
        key = demand.customer, demand.min_life_days
        life = self._lives.get(key)
        if life is None:
            life = self._lives[key] = self.limits.life.min_life(*key)
        return life

    def skipped(self, demand: Demand, taken: list[Taken]) -> list[Skip]:
        """Say what was passed over: before the last that was taken, or all that lies there if the demand is short.

        To be asked right after `take`.
        """
        short = sum((part.quantity for part in taken), Decimal(0)) < demand.open
        if not short and not self.barred and self._takes_anything(demand):
            return []
        last = None if short else taken[-1].pile.turn
        passed = [skip for skip in self.barred if last is None or skip.pile.turn < last]
        for pile in self.shelf.piles:
            if last is not None and pile.turn >= last:
                break
            passed.append(Skip(pile, self.why_not(demand, pile) or Why.NOT_ENOUGH))
        return sorted(passed, key=lambda skip: skip.pile.turn)
