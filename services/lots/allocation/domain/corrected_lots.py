"""Stock of orders under its right lot number, which events of fulfillment may not know yet.

Fulfillment learns of a correction by its event. What it has sent before names the wrong number.
"""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import TypeVar

from services.lots.balances.domain.loaded_stock import at_location
from services.lots.balances.domain.records import ZERO, PickedQuantity, Reservation, has_former_lot
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from shared.contracts.quantities import LotAtLocation, PackedLot, PickedLot

S = TypeVar("S", Reservation, PickedQuantity)


def corrected_reservations(uow: LotsUnitOfWork, demand_id: str, named: LotAtLocation) -> list[Reservation]:
    """Return the allocations of a demand at a location that had the named lot number."""
    return [
        row
        for row in uow.reservations_by_demand[demand_id]
        if row.location == named.location and row.quantity and has_former_lot(row, named.lot)
    ]


def find_picked(uow: LotsUnitOfWork, demand_id: str, named: PickedLot) -> list[PickedQuantity]:
    """Return the stock picked for a demand of a lot, also under a corrected number if that is not enough."""
    rows = uow.picked_of_demand(demand_id, named.lot, named.location)
    if sum((row.quantity for row in rows), ZERO) >= named.quantity:
        return rows
    others = (row for row in uow.picked if row.demand_id == demand_id and row.quantity)
    return rows + at_location((row for row in others if has_former_lot(row, named.lot)), named.location)


def take_stock(rows: Iterable[S], quantity: Decimal) -> Iterator[tuple[S, Decimal]]:
    """Yield the rows that a quantity is taken from; the caller changes each before the next."""
    for row in rows:
        if taken := min(row.quantity, quantity):
            yield row, taken
            quantity -= taken


def correct_content(uow: LotsUnitOfWork, order: str, packed_lots: Sequence[PackedLot]) -> Sequence[PackedLot]:
    """Name the right lots of shipped content whose numbers were corrected after its dispatch check."""
    if not any(row.former_lots for row in uow.picked_by_order[order]):
        return packed_lots
    return [part for packed_lot in packed_lots for part in _correct_line(uow, order, packed_lot)]


def _correct_line(uow: LotsUnitOfWork, order: str, packed_lot: PackedLot) -> Iterator[PackedLot]:
    """Split a content line by the lots of its picked stock; what is not found keeps the named lot."""
    of_line = [row for row in uow.picked_by_order[order] if (row.line, row.sku) == (packed_lot.line, packed_lot.sku)]
    rows = at_location(of_line, packed_lot.location)
    kept = min(sum((row.quantity for row in rows if row.lot == packed_lot.lot), ZERO), packed_lot.quantity)
    renamed = list(take_stock((row for row in rows if has_former_lot(row, packed_lot.lot)), packed_lot.quantity - kept))
    kept = packed_lot.quantity - sum((quantity for _, quantity in renamed), ZERO)
    if kept:
        yield packed_lot.model_copy(update={"quantity": kept})
    for row, quantity in renamed:
        yield packed_lot.model_copy(update={"lot": row.lot, "quantity": quantity})
