"""Allocation of available units to open demands: by priority, then order age; first expired, first out (S27).

Demands without matching units are skipped. The store loads every unit and demand that the rules need.
"""

from collections import defaultdict
from collections.abc import Sequence

from services.serials.allocation.domain.available_units import AvailableUnits
from services.serials.allocation.domain.demand import Allocation, Demand
from services.serials.units.domain.operations import DocumentRefs
from services.serials.units.domain.transitions import SerialChangeType
from services.serials.units.domain.unit import Pool, Unit
from services.serials.units.domain.unit_of_work import SerialsUnitOfWork
from shared.unit_of_work import MessageContext


def allocate_backorders(uow: SerialsUnitOfWork) -> None:
    """Allocate the available units of each pool to opened demands and, where stock was released, to all demands."""
    if not uow.has_pending_allocation:
        return
    demands_by_pool: dict[Pool, list[Demand]] = defaultdict(list)
    for demand in uow.open_demands:
        demands_by_pool[demand.pool].append(demand)
    available_by_pool: dict[Pool, list[Unit]] = defaultdict(list)
    for unit in uow.units:
        if unit.is_available and unit.pool in demands_by_pool:
            available_by_pool[unit.pool].append(unit)
    released_stock = uow.released_stock
    for pool, demands in demands_by_pool.items():
        released = [*released_stock.get(pool, {}).values(), *filter(None, [uow.reallocated_pools.get(pool)])]
        available_units = AvailableUnits(available_by_pool[pool], uow.shelf_life_rules.get(pool))
        for demand in sorted(demands, key=lambda demand: demand.queue_key):
            request_context = uow.demands_to_answer.get(demand.demand_id)
            # The demand was loaded by id, and its pool has no released stock. Units that match only since a time zone
            # change are allocated by the reallocation that the change requests.
            if not request_context and not released:
                continue
            units = available_units.allocate(demand)
            if units or request_context:
                context = request_context or uow.released_units.get(units[-1].key) or released[-1]
                _allocate(uow, demand, units, context)
    uow.demands_to_answer.clear()
    uow.released_units.clear()
    uow.reallocated_pools.clear()


def _allocate(uow: SerialsUnitOfWork, demand: Demand, units: Sequence[Unit], context: MessageContext) -> None:
    uow.allocations.append(Allocation(demand, units, demand.open_quantity, context))
    demand.record_allocation(len(units), units[0].lot if units else None)
    if not units:
        return
    documents = DocumentRefs(
        order_id=demand.order_id, line=demand.line, demand_id=demand.demand_id, customer=demand.customer
    )
    operation = uow.add_operation(SerialChangeType.ALLOCATED, demand.sku, documents, context=context)
    for unit in units:
        uow.transition(unit, operation, unit.location)
        unit.order_id, unit.order_line = demand.order_id, demand.line
        unit.demand_id, unit.customer = demand.demand_id, demand.customer
