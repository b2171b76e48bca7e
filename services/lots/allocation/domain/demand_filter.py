"""Filters for demands that released stock could fill, so that only these are loaded."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import NamedTuple

from services.lots.allocation.domain.available_lots import AvailableLots
from services.lots.balances.domain.records import ZERO
from shared.inventory.demand import Pool
from shared.inventory.expiry import days_left


class RemainingLife(NamedTuple):
    """Remaining shelf life of stock in days, and the customers whose agreements require more."""

    days: int | None
    excluded_customers: tuple[str, ...]


class DemandFilter(NamedTuple):
    """Released stock of a pool: lots, quantities and remaining shelf lives."""

    pool: Pool
    lots: Mapping[str, Decimal]
    """All available stock of the released lots, including stock available before."""
    remaining_lives: frozenset[RemainingLife]

    @property
    def available_quantity(self) -> Decimal:
        """Total available quantity."""
        return sum(self.lots.values(), ZERO)


def demand_filter(pool: Pool, available_lots: AvailableLots, released_lots: Iterable[str]) -> DemandFilter | None:
    """Build the filter for released lots, or None if none of them can be allocated."""
    released, lots, remaining_lives = set(released_lots), dict[str, Decimal](), set[RemainingLife]()
    for available_lot in available_lots.queue.lots:
        if available_lot.lot in released:
            lots[available_lot.lot] = lots.get(available_lot.lot, ZERO) + available_lot.available_quantity
            remaining_lives.add(
                _remaining_life(
                    available_lots,
                    None
                    if available_lot.expiry is None
                    else days_left(available_lot.expiry, available_lots.rules.local_date),
                )
            )
    return DemandFilter(pool, lots, frozenset(remaining_lives)) if lots else None


def _remaining_life(available_lots: AvailableLots, days: int | None) -> RemainingLife:
    if days is None:
        return RemainingLife(None, ())
    customers = available_lots.rules.policy.customers
    return RemainingLife(
        days, tuple(agreement.customer for agreement in customers if agreement.min_remaining_shelf_life_days > days)
    )
