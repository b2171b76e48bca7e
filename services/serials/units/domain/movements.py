"""Putaway from staging to storage, and moves between locations of the same type."""

from collections.abc import Mapping, Sequence

from services.serials.units.domain.holds import find_not_found_holds, release_not_found_holds
from services.serials.units.domain.results import UnitRule, duplicate_serials_violation, partition_by_rule, units_result
from services.serials.units.domain.transitions import UNALLOCATED, SerialChangeType
from services.serials.units.domain.unit import Unit
from services.serials.units.domain.unit_of_work import SerialsUnitOfWork
from shared.contracts.commands.serials import MoveSerials, PutAwaySerials
from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.reference import LocationType
from shared.contracts.serials import SerialStatus
from shared.identifiers import warehouse_of
from shared.unit_of_work import CommandResult

ALLOWED_LOCATION_TYPES: Mapping[SerialStatus, frozenset[LocationType]] = {
    "RECEIVED": frozenset({"DOCK", "STAGING"}),
    "IN_INVENTORY": frozenset({"STORAGE"}),
}
"""Location types allowed for units of a status (S06, S07)."""


def unknown_location_violation(uow: SerialsUnitOfWork, location: str) -> ProblemDetail | None:
    """Return the violation of a command that names an undefined location."""
    if location in uow.location_types:
        return None
    return ProblemDetail(code=Code.LOCATION_NOT_FOUND, detail=f"Location {location} not found", ids=[location])


def target_location_violation(uow: SerialsUnitOfWork, location: str) -> ProblemDetail | None:
    """Return the violation of a command that puts units at an undefined or deactivated location."""
    if location in uow.inactive_locations:
        detail = f"Location {location} is deactivated; nothing is put there"
        return ProblemDetail(code=Code.LOCATION_INACTIVE, detail=detail, ids=[location])
    return unknown_location_violation(uow, location)


def location_violation(unit: Unit, location: str, location_type: LocationType, status: SerialStatus) -> Code | None:
    """Return why a unit may not be at a location in a status."""
    if unit.warehouse != warehouse_of(location):
        return Code.WRONG_WAREHOUSE
    return None if location_type in ALLOWED_LOCATION_TYPES[status] else Code.WRONG_LOCATION_TYPE


def add_location_detail(
    uow: SerialsUnitOfWork, violations: Sequence[ProblemDetail], location: str
) -> list[ProblemDetail]:
    """Add the type and warehouse of the location to violations caused by the location."""
    location_text = f"{location} is a {uow.location_types[location]} location of {warehouse_of(location)}"
    location_codes = {Code.WRONG_WAREHOUSE, Code.WRONG_LOCATION_TYPE}
    return [
        violation.model_copy(update={"detail": f"{violation.detail}; {location_text}"})
        if violation.code in location_codes
        else violation
        for violation in violations
    ]


def movability_violation(unit: Unit) -> Code | None:
    """Return why a unit is not movable: it is allocated, shipped or adjusted."""
    if unit.status not in UNALLOCATED:
        return Code.ILLEGAL_TRANSITION if unit.status == "SHIPPED" else Code.UNIT_NOT_AVAILABLE
    return Code.UNIT_NOT_IN_STOCK if unit.adjustment else None


def put_away(uow: SerialsUnitOfWork, command: PutAwaySerials) -> CommandResult:
    """Put received units away; they become available (S07). A unit of a short pick is in storage already: it moves."""

    def status_violation(unit: Unit) -> Code | None:
        can_be_put_away = unit.status == "RECEIVED" or find_not_found_holds(uow, unit, uow.event.time)
        return movability_violation(unit) if can_be_put_away else Code.ILLEGAL_TRANSITION

    return _relocate(uow, command, SerialChangeType.PUT_AWAY, status_violation, "IN_INVENTORY")


def move(uow: SerialsUnitOfWork, command: MoveSerials) -> CommandResult:
    """Move unallocated units to another location of the same type (S36)."""
    return _relocate(uow, command, SerialChangeType.MOVED, movability_violation)


def _relocate(
    uow: SerialsUnitOfWork,
    command: PutAwaySerials | MoveSerials,
    change: SerialChangeType,
    status_violation: UnitRule,
    new_status: SerialStatus | None = None,
) -> CommandResult:
    if violation := target_location_violation(uow, command.location) or duplicate_serials_violation(command.serials):
        return CommandResult.rejected(violation)
    location_type = uow.location_types[command.location]

    def unit_violation(unit: Unit) -> Code | None:
        status = new_status or unit.status or "RECEIVED"  # the rule gets no unit without a status
        return status_violation(unit) or location_violation(unit, command.location, location_type, status)

    accepted, rejected = partition_by_rule(
        (uow.get_unit(command.sku, serial) for serial in command.serials), unit_violation
    )
    operation = uow.add_operation(change, command.sku)
    stored = {unit.key for unit in accepted if unit.status == new_status}
    move_operation = uow.add_operation(SerialChangeType.MOVED, command.sku) if stored else operation
    for unit in accepted:
        uow.transition(unit, move_operation if unit.key in stored else operation, command.location)
    release_not_found_holds(uow, accepted, uow.event.time)
    return units_result(command.sku, accepted, add_location_detail(uow, rejected, command.location))
