"""Reasons why units were skipped by demands that are short, with unit counts."""

from collections import Counter
from collections.abc import Sequence

from services.serials.allocation.domain.available_units import AllocationCriteria, criteria_of, skip_reason
from services.serials.allocation.domain.demand import Allocation
from services.serials.units.domain.unit import UnitGroup
from services.serials.units.domain.unit_of_work import SerialsUnitOfWork
from shared.inventory.shelf_life import ShelfLifeRules
from shared.inventory.skip_reason import SkipReason


def skip_reasons(uow: SerialsUnitOfWork, allocation: Allocation) -> Counter[str]:
    """Count the units that a demand did not get, by reason; a filled demand has none."""
    demand = allocation.demand
    if not allocation.is_short:
        return Counter()
    rules = uow.shelf_life_rules.get(demand.pool)
    criteria = criteria_of(demand, rules)
    if demand.serials:
        return _explain_requested_serials(uow, allocation, criteria, rules)
    return _explain_groups(uow.skipped_by_pool.get(demand.pool, ()), criteria, rules)


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
