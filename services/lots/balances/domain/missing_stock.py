"""Stock of orders that a count or a pick left without goods: fulfillment releases it (S11)."""

from collections.abc import Iterator
from datetime import UTC, datetime

from services.lots.balances.domain.records import Balance, PickedQuantity, Reservation
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from shared.contracts.envelope import chunks
from shared.contracts.lots import AffectedLot, LotStockMissing

LONG_AGO = datetime(1900, 1, 1, tzinfo=UTC)


def queue_position(uow: LotsUnitOfWork, row: Reservation | PickedQuantity) -> tuple[int, datetime, str]:
    """Return the position of a row's order in the queue; the last ones lose their stock first."""
    demand = uow.demands.get(row.demand_id)
    return demand.queue_key if demand and demand.placed_at else (0, LONG_AGO, row.demand_id)


def report_missing_stock(uow: LotsUnitOfWork) -> None:
    """Publish the stock of orders that is missing at a location, whatever message left it without goods."""
    for key, (context, reason, picked) in uow.missing_stock.items():
        balance = uow.balances[key]
        stock = [*picked, *_unfounded_allocations(uow, balance)]
        for batch in chunks(stock):
            uow.emit(
                LotStockMissing, context, sku=balance.sku, lot=balance.lot, location=balance.location,
                reason=reason or "less stock than allocated", stock=list(batch),
            )  # fmt: skip
    uow.missing_stock.clear()


def _unfounded_allocations(uow: LotsUnitOfWork, balance: Balance) -> Iterator[AffectedLot]:
    """Yield the allocations above the stock at the location, last served order first.

    An order whose picker reported what remains there is the last one: the picker takes from it.
    """
    excess = -balance.unallocated
    rows = [
        row
        for row in uow.reservations_by_lot[balance.sku, balance.lot]
        if row.location == balance.location and row.quantity > 0
    ]
    reporters = {variance.order_id for variance in uow.variances_by_balance[balance.key] if variance.missing}
    for row in sorted(rows, key=lambda row: (row.order_id not in reporters, queue_position(uow, row)), reverse=True):
        if excess <= 0:
            return
        yield AffectedLot(
            lot=row.lot, quantity=min(row.quantity, excess), order=row.order_id, line=row.line,
            demand_id=row.demand_id, location=row.location,
        )  # fmt: skip
        excess -= row.quantity
