"""Events of fulfillment before dispatch: opened and cancelled demands, deallocations, picks and unpicks.

Each quantity must match the stock allocated or picked here. A mismatch changes nothing and is recorded as a conflict.
"""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import TypeVar

from services.lots.allocation.domain.corrected_lots import corrected_reservations, find_picked, take_stock
from services.lots.balances.domain.demands import Demand
from services.lots.balances.domain.ledger import LotChangeType
from services.lots.balances.domain.records import ZERO, PickedQuantity, Reservation
from services.lots.balances.domain.results import format_quantity, lot_label
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from services.lots.balances.domain.variances import report_missing
from shared.contracts.envelope import chunks
from shared.contracts.fulfillment import (
    AllocationCancelled,
    AllocationRequested,
    OrderLotsDeallocated,
    OrderLotsPicked,
    OrderLotsUnpicked,
)
from shared.contracts.lot_balances import LotAdjusted
from shared.contracts.lots import LotDeallocated, LotPicked, LotUnpicked
from shared.contracts.problems import Code
from shared.contracts.quantities import LotAtLocation, LotQuantity

L = TypeVar("L", bound=LotAtLocation)


def open_demand(uow: LotsUnitOfWork, event: AllocationRequested) -> None:
    """Open a demand (S08)."""
    uow.open_demand(Demand.from_request(event, event.quantity, allowed_lots=event.lots, tracking=event.tracking))


def cancel_demand(uow: LotsUnitOfWork, event: AllocationCancelled) -> None:
    """Cancel a demand and release its allocations (S11)."""
    uow.cancel_demand(
        Demand.from_early_cancellation(
            event, tracking=event.tracking, open_quantity=ZERO, allowed_lots=(), single_lot=False,
            min_remaining_shelf_life_days=0,
        )
    )  # fmt: skip
    released = []
    for row in uow.reservations_by_demand[event.demand_id]:
        if row.quantity:
            released.append(LotAtLocation(lot=row.lot, quantity=row.quantity, location=row.location))
            uow.deallocate(row, row.quantity)
    _emit_deallocated(uow, event, released)


def deallocate(uow: LotsUnitOfWork, event: OrderLotsDeallocated) -> None:
    """Return quantities to stock (S11); those not found stay under investigation at their location."""
    released = []
    for row, lot_quantity in _matching_reservations(uow, event, event.lots, "deallocated"):
        uow.deallocate(row, lot_quantity.quantity)
        released.append(lot_quantity)
    _emit_deallocated(uow, event, released)
    if event.variance_id:
        for lot_quantity in released:
            report_missing(uow, event, event.variance_id, lot_quantity)
    _reopen_demand(uow, event, released)
    if event.hand_over and released:
        uow.hand_over(event.hand_over)


def _emit_deallocated(
    uow: LotsUnitOfWork, event: AllocationCancelled | OrderLotsDeallocated, released: Sequence[LotAtLocation]
) -> None:
    for batch in chunks(released):
        uow.emit(
            LotDeallocated, sku=event.sku, order=event.order, line=event.line, demand_id=event.demand_id,
            lots=list(batch), reason=event.reason,
        )  # fmt: skip


def pick(uow: LotsUnitOfWork, event: OrderLotsPicked) -> None:
    """Move allocated quantities to picked stock (S09)."""
    picked = []
    for row, lot_quantity in _matching_reservations(uow, event, event.lots, "picked"):
        uow.pick(row, lot_quantity.quantity, event.location, scan=lot_quantity.scan)
        picked.append(
            LotAtLocation(lot=lot_quantity.lot, quantity=lot_quantity.quantity, location=lot_quantity.location)
        )
    if picked:
        uow.emit(
            LotPicked, sku=event.sku, order=event.order, line=event.line, demand_id=event.demand_id, lots=picked,
            location=event.location,
        )  # fmt: skip


def unpick(uow: LotsUnitOfWork, event: OrderLotsUnpicked) -> None:
    """Return picked quantities to a storage location (S12), or write them off as lost."""
    unpicked = []
    for picked_lot in event.lots:
        rows = find_picked(uow, event.demand_id, picked_lot)
        if _matches(uow, event, rows, picked_lot, "lost" if event.lost else "unpicked"):
            for row, quantity in take_stock(rows, picked_lot.quantity):
                if event.lost:
                    _lose(uow, event, row, quantity)
                else:
                    uow.unpick(row, event.location, quantity, scan=picked_lot.scan)
                unpicked.append(LotQuantity(lot=row.lot, quantity=quantity))
    if unpicked and not event.lost:
        uow.emit(
            LotUnpicked, sku=event.sku, order=event.order, line=event.line, demand_id=event.demand_id, lots=unpicked,
            location=event.location, reason=event.reason,
        )  # fmt: skip
    _reopen_demand(uow, event, unpicked)


def _lose(uow: LotsUnitOfWork, event: OrderLotsUnpicked, row: PickedQuantity, quantity: Decimal) -> None:
    uow.lose_picked(row, quantity)
    uow.emit(
        LotAdjusted, sku=row.sku, lot=row.lot, location=event.location, quantity=quantity,
        adjustment=LotChangeType.LOST.value, reason=event.reason,
    )  # fmt: skip


def _reopen_demand(
    uow: LotsUnitOfWork, event: OrderLotsDeallocated | OrderLotsUnpicked, returned: Sequence[LotQuantity]
) -> None:
    """Allocate returned quantities to their demand again, if requested and not cancelled."""
    if event.reallocate and returned:
        uow.reopen_demand(event.demand_id, sum((lot_quantity.quantity for lot_quantity in returned), ZERO))


def _matching_reservations(
    uow: LotsUnitOfWork, event: OrderLotsDeallocated | OrderLotsPicked, lots: Iterable[L], action: str
) -> Iterator[tuple[Reservation, L]]:
    """Yield the matching reservations of each quantity; the caller applies each before the next is checked.

    A lot whose number was corrected meanwhile is yielded with the right number.
    """
    for lot_quantity in lots:
        row = uow.reservations.get((event.demand_id, lot_quantity.lot, lot_quantity.location))
        rows = [row] if row else []
        if row is None or row.quantity < lot_quantity.quantity:
            rows += corrected_reservations(uow, event.demand_id, lot_quantity)
        if not _matches(uow, event, rows, lot_quantity, action):
            continue
        if row and row.quantity >= lot_quantity.quantity:
            yield row, lot_quantity
            continue
        for other, quantity in take_stock(rows, lot_quantity.quantity):
            yield other, lot_quantity.model_copy(update={"lot": other.lot, "quantity": quantity})


def _matches(
    uow: LotsUnitOfWork,
    event: OrderLotsDeallocated | OrderLotsPicked | OrderLotsUnpicked,
    rows: Sequence[Reservation | PickedQuantity],
    lot_quantity: LotQuantity,
    action: str,
) -> bool:
    is_same_line = all((row.order_id, row.line) == (event.order, event.line) for row in rows)
    quantity = sum((row.quantity for row in rows), ZERO)
    if is_same_line and quantity >= lot_quantity.quantity:
        return True
    lot_text = f"{format_quantity(lot_quantity.quantity)} of {lot_label(event.sku, lot_quantity.lot)}"
    demand_text = f"demand {event.demand_id} has {format_quantity(quantity)}"
    code = Code.ILLEGAL_TRANSITION if is_same_line else Code.DOCUMENT_MISMATCH
    detail = f"{action} for order {event.order} line {event.line}: {lot_text}, but {demand_text}"
    uow.record_conflict(code, detail, sku=event.sku, ids=[lot_quantity.lot])
    return False
