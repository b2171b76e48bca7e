"""Allocation of available units to open demands: by priority, then order age; first expired, first out (S27).

Demands without matching units are skipped. The store loads every unit and demand that the rules need.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from services.serials.allocation.domain.available_units import AvailableUnits
from services.serials.allocation.domain.demand import Demand, DemandSet
from services.serials.units.domain.operations import DocumentRefs, MessageContext
from services.serials.units.domain.shelf_life import ShelfLifeByPool
from services.serials.units.domain.transitions import SerialChangeType
from services.serials.units.domain.unit import Pool, Unit
from services.serials.units.domain.unit_of_work import SerialsUnitOfWork


class Allocation(NamedTuple):
    """Units allocated to a demand in one transaction; none if a new demand finds no stock."""

    demand: Demand
    units: Sequence[Unit]
    open_quantity_before: int
    context: MessageContext

    @property
    def is_short(self) -> bool:
        """Whether the open quantity was not filled completely."""
        return len(self.units) < self.open_quantity_before


def allocate(uow: SerialsUnitOfWork, demands: DemandSet, shelf_life_by_pool: ShelfLifeByPool) -> list[Allocation]:
    """Allocate available units to open demands, pool by pool."""
    demands_by_pool: dict[Pool, list[Demand]] = defaultdict(list)
    for demand in demands.open_demands:
        demands_by_pool[demand.pool].append(demand)
    available_by_pool: dict[Pool, list[Unit]] = defaultdict(list)
    for unit in uow.units.values():
        if unit.is_available and unit.pool in demands_by_pool:
            available_by_pool[unit.pool].append(unit)
    allocations = []
    for pool, pool_demands in demands_by_pool.items():
        available_units = AvailableUnits(available_by_pool[pool], shelf_life_by_pool.get(pool))
        for demand in sorted(pool_demands, key=lambda demand: demand.queue_key):
            request_context = demands.to_answer.get(demand.demand_id)
            # The demand was loaded by id, and its pool has no released stock. Units that match only since a time zone
            # change are allocated by the reallocation that the change requests.
            if not request_context and not uow.released_stock.get(pool):
                continue
            if units := available_units.allocate(demand):
                allocations.append(
                    _allocate(uow, demands, demand, units, request_context or _release_context(uow, units))
                )
            elif request_context:
                allocations.append(Allocation(demand, (), demand.open_quantity, request_context))
                demands.allocate(demand, ())
    return allocations


def _release_context(uow: SerialsUnitOfWork, units: Sequence[Unit]) -> MessageContext:
    """Return the context that released the units: the last one, if there are several."""
    released = uow.released_stock[units[-1].pool]
    return released.get(units[-1].key) or next(reversed(released.values()))


def _allocate(
    uow: SerialsUnitOfWork, demands: DemandSet, demand: Demand, units: Sequence[Unit], context: MessageContext
) -> Allocation:
    allocation = Allocation(demand, units, demand.open_quantity, context)
    documents = DocumentRefs(
        order_id=demand.order_id, line=demand.line, demand_id=demand.demand_id, customer=demand.customer
    )
    operation = uow.add_operation(SerialChangeType.ALLOCATED, demand.sku, context, documents)
    for unit in units:
        uow.transition(unit, operation, unit.location)
        unit.order_id, unit.order_line = demand.order_id, demand.line
        unit.demand_id, unit.customer = demand.demand_id, demand.customer
    demands.allocate(demand, units)
    return allocation
