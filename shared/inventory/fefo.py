"""First expired, first out (FEFO): allocation order of stock (S27).

The order is deterministic: earliest expiry, earliest receipt, number. Stock without expiry date comes last.
"""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

FefoKey = tuple[bool, date, datetime, str]


def fefo_key(expiry: date | None, received_at: datetime, number: str) -> FefoKey:
    """Return the sort key of a lot or serial, from its expiry date, first receipt and number."""
    return expiry is None, expiry or date.max, received_at, number


class AvailableLot(NamedTuple):
    """Available quantity of a lot at a location."""

    lot: str
    expiry: date | None
    received_at: datetime
    """First receipt of the lot."""
    location: str
    pick_sequence: int
    """Position of the location on the pick route."""
    available_quantity: Decimal

    @property
    def fefo_key(self) -> tuple[FefoKey, int, str]:
        """Sort key: the key of the lot, then the pick sequence of the location."""
        return fefo_key(self.expiry, self.received_at, self.lot), self.pick_sequence, self.location


class AllocatedQuantity(NamedTuple):
    """Quantity allocated from a lot at a location."""

    source: AvailableLot
    quantity: Decimal


LotFilter = Callable[[AvailableLot], bool]


class FefoQueue:
    """Available lots in FEFO order; successive allocations reduce their quantities."""

    def __init__(self, lots: Iterable[AvailableLot]) -> None:
        self.lots = sorted((lot for lot in lots if lot.available_quantity > 0), key=lambda lot: lot.fefo_key)

    def allocate(
        self, quantity: Decimal, accepts: LotFilter | None = None, *, single_lot: bool = False
    ) -> list[AllocatedQuantity]:
        """Allocate a quantity from accepted lots; with `single_lot` from the first sufficient lot or not at all."""
        if single_lot:
            accepts = self._first_sufficient_lot(quantity, accepts)
        allocations: list[AllocatedQuantity] = []
        for index, lot in enumerate(self.lots):
            if accepts is None or accepts(lot):
                allocated = min(lot.available_quantity, quantity)
                allocations.append(AllocatedQuantity(lot, allocated))
                self.lots[index] = lot._replace(available_quantity=lot.available_quantity - allocated)
                quantity -= allocated
                if not quantity:
                    break
        if len(allocations) > 1 or (
            allocations and allocations[0].quantity == allocations[0].source.available_quantity
        ):
            self.lots = [lot for lot in self.lots if lot.available_quantity]
        return allocations

    def _first_sufficient_lot(self, quantity: Decimal, accepts: LotFilter | None) -> LotFilter:
        available: dict[str, Decimal] = {}
        for available_lot in self.lots:
            if accepts is None or accepts(available_lot):
                available[available_lot.lot] = (
                    available.get(available_lot.lot, Decimal(0)) + available_lot.available_quantity
                )
        chosen = next((lot for lot, total in available.items() if total >= quantity), None)
        return lambda available_lot: available_lot.lot == chosen and (accepts is None or accepts(available_lot))
