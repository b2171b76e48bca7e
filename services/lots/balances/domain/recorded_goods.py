"""Goods that are recorded under a lot number: where they stand, whose they are, and what has shipped."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple, TypeVar

from services.lots.balances.domain.books import movable_quantity
from services.lots.balances.domain.missing_stock import queue_position
from services.lots.balances.domain.records import ZERO, Lot, PickedQuantity, Reservation, ShippedQuantity
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from shared.contracts.commands.lot_corrections import CorrectLotNumber
from shared.contracts.lot_corrections import CorrectedLot

R = TypeVar("R", Reservation, PickedQuantity, ShippedQuantity)


class GoodsAtLocation(NamedTuple):
    """Goods at a location, with the part of each row that belongs to them."""

    location: str
    unallocated: Decimal
    allocated: Sequence[tuple[Reservation, Decimal]]
    picked: Sequence[tuple[PickedQuantity, Decimal]]

    @property
    def on_hand(self) -> Decimal:
        """The unallocated and allocated quantity."""
        return self.unallocated + total_of(self.allocated)

    @property
    def quantity(self) -> Decimal:
        """The whole quantity."""
        return self.on_hand + total_of(self.picked)


class CorrectedGoods(NamedTuple):
    """A quantity with another lot number, at a location or shipped, and the part of it that belongs to orders."""

    location: str | None
    quantity: Decimal
    stock: Sequence[CorrectedLot]


def find_goods(uow: LotsUnitOfWork, source: Lot, command: CorrectLotNumber) -> list[GoodsAtLocation]:
    """Return the goods at the location of a command or, if it names no shipment either, at all locations."""
    if command.shipment:
        return []
    if command.location:
        return [_goods_at(uow, source, command, command.location)]
    stocked = [balance.location for balance in uow.balances_by_lot[source.sku, source.lot] if balance.on_hand > 0]
    picked = [row.location for row in uow.picked_by_lot[source.sku, source.lot] if row.quantity > 0]
    goods = [_goods_at(uow, source, command, location) for location in sorted({*stocked, *picked})]
    return [part for part in goods if part.quantity]


def _goods_at(uow: LotsUnitOfWork, source: Lot, command: CorrectLotNumber, location: str) -> GoodsAtLocation:
    """Choose unallocated goods first, then those of the orders that were served last, and picked ones last.

    What is under investigation is not there: it keeps its number until a count.
    """
    balance, wanted = uow.get_balance(source, location), command.quantity
    unallocated = ZERO if command.order else max(movable_quantity(uow, balance), ZERO)
    if wanted is not None:
        unallocated = min(unallocated, wanted)
        wanted -= unallocated
    reserved = [row for row in uow.reservations_by_lot[source.sku, source.lot] if _is_wanted(row, command, location)]
    reserved.sort(key=lambda row: queue_position(uow, row), reverse=True)
    stored = max(balance.on_hand - balance.missing, ZERO)
    of_orders = ((row, row.quantity) for row in reserved)
    allocated = _take(of_orders, stored if wanted is None else min(stored, wanted))
    wanted = None if wanted is None else wanted - total_of(allocated)
    picked = [row for row in uow.picked_by_lot[source.sku, source.lot] if _is_wanted(row, command, location)]
    return GoodsAtLocation(
        location, unallocated, allocated, _take(((row, row.quantity - row.missing) for row in picked), wanted)
    )


def _is_wanted(row: Reservation | PickedQuantity, command: CorrectLotNumber, location: str) -> bool:
    return row.location == location and row.quantity > 0 and command.order in {None, row.order_id}


def find_shipped(uow: LotsUnitOfWork, source: Lot, command: CorrectLotNumber) -> list[tuple[ShippedQuantity, Decimal]]:
    """Return what left with the shipment of a command or, if it names no location either, with any shipment."""
    if command.location:
        return []
    rows = (
        row
        for row in uow.shipped
        if (row.sku, row.lot) == (source.sku, source.lot)
        and command.shipment in {None, row.shipment}
        and command.order in {None, row.order_id}
    )
    return _take(((row, row.quantity) for row in rows), command.quantity)


def _take(rows: Iterable[tuple[R, Decimal]], wanted: Decimal | None) -> list[tuple[R, Decimal]]:
    """Take a quantity from rows in order, or all of them."""
    portions = []
    for row, quantity in rows:
        if (taken := quantity if wanted is None else min(quantity, wanted)) > 0:
            portions.append((row, taken))
            wanted = None if wanted is None else wanted - taken
    return portions


def total_of(portions: Iterable[tuple[R, Decimal]]) -> Decimal:
    """Return the total quantity of portions."""
    return sum((quantity for _, quantity in portions), ZERO)
