"""Available units of a pool in FEFO order, and reasons why units do not match a demand (S27, S28)."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from services.serials.allocation.domain.demand import Demand
from services.serials.units.domain.unit import Unit, UnitKey
from shared.identifiers import fold_lot
from shared.inventory import fefo
from shared.inventory.shelf_life import ShelfLifeRules
from shared.inventory.skip_reason import SkipReason

EPOCH = datetime(1, 1, 1, tzinfo=UTC)

AllocationCriteria = tuple[int, frozenset[str], str | None, bool]
"""Minimum days of remaining shelf life, keys of the allowed lots, assigned lot, whether a single lot is required."""


def fefo_key(unit: Unit) -> fefo.FefoKey:
    """Return the sort key of a unit: earliest expiry, then earliest receipt, then serial."""
    return fefo.fefo_key(unit.expiry, unit.received_at or EPOCH, unit.serial)


def criteria_of(demand: Demand, rules: ShelfLifeRules | None) -> AllocationCriteria:
    """Return the criteria of a demand; without rules no unit of its pool has an expiry."""
    days = rules.policy.min_remaining_shelf_life(demand.customer, demand.min_remaining_shelf_life_days) if rules else 0
    return days, frozenset(map(fold_lot, demand.allowed_lots)), demand.assigned_lot, demand.single_lot


def skip_reason(unit: Unit, criteria: AllocationCriteria, rules: ShelfLifeRules | None) -> SkipReason | None:
    """Return why an available unit does not match the criteria."""
    days, lots, assigned_lot, single_lot = criteria
    if rules and (reason := rules.skip_reason(unit.expiry, days)):
        return reason
    if assigned_lot is not None:
        is_requested = unit.lot == assigned_lot
    else:
        is_requested = not lots or (unit.lot is not None and fold_lot(unit.lot) in lots)
    return None if is_requested and (unit.lot or not single_lot) else SkipReason.LOT_NOT_REQUESTED


class AvailableUnits:
    """Available units in FEFO order; the queue is scanned once for each distinct set of criteria."""

    def __init__(self, units: Sequence[Unit], rules: ShelfLifeRules | None) -> None:
        self._rules = rules
        self._queue = sorted(units, key=fefo_key)
        self._next_index: dict[AllocationCriteria, int] = {}
        self._remaining: dict[UnitKey, Unit] = {unit.key: unit for unit in units}

    def take(self, demand: Demand) -> list[Unit]:
        """Take the units for a demand; a single-lot demand gets its whole open quantity or nothing."""
        criteria = criteria_of(demand, self._rules)
        if demand.serials:
            candidates = (unit for serial in demand.serials if (unit := self._remaining.get((demand.sku, serial))))
            allocated = self._first_matching(sorted(self._matching(candidates, criteria), key=fefo_key), demand)
        elif demand.single_lot:
            allocated = self._first_matching(self._matching(self._queue, criteria), demand)
        else:
            allocated = self._next_matching(criteria, demand.open_quantity)
        for unit in allocated:
            del self._remaining[unit.key]
        return allocated

    def _matching(self, units: Iterable[Unit], criteria: AllocationCriteria) -> Iterator[Unit]:
        return (unit for unit in units if unit.key in self._remaining and not skip_reason(unit, criteria, self._rules))

    def _first_matching(self, units: Iterable[Unit], demand: Demand) -> list[Unit]:
        """Return the first units, or those of the first lot that fills the open quantity."""
        if not demand.single_lot:
            return list(units)[: demand.open_quantity]
        units_by_lot: dict[str | None, list[Unit]] = {}
        for unit in units:
            units_by_lot.setdefault(unit.lot, []).append(unit)
        return next(
            (lot[: demand.open_quantity] for lot in units_by_lot.values() if len(lot) >= demand.open_quantity), []
        )

    def _next_matching(self, criteria: AllocationCriteria, count: int) -> list[Unit]:
        """Return the next matching units; skipped units never match the same criteria later."""
        allocated: list[Unit] = []
        index = self._next_index.get(criteria, 0)
        while len(allocated) < count and index < len(self._queue):
            unit = self._queue[index]
            index += 1
            if unit.key in self._remaining and not skip_reason(unit, criteria, self._rules):
                allocated.append(unit)
        self._next_index[criteria] = index
        return allocated
