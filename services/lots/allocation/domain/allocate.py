"""Allocation of available stock to open demands, releases of stock by changed rules, and the allocation events."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import islice
from operator import attrgetter

from services.lots.allocation.domain.available_lots import AvailableLots, SkippedLot, group_available_balances
from services.lots.balances.domain.records import DemandRef, split_quantity
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from shared.contracts.commands.lots import ReallocateLotBackorders
from shared.contracts.envelope import MAX_ITEMS_PER_MESSAGE
from shared.contracts.lots import AllocatedLot, LotAllocated, SkippedLots
from shared.contracts.reference import ProductChanged
from shared.inventory.allocation import allocate, emit_allocation
from shared.inventory.demand import Pool
from shared.inventory.fefo import AllocatedQuantity
from shared.inventory.skip_reason import SkipReason


def release_product(uow: LotsUnitOfWork, event: ProductChanged) -> None:
    """Mark the stock of a product as released: a relaxed shelf-life policy may make it available."""
    for balance in uow.balances_by_sku[event.sku]:
        uow.mark_released(balance)


def release_pool(uow: LotsUnitOfWork, command: ReallocateLotBackorders) -> None:
    """Mark stock as released where the local date became earlier: its shelf life may be sufficient again."""
    for balance in uow.balances_by_sku[command.sku]:
        if balance.warehouse == command.warehouse:
            uow.mark_released(balance)


def pools_to_allocate(uow: LotsUnitOfWork) -> set[Pool]:
    """Return the pools with released stock or demands to answer."""
    released = {pool for pool, stock in uow.released_stock.items() if stock}
    return released | {uow.demands[demand_id].pool for demand_id in uow.demands_to_answer}


def allocate_backorders(uow: LotsUnitOfWork) -> None:
    """Allocate released stock, answer opened demands, and publish the allocations with the skipped lots."""
    pools = pools_to_allocate(uow)
    demands = sorted((demand for demand in uow.open_demands if demand.pool in pools), key=attrgetter("pool"))
    balances_by_pool = group_available_balances(uow, {demand.pool for demand in demands})
    available = {pool: AvailableLots.from_balances(uow, pool, rows) for pool, rows in balances_by_pool.items()}
    for allocation in allocate(uow, demands, uow.released_stock, lambda pool: available[pool].take):
        demand = allocation.demand
        skipped = available[demand.pool].find_skipped(demand, allocation.taken)
        demand_ref = DemandRef(demand_id=demand.demand_id, order_id=demand.order_id, line=demand.line)
        for lot, quantity in allocation.taken:
            uow.allocate(uow.balances[demand.sku, lot.lot, lot.location], demand_ref, quantity, allocation.context)
        emit_allocation(uow, allocation, LotAllocated, _describe, summarise_by_lot(skipped))
    uow.released_stock.clear()


def _describe(allocated: AllocatedQuantity) -> AllocatedLot:
    lot, quantity = allocated
    return AllocatedLot(lot=lot.lot, location=lot.location, quantity=quantity, expiry=lot.expiry)


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
