"""Why a demand has its units, and why it passed over others."""

from collections.abc import Iterable
from typing import NamedTuple

from services.serials.allocation.domain.available_units import criteria_of, fefo_key, skip_reason
from services.serials.allocation.domain.demand import Demand
from services.serials.units.domain.unit import Unit
from shared.inventory.explanation import PassOverReason
from shared.inventory.shelf_life import ShelfLifeRules
from shared.inventory.skip_reason import SkipReason

REASON_BY_STATUS = {
    None: PassOverReason.NOT_FOUND,
    "EXPECTED": PassOverReason.NOT_RECEIVED,
    "RECEIVED": PassOverReason.NOT_IN_STORAGE,
    "ALLOCATED": PassOverReason.ALLOCATED,
    "PICKED": PassOverReason.PICKED,
    "SHIPPED": PassOverReason.SHIPPED,
}


class PassedOverUnit(NamedTuple):
    """A unit that a demand has not got, with the reason."""

    unit: Unit
    reason: str


def pass_over(demand: Demand, units: Iterable[Unit], rules: ShelfLifeRules) -> list[PassedOverUnit]:
    """Return the reasons for units of other demands or none, in FEFO order."""
    return [PassedOverUnit(unit, _reason(demand, unit, rules)) for unit in sorted(units, key=fefo_key)]


def _reason(demand: Demand, unit: Unit, rules: ShelfLifeRules) -> str:
    if unit.adjustment:
        return PassOverReason[unit.adjustment]
    if reason := REASON_BY_STATUS.get(unit.status):
        return reason
    if unit.is_blocked:
        return PassOverReason.NOT_IN_STORAGE
    return SkipReason.ON_HOLD if unit.open_hold_count else _mismatch(demand, unit, rules)


def _mismatch(demand: Demand, unit: Unit, rules: ShelfLifeRules) -> str:
    if demand.assigned_lot is not None and unit.lot != demand.assigned_lot:
        return PassOverReason.OTHER_LOT
    if skip := skip_reason(unit, criteria_of(demand, rules), rules):
        return skip
    # A single-lot demand without a lot is short: no lot was large enough.
    return SkipReason.LOT_TOO_SMALL if demand.single_lot and not demand.assigned_lot else PassOverReason.AVAILABLE
