"""The books of a location at an earlier time: those of today without the later changes."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from services.lots.balances.domain.ledger import LaterChange, later_changes
from services.lots.balances.domain.records import ZERO, Balance, DemandRef
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork


class Books(NamedTuple):
    """What the books had of a lot at a location."""

    on_hand: Decimal
    picked: dict[DemandRef, Decimal]
    """Picked stock that stood there, by demand."""

    @property
    def total(self) -> Decimal:
        """What a count should find."""
        return self.on_hand + sum(self.picked.values(), ZERO)


def books_at(uow: LotsUnitOfWork, balance: Balance, at: datetime) -> Books:
    """Return the books of a time; requires the picked stock at the location to be loaded."""
    on_hand, picked = balance.on_hand, dict[DemandRef, Decimal]()
    for row in uow.picked_by_location[balance.key]:
        picked[DemandRef(row.demand_id, row.order_id, row.line)] = row.quantity - row.missing
    for change in _changes_after(uow, balance, at):
        if change.demand is None:
            on_hand -= change.quantity
        else:
            picked[change.demand] = picked.get(change.demand, ZERO) - change.quantity
    return Books(on_hand, {demand: quantity for demand, quantity in sorted(picked.items()) if quantity > 0})


def movable_quantity(uow: LotsUnitOfWork, balance: Balance) -> Decimal:
    """Return what a command may take from a balance, held or not.

    A command from before a count may take what the books had then, also what the count has written off.
    """
    if not balance.was_counted_after(uow.event.time):
        return balance.unallocated
    on_hand, unallocated = balance.on_hand, balance.unallocated
    for change in _changes_after(uow, balance, uow.event.time):
        if change.demand is None:
            on_hand -= change.quantity
            unallocated -= change.quantity if change.is_count else ZERO
    return min(on_hand, unallocated)


def _changes_after(uow: LotsUnitOfWork, balance: Balance, at: datetime) -> Iterator[LaterChange]:
    yield from uow.later_changes.get((balance.key, at), ())
    for entry in uow.ledger:
        if (entry.sku, entry.lot) == (balance.sku, balance.lot) and min(entry.occurred_at, entry.recorded_at) > at:
            yield from later_changes(entry, balance.location)
