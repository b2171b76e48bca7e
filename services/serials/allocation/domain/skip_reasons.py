"""Reasons why units were skipped by demands that are short, with unit counts."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from services.serials.allocation.domain.allocate import Allocation
from services.serials.allocation.domain.available_units import AllocationCriteria, criteria_of, skip_reason
from services.serials.units.domain.shelf_life import ShelfLifeByPool
from services.serials.units.domain.unit import Pool, Unit
from services.serials.units.domain.unit_of_work import SerialsUnitOfWork
from shared.inventory.shelf_life import ShelfLifeRules
from shared.inventory.skip_reason import SkipReason


class UnitGroup(NamedTuple):
    """Number of unallocated units of a pool with equal lot and expiry; `unit` represents them."""

    unit: Unit
    unit_count: int


SkippedByPool = Mapping[Pool, Sequence[UnitGroup]]


def skip_reasons(
    uow: SerialsUnitOfWork,
    allocations: Sequence[Allocation],
    skipped_by_pool: SkippedByPool,
    shelf_life_by_pool: ShelfLifeByPool,
) -> dict[str, dict[str, int]]:
    """Count the skipped units of each short demand by reason."""
    reasons_by_demand = {}
    for allocation in allocations:
        if allocation.is_short:
            demand = allocation.demand
            rules = shelf_life_by_pool.get(demand.pool)
            criteria = criteria_of(demand, rules)
            serials = demand.serials
            reasons = (
                _explain_requested_serials(uow, allocation, criteria, rules)
                if serials
                else _explain_groups(skipped_by_pool.get(demand.pool, ()), criteria, rules)
            )
            reasons_by_demand[demand.demand_id] = dict(reasons)
    return reasons_by_demand


def _explain_requested_serials(
    uow: SerialsUnitOfWork, allocation: Allocation, criteria: AllocationCriteria, rules: ShelfLifeRules | None
) -> Counter[str]:
    reasons: Counter[str] = Counter()
    for serial in allocation.demand.serials:
        unit = uow.units.get((allocation.demand.sku, serial))
        if unit is None:
            reasons["not found"] += 1
        elif unit.demand_id != allocation.demand.demand_id:
            reasons[(unit.is_available and skip_reason(unit, criteria, rules)) or unit.description] += 1
    return reasons


def _explain_groups(
    groups: Sequence[UnitGroup], criteria: AllocationCriteria, rules: ShelfLifeRules | None
) -> Counter[str]:
    reasons: Counter[str] = Counter()
    for unit, unit_count in groups:
        reason = SkipReason.ON_HOLD if unit.open_hold_count else skip_reason(unit, criteria, rules)
        reasons[reason or SkipReason.LOT_TOO_SMALL] += unit_count
    return reasons
