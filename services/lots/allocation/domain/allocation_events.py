"""Allocation events: allocated lots, open quantity and skipped lots with reasons."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import islice

from services.lots.allocation.domain.allocate import Allocation, allocate
from services.lots.allocation.domain.available_lots import SkippedLot
from services.lots.balances.domain.records import split_quantity
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from shared.contracts.envelope import MAX_ITEMS_PER_MESSAGE, chunks
from shared.contracts.lots import AllocatedLot, LotAllocated, SkippedLots
from shared.inventory.skip_reason import SkipReason


def allocate_backorders(uow: LotsUnitOfWork) -> None:
    """Allocate released stock and answer opened demands."""
    for allocation in allocate(uow):
        _emit_allocated(uow, allocation)


def _emit_allocated(uow: LotsUnitOfWork, allocation: Allocation) -> None:
    """Emit events in batches. Each carries the open quantity after it; only the last may be final."""
    demand, remaining_quantity = allocation.demand, allocation.open_quantity_before
    batches = list(chunks(allocation.allocated)) or [()]
    for position, batch in enumerate(batches, start=1):
        remaining_quantity -= sum(allocated_quantity.quantity for allocated_quantity in batch)
        is_last = position == len(batches)
        allocated_lots = [
            AllocatedLot(lot=lot.lot, location=lot.location, quantity=quantity, expiry=lot.expiry)
            for lot, quantity in batch
        ]
        uow.emit(
            LotAllocated,
            allocation.context,
            sku=demand.sku,
            demand_id=demand.demand_id,
            order=demand.order_id,
            line=demand.line,
            allocated=allocated_lots,
            open_quantity=remaining_quantity,
            final=is_last and demand.status == "CLOSED",
            skipped=summarise_by_lot(allocation.skipped) if is_last and allocation.skipped else [],
        )


def summarise_by_lot(skipped: Sequence[SkippedLot]) -> list[SkippedLots]:
    """Sum skipped quantities by lot and reason in FEFO order, up to the maximum of a message."""
    quantity_by_reason: dict[tuple[str, SkipReason], Decimal] = {}
    for available_lot, reason in skipped:
        quantity_by_reason[available_lot.lot, reason] = (
            quantity_by_reason.get((available_lot.lot, reason), Decimal(0)) + available_lot.available_quantity
        )
    rows = (
        (lot, portion, reason)
        for (lot, reason), quantity in quantity_by_reason.items()
        for portion in split_quantity(quantity)
    )
    return [
        SkippedLots(lot=lot, quantity=portion, reason=reason)
        for lot, portion, reason in islice(rows, MAX_ITEMS_PER_MESSAGE)
    ]
