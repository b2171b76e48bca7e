"""First expired, first out: the order in which stock is taken, and how a wish is filled from it (S27).

Earliest expiry first, then earliest receipt, then the number; what does not expire goes last. Deterministic.
"""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

Turn = tuple[bool, date, datetime, str]


def turn(expiry: date | None, received: datetime, number: str) -> Turn:
    """What goods are sorted by: a lot by its first receipt and number, a serial by its own."""
    return expiry is None, expiry or date.max, received, number


class Pile(NamedTuple):
    """So much of a lot that lies free at a place."""

    lot: str
    expiry: date | None
    received: datetime
    """When the lot first came."""
    location: str
    sequence: int
    """Where the place comes in the pickers' walk."""
    free: Decimal

    @property
    def turn(self) -> tuple[Turn, int, str]:
        """When it is taken: with its lot; of several places the one that pickers pass first."""
        return turn(self.expiry, self.received, self.lot), self.sequence, self.location


class Taken(NamedTuple):
    """So much of a pile."""

    pile: Pile
    quantity: Decimal


Fits = Callable[[Pile], bool]


class Shelf:
    """Piles in the order in which they are taken; one wish after the other is filled from what is left of them."""

    def __init__(self, piles: Iterable[Pile]) -> None:
        self.piles = sorted((pile for pile in piles if pile.free > 0), key=lambda pile: pile.turn)

    def take(self, wanted: Decimal, fits: Fits | None = None, *, single_lot: bool = False) -> list[Taken]:
        """Fill a wish from the piles that fit it; with `single_lot` from the first lot that fills it, or not at all."""
        if single_lot:
            fits = self._first_that_fills(wanted, fits)
        taken: list[Taken] = []
        for place, pile in enumerate(self.piles):
            if fits is None or fits(pile):
                part = min(pile.free, wanted)
                taken.append(Taken(pile, part))
                self.piles[place] = pile._replace(free=pile.free - part)
                wanted -= part
                if not wanted:
                    break
        if len(taken) > 1 or (taken and taken[0].quantity == taken[0].pile.free):
            self.piles = [pile for pile in self.piles if pile.free]
        return taken

    def _first_that_fills(self, wanted: Decimal, fits: Fits | None) -> Fits:
        free: dict[str, Decimal] = {}
        for pile in self.piles:
            if fits is None or fits(pile):
                free[pile.lot] = free.get(pile.lot, Decimal(0)) + pile.free
        first = next((lot for lot, quantity in free.items() if quantity >= wanted), None)
        return lambda pile: pile.lot == first and (fits is None or fits(pile))
