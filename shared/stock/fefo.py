"""First expired, first out: the order in which stock is taken, and how a wish is filled from it (S27).

Earliest expiry first, then earliest receipt, then the number; what does not expire goes last. Deterministic.
"""

from collections.abc import Iterable, Sequence
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


def take(piles: Iterable[Pile], wanted: Decimal, *, single_lot: bool = False) -> Sequence[Taken]:
    """Fill a wish from piles that may be taken; with `single_lot` from the first lot that fills it, or not at all."""
    ordered = sorted((pile for pile in piles if pile.free > 0), key=lambda pile: pile.turn)
    if single_lot:
        ordered = _first_that_fills(ordered, wanted)
    taken: list[Taken] = []
    for pile in ordered:
        if wanted <= 0:
            break
        taken.append(Taken(pile, min(pile.free, wanted)))
        wanted -= taken[-1].quantity
    return taken


def _first_that_fills(ordered: Sequence[Pile], wanted: Decimal) -> list[Pile]:
    of_lot: dict[str, list[Pile]] = {}
    for pile in ordered:
        of_lot.setdefault(pile.lot, []).append(pile)
    return next((piles for piles in of_lot.values() if sum(pile.free for pile in piles) >= wanted), [])
