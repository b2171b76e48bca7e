"""Allocation of available stock to open demands: by priority, then order age; stock by earliest expiry (S27).

Stock is released by putaways, deallocations, unpicks, cancellations, released holds, counts, corrected dates, relaxed
policies and earlier local dates. Each transaction that releases stock allocates it before its end, so that no retry is
needed. Demands without matching stock are skipped.
"""

from decimal import Decimal
from typing import NamedTuple

from services.lots.allocation.domain.available_lots import (
    AvailableLots,
    SkippedLot,
    group_available_balances,
)
from services.lots.balances.domain.demands import Demand
from services.lots.balances.domain.records import DemandRef, Pool
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from shared.contracts.commands.lots import ReallocateLotBackorders
from shared.contracts.reference import ProductChanged
from shared.inventory.fefo import AllocatedQuantity
from shared.unit_of_work import MessageContext


class Allocation(NamedTuple):
    """Quantities allocated to a demand in one transaction; none if a new demand finds no stock."""

    demand: Demand
    allocated: list[AllocatedQuantity]
    open_quantity_before: Decimal
    context: MessageContext
    skipped: list[SkippedLot]


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


def allocate(uow: LotsUnitOfWork) -> list[Allocation]:
    """Allocate available stock to the open demands of each pool with released stock or demands to answer."""
    demands_by_pool: dict[Pool, list[Demand]] = {pool: [] for pool in sorted(pools_to_allocate(uow))}
    for demand in uow.demands:
        if demand.open_quantity and demand.pool in demands_by_pool:
            demands_by_pool[demand.pool].append(demand)
    balances_by_pool = group_available_balances(uow, demands_by_pool)
    allocations = []
    for pool, demands in demands_by_pool.items():
        if demands:
            available_lots = AvailableLots.from_balances(uow, pool, balances_by_pool[pool])
            allocations += _allocate_pool(uow, pool, demands, available_lots)
    uow.released_stock.clear()
    uow.demands_to_answer.clear()
    return allocations


def _allocate_pool(
    uow: LotsUnitOfWork, pool: Pool, demands: list[Demand], available_lots: AvailableLots
) -> list[Allocation]:
    allocations = []
    for demand in sorted(demands, key=lambda demand: demand.queue_key):
        request_context = uow.demands_to_answer.get(demand.demand_id)
        if not request_context and not (available_lots.queue.lots and uow.released_stock.get(pool)):
            continue
        if (allocated := available_lots.allocate(demand)) or request_context:
            context = request_context or _release_context(uow, allocated[-1], pool)
            skipped = available_lots.find_skipped(demand, allocated)
            allocations.append(Allocation(demand, allocated, demand.open_quantity, context, skipped))
            demand_ref = DemandRef(demand_id=demand.demand_id, order_id=demand.order_id, line=demand.line)
            for lot, quantity in allocated:
                uow.allocate(uow.balances[demand.sku, lot.lot, lot.location], demand_ref, quantity)
            quantity_taken = sum((quantity for _, quantity in allocated), Decimal(0))
            demand.record_allocation(quantity_taken, allocated[0].source.lot if allocated else None)
    return allocations


def _release_context(uow: LotsUnitOfWork, allocated_quantity: AllocatedQuantity, pool: Pool) -> MessageContext:
    """Return the context that released this stock, or the pool's latest release for stock available before."""
    released = uow.released_stock[pool]
    return released.get((allocated_quantity.source.lot, allocated_quantity.source.location)) or next(
        reversed(released.values())
    )
