"""Allocation of available units to open demands.

The store loads every unit and demand that the rules need.
"""

from collections import defaultdict

from services.serials.allocation.domain.available_units import AvailableUnits
from services.serials.allocation.domain.demand import Allocation
from services.serials.units.domain.operations import DocumentRefs
from services.serials.units.domain.transitions import SerialChangeType
from services.serials.units.domain.unit import Unit
from services.serials.units.domain.unit_of_work import SerialsUnitOfWork
from shared.inventory.allocation import allocate
from shared.inventory.demand import Pool

CHANGED_RULES = "", ""
"""Key in the released stock for units that match since the rules of their pool changed."""


def allocate_backorders(uow: SerialsUnitOfWork) -> None:
    """Allocate the available units of each pool to opened demands and, where stock was released, to all demands."""
    if not uow.has_pending_allocation:
        return
    demands = uow.open_demands
    units_by_pool: dict[Pool, list[Unit]] = {demand.pool: [] for demand in demands}
    for unit in uow.units:
        if unit.is_available and unit.pool in units_by_pool:
            units_by_pool[unit.pool].append(unit)
    released_stock = defaultdict(dict, uow.released_stock)
    for pool, context in uow.reallocated_pools.items():
        released_stock[pool][CHANGED_RULES] = context
    for allocation in allocate(
        uow, demands, released_stock,
        lambda pool: AvailableUnits(units_by_pool[pool], uow.shelf_life_rules.get(pool)).take,
    ):  # fmt: skip
        uow.allocations.append(allocation)
        if allocation.taken:
            _assign(uow, allocation)
    uow.released_units.clear()
    uow.reallocated_pools.clear()


def _assign(uow: SerialsUnitOfWork, allocation: Allocation) -> None:
    demand = allocation.demand
    documents = DocumentRefs(
        order_id=demand.order_id, line=demand.line, demand_id=demand.demand_id, customer=demand.customer
    )
    operation = uow.add_operation(SerialChangeType.ALLOCATED, demand.sku, documents, context=allocation.context)
    for unit in allocation.taken:
        uow.transition(unit, operation, unit.location)
        unit.order_id, unit.order_line = demand.order_id, demand.line
        unit.demand_id, unit.customer = demand.demand_id, demand.customer
