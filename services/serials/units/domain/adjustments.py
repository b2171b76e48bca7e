"""Adjustments: scrap, loss, recovery, void, return from the vendor.

Adjusted units keep their history and are not allocated.
"""

from collections.abc import Mapping, Sequence

from services.serials.units.domain.holds import apply_standing_holds, find_not_found_holds, release_not_found_holds
from services.serials.units.domain.movements import (
    ALLOWED_LOCATION_TYPES,
    add_location_detail,
    movability_violation,
    target_location_violation,
)
from services.serials.units.domain.results import duplicate_serials_violation, partition_by_rule, units_result
from services.serials.units.domain.transitions import UNALLOCATED, SerialChangeType
from services.serials.units.domain.unit import Unit
from services.serials.units.domain.unit_of_work import SerialsUnitOfWork
from shared.contracts.commands.serials import AdjustSerials
from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.serials import SerialAdjustment
from shared.identifiers import rfc3339, warehouse_of
from shared.unit_of_work import CommandResult

CHANGE_BY_ADJUSTMENT: Mapping[SerialAdjustment, SerialChangeType] = {
    "SCRAPPED": SerialChangeType.SCRAPPED,
    "LOST": SerialChangeType.LOST,
    "FOUND": SerialChangeType.FOUND,
    "VOID": SerialChangeType.VOID,
    "RETURNED_TO_VENDOR": SerialChangeType.RETURNED_TO_VENDOR,
    "RETURNED_FROM_VENDOR": SerialChangeType.RETURNED_FROM_VENDOR,
}
ENDING_ADJUSTMENTS: frozenset[SerialAdjustment] = frozenset({"FOUND", "RETURNED_FROM_VENDOR"})
"""Adjustments after which a unit is in use again."""
NEVER_FOUND: frozenset[SerialAdjustment | None] = frozenset({"VOID", "RETURNED_TO_VENDOR"})
"""Adjustments after which a unit is not missing: it is void, or at its vendor."""
CONDITIONS: Mapping[SerialAdjustment, str] = {
    "FOUND": "only a missing unit is found; ",
    "RETURNED_FROM_VENDOR": "only a unit that was returned to its vendor comes back from there; ",
}
AT_VENDOR = "it is at its vendor: adjust it as RETURNED_FROM_VENDOR where it arrives"


def adjust(uow: SerialsUnitOfWork, command: AdjustSerials) -> CommandResult:
    """Adjust unallocated units; found units become available again, those from the vendor are received."""
    is_found, is_in_use = command.adjustment == "FOUND", command.adjustment in ENDING_ADJUSTMENTS
    new_location = command.location
    unknown_location = target_location_violation(uow, new_location) if new_location else None
    if violation := unknown_location or duplicate_serials_violation(command.serials):
        return CommandResult.rejected(violation)

    def unit_violation(unit: Unit) -> Code | None:
        if command.adjustment == "RETURNED_FROM_VENDOR":
            return _return_violation(uow, unit, new_location or "")
        return _found_violation(uow, unit, new_location) if is_found else movability_violation(unit)

    accepted, rejected = partition_by_rule(
        (uow.get_unit(command.sku, serial) for serial in command.serials), unit_violation
    )
    if command.adjustment == "LOST":
        moved = _moved_since(uow, accepted)
        accepted = [unit for unit in accepted if unit not in moved]
        rejected += [_moved_since_violation(uow, unit) for unit in moved]
    operation = uow.add_operation(CHANGE_BY_ADJUSTMENT[command.adjustment], command.sku)
    for unit in accepted:
        uow.transition(unit, operation, new_location or unit.location)
        unit.adjustment = None if is_in_use else command.adjustment
        unit.warehouse = warehouse_of(new_location) if new_location else unit.warehouse
        if command.adjustment == "RETURNED_FROM_VENDOR":
            unit.received_at = uow.event.time
            apply_standing_holds(uow, unit)
    if is_found:
        release_not_found_holds(uow, accepted, uow.event.time)
    if new_location:
        rejected = add_location_detail(uow, rejected, new_location)
    return units_result(command.sku, accepted, [_with_advice(uow, command, problem) for problem in rejected])


def _with_advice(uow: SerialsUnitOfWork, command: AdjustSerials, problem: ProblemDetail) -> ProblemDetail:
    """Say of units whose state forbids the adjustment why it does, and what to do instead."""
    if problem.code is not Code.ILLEGAL_TRANSITION:
        return problem
    advice = CONDITIONS.get(command.adjustment, "") + _advice(uow.get_unit(command.sku, problem.ids[0]))
    return problem.model_copy(update={"detail": f"{problem.detail}; {advice}"})


def _advice(unit: Unit) -> str:
    """Say where a unit is by the books, and what brings it back."""
    if unit.status == "EXPECTED":
        return "it was not received: scan it on its receipt"
    if unit.status == "SHIPPED":
        return f"it left with order {unit.order_id}: receive it as a customer return of this order"
    if unit.adjustment == "RETURNED_TO_VENDOR":
        return AT_VENDOR
    if unit.adjustment == "VOID":
        return "void is final: its serial number is never used again"
    if unit.adjustment:
        return "adjust it as FOUND where it stands"
    return "it is in the books here: look up its location, and move it if it stands elsewhere"


def _found_violation(uow: SerialsUnitOfWork, unit: Unit, new_location: str | None) -> Code | None:
    """Return why a unit cannot be found: it was never missing, is at its vendor, or is void, which is final."""
    is_missing = bool(unit.adjustment or find_not_found_holds(uow, unit, uow.event.time))
    if unit.status not in UNALLOCATED or not is_missing or unit.adjustment in NEVER_FOUND:
        return Code.ILLEGAL_TRANSITION
    if unit.location in uow.inactive_locations and not new_location:
        return Code.LOCATION_INACTIVE
    if new_location and uow.location_types[new_location] not in ALLOWED_LOCATION_TYPES[unit.status]:
        return Code.WRONG_LOCATION_TYPE
    return None


def _return_violation(uow: SerialsUnitOfWork, unit: Unit, location: str) -> Code | None:
    """Return why a unit cannot come back from its vendor: it is not there, or arrives at a storage location."""
    if unit.adjustment != "RETURNED_TO_VENDOR":
        return Code.ILLEGAL_TRANSITION
    return None if uow.location_types[location] in ALLOWED_LOCATION_TYPES["RECEIVED"] else Code.WRONG_LOCATION_TYPE


def _moved_since(uow: SerialsUnitOfWork, units: Sequence[Unit]) -> list[Unit]:
    """Return the units that were moved after the time at which the message says they were lost."""
    return [
        unit for unit in units
        if (movement := uow.last_movements.get(unit.key)) is not None and movement.at > uow.event.time
    ]  # fmt: skip


def _moved_since_violation(uow: SerialsUnitOfWork, unit: Unit) -> ProblemDetail:
    movement = uow.last_movements[unit.key]
    detail = f"{unit.sku} {unit.serial} was moved to {movement.location} at {rfc3339(movement.at)}"
    return ProblemDetail(
        code=Code.MOVED_SINCE, detail=f"{detail}, after its loss at {rfc3339(uow.event.time)}", ids=[unit.serial]
    )
