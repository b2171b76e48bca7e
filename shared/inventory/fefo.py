"""First expired, first out (FEFO): allocation order of stock (S27).

`FefoKey` defines the order for Python and SQL. Two indexes of serials repeat its expressions: `serial_state_available`
and `serial_state_available_by_lot`. A change of the order needs a migration that replaces them.
"""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple


class FefoKey(NamedTuple):
    """Sort key of stock; the order of the fields is the order of allocation."""

    expiry: date
    """Expiry date; the latest possible date for stock without one, which comes last."""
    received_at: datetime
    """First receipt of the lot, or last receipt of the serial."""
    number: str
    """Lot number or serial."""
    pick_sequence: int
    """Position of the location on the pick route; always 0 for serials, whose numbers are unique."""
    location: str


SQL_EXPRESSIONS = {"expiry": "coalesce({}, 'infinity')"}
"""Expressions of the fields that are not ordered by their column."""


def fefo_key(
    expiry: date | None, received_at: datetime, number: str, pick_sequence: int = 0, location: str = ""
) -> FefoKey:
    """Return the sort key of a serial, or of a lot at a location."""
    return FefoKey(
        expiry=expiry or date.max,
        received_at=received_at,
        number=number,
        pick_sequence=pick_sequence,
        location=location,
    )


def sql_expression(field: str, column: str) -> str:
    """Return the SQL expression that a field of the key is ordered by."""
    return SQL_EXPRESSIONS.get(field, "{}").format(column)


def sql_order(**columns: str) -> str:
    """Return the ORDER BY expressions for the fields that a statement has as columns."""
    fields = sorted(columns, key=FefoKey._fields.index)
    return ", ".join(sql_expression(field, columns[field]) for field in fields)


def release_key(expiry: date | None, number: str) -> tuple[int, str]:
    """Return the sort key for releases of allocated stock: latest expiry, then lot number."""
    return -(expiry or date.max).toordinal(), number


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
    def fefo_key(self) -> FefoKey:
        """Sort key of the lot at the location."""
        return fefo_key(self.expiry, self.received_at, self.lot, self.pick_sequence, self.location)


class AllocatedQuantity(NamedTuple):
    """Quantity allocated from a lot at a location."""

    source: AvailableLot
    quantity: Decimal

    @property
    def lot(self) -> str:
        """Lot number."""
        return self.source.lot

    @property
    def key(self) -> tuple[str, str]:
        """Lot and location."""
        return self.source.lot, self.source.location


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
