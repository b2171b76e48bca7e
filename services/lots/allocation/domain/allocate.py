"""Allocation of available stock to open demands: by priority, then order age; stock by earliest expiry (S27).

Demands without matching stock are skipped. Pure functions: the store has loaded all relevant rows.
"""

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from services.lots.allocation.domain.available_lots import AvailableLots, SkippedLot
from services.lots.allocation.domain.demand import Demand, DemandSet
from services.lots.balances.domain.ledger import MessageContext
from services.lots.balances.domain.records import DemandRef, Pool
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from shared.inventory.fefo import AllocatedQuantity


class Allocation(NamedTuple):
    """Quantities allocated to a demand in one transaction; none if a new demand finds no stock."""

    demand: Demand
    allocated: list[AllocatedQuantity]
    open_quantity_before: Decimal
    context: MessageContext
    skipped: list[SkippedLot]


def allocate(
    uow: LotsUnitOfWork, available_by_pool: Mapping[Pool, AvailableLots], demands: DemandSet
) -> list[Allocation]:
    """Allocate available stock to the open demands of each pool."""
    demands_by_pool: dict[Pool, list[Demand]] = defaultdict(list)
    for demand in demands.open_demands:
        demands_by_pool[demand.pool].append(demand)
    allocations = []
    for pool, pool_demands in demands_by_pool.items():
        available_lots = available_by_pool[pool]
        for demand in sorted(pool_demands, key=lambda demand: demand.queue_key):
            request_context = demands.to_answer.get(demand.demand_id)
            if not request_context and not (available_lots.queue.lots and uow.released_stock.get(pool)):
                continue
            if (allocated := available_lots.allocate(demand)) or request_context:
                context = request_context or _release_context(uow, allocated[-1], pool)
                allocations.append(
                    Allocation(
                        demand, allocated, demand.open_quantity, context, available_lots.find_skipped(demand, allocated)
                    )
                )
                _allocate(uow, demands, demand, allocated)
    return allocations


def _allocate(uow: LotsUnitOfWork, demands: DemandSet, demand: Demand, allocated: list[AllocatedQuantity]) -> None:
    demand_ref = DemandRef(demand_id=demand.demand_id, order_id=demand.order_id, line=demand.line)
    for lot, quantity in allocated:
        uow.allocate(uow.balances[demand.sku, lot.lot, lot.location], demand_ref, quantity)
    demands.allocate(demand, allocated)


def _release_context(uow: LotsUnitOfWork, allocated_quantity: AllocatedQuantity, pool: Pool) -> MessageContext:
    """Return the context that released this stock, or the pool's latest release for stock available before."""
    released = uow.released_stock[pool]
    return released.get((allocated_quantity.source.lot, allocated_quantity.source.location)) or next(
        reversed(released.values())
    )
