"""Resolves count discrepancies: missing units are lost or found, unexpected ones are moved or stay registered.

Fulfillment takes missing units out of their orders first, which writes them off.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from services.serials.counts.domain.records import CountDiscrepancy
from services.serials.units.domain.adjustments import AT_VENDOR
from services.serials.units.domain.holds import release_not_found_holds
from services.serials.units.domain.movements import (
    ALLOWED_LOCATION_TYPES,
    location_violation,
    unknown_location_violation,
)
from services.serials.units.domain.results import duplicate_serials_violation
from services.serials.units.domain.transitions import ON_HAND, UNALLOCATED, SerialChangeType
from services.serials.units.domain.unit import Unit, describe_units
from services.serials.units.domain.unit_of_work import SerialsUnitOfWork
from shared.contracts.commands.serials import CountDiscrepancyKind, CountResolution, ResolveCountDiscrepancies
from shared.contracts.envelope import chunks
from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.results import PartialResult
from shared.contracts.serials import AffectedSerial, SerialStatus, SerialStockMissing
from shared.identifiers import resource_path, warehouse_of
from shared.unit_of_work import CommandResult

RESOLUTIONS: Mapping[CountDiscrepancyKind, tuple[CountResolution, ...]] = {
    "MISSING": ("LOST", "FOUND"),
    "UNEXPECTED": ("MOVED", "NO_CHANGE"),
}
"""Resolutions of each kind; the last one changes no unit."""

REMEDIES: Mapping[SerialStatus, str] = {
    "EXPECTED": "receive it",
    "ALLOCATED": "swap it first",
    "PICKED": "unpick it first",
    "SHIPPED": "receive it as a customer return",
}
"""What to do with a unit of a status that cannot be moved here."""


class ResolvedCountDiscrepancies(PartialResult):
    """Units whose discrepancies were resolved, and the rejected ones with the reasons."""

    sku: str
    location: str
    serials: list[str]


class UnitViolation(NamedTuple):
    """Why the resolution of a unit would do nothing, and what to do instead."""

    code: Code
    text: str


def resolve_count_discrepancies(uow: SerialsUnitOfWork, command: ResolveCountDiscrepancies) -> CommandResult:
    """Resolve the open discrepancies of units at a location; reject a resolution that would do nothing."""
    violation = unknown_location_violation(uow, command.location) or duplicate_serials_violation(command.serials)
    if violation:
        return CommandResult.rejected(violation)
    open_by_serial = {
        discrepancy.serial: discrepancy for discrepancy in uow.count_discrepancies
        if (discrepancy.location, discrepancy.sku, discrepancy.status) == (command.location, command.sku, "OPEN")
    }  # fmt: skip
    resolved: list[str] = []
    rejected: dict[UnitViolation, list[Unit]] = {}
    for serial in command.serials:
        unit, discrepancy = uow.get_unit(command.sku, serial), open_by_serial.get(serial)
        if unit_violation := _unit_violation(uow, unit, discrepancy, command):
            rejected.setdefault(unit_violation, []).append(unit)
        elif discrepancy is not None:
            _apply(uow, unit, discrepancy, command)
            resolved.append(serial)
    _report_missing(uow, command, [uow.get_unit(command.sku, serial) for serial in resolved])
    violations = [_to_problem(unit_violation, units) for unit_violation, units in rejected.items()]
    if not resolved:
        return CommandResult.rejected(*violations)
    body = ResolvedCountDiscrepancies(sku=command.sku, location=command.location, serials=resolved)
    return CommandResult(body, violations=violations)


def _unit_violation(
    uow: SerialsUnitOfWork, unit: Unit, discrepancy: CountDiscrepancy | None, command: ResolveCountDiscrepancies
) -> UnitViolation | None:
    if discrepancy is None:
        return UnitViolation(Code.DISCREPANCY_NOT_FOUND, f"no open count discrepancy at {command.location}")
    change, no_change = RESOLUTIONS[discrepancy.kind]
    if command.resolution == no_change:
        return None
    if command.resolution != change:
        return UnitViolation(
            Code.RESOLUTION_NOT_ALLOWED, f"{discrepancy.kind}: resolve it with {change} or {no_change}"
        )
    is_there = unit.location == command.location and unit.adjustment is None
    if is_there != (change == "LOST"):
        return UnitViolation(
            Code.RESOLUTION_NOT_ALLOWED,
            f"{unit.description} at {unit.location or 'no location'}: resolve it with {no_change}",
        )
    if unit.status not in (ON_HAND if change == "LOST" else UNALLOCATED):
        code = Code.UNIT_NOT_AVAILABLE if unit.status else Code.SERIAL_NOT_FOUND
        remedy = REMEDIES[unit.status] if unit.status else "receive it"
        return UnitViolation(code, f"{unit.description}: {remedy}, or resolve it with {no_change}")
    return None if change == "LOST" else _move_violation(uow, unit, command.location, no_change)


def _move_violation(
    uow: SerialsUnitOfWork, unit: Unit, location: str, no_change: CountResolution
) -> UnitViolation | None:
    location_type = uow.location_types[location]
    if unit.adjustment == "VOID":
        return UnitViolation(Code.RESOLUTION_NOT_ALLOWED, f"void, which is final: resolve it with {no_change}")
    if unit.adjustment == "RETURNED_TO_VENDOR":
        return UnitViolation(Code.RESOLUTION_NOT_ALLOWED, f"{AT_VENDOR}, and resolve it with {no_change}")
    status = _status_at(uow, unit, location)
    if unit.adjustment:
        code = None if location_type in ALLOWED_LOCATION_TYPES[status] else Code.WRONG_LOCATION_TYPE
    else:
        code = location_violation(unit, location, location_type, status)
    if code is None:
        return None
    text = f"{unit.description} at {unit.location} cannot be at {location}, a {location_type} location of "
    return UnitViolation(code, f"{text}{warehouse_of(location)}: bring it back and resolve it with {no_change}")


def _status_at(uow: SerialsUnitOfWork, unit: Unit, location: str) -> SerialStatus:
    """The status that a unit would have: a received unit in storage has been put away."""
    is_put_away = uow.location_types[location] == "STORAGE" and unit.adjustment is None
    return "IN_INVENTORY" if is_put_away else unit.status or "RECEIVED"


def _apply(
    uow: SerialsUnitOfWork, unit: Unit, discrepancy: CountDiscrepancy, command: ResolveCountDiscrepancies
) -> None:
    if command.resolution == "LOST" and unit.status in UNALLOCATED:
        uow.transition(unit, uow.add_operation(SerialChangeType.LOST, unit.sku), unit.location)
        unit.adjustment = "LOST"
    elif command.resolution == "MOVED":
        _move(uow, unit, command.location)
        release_not_found_holds(uow, [unit], discrepancy.counted_at)
    discrepancy.resolve(command.resolution, uow.event.actor, uow.now, command.reason)
    for other in uow.count_discrepancies:
        if other.unit_key == unit.key and other.status == "OPEN" and command.resolution == "MOVED":
            other.resolve(RESOLUTIONS[other.kind][-1], uow.event.actor, uow.now, command.reason)


def _report_missing(uow: SerialsUnitOfWork, command: ResolveCountDiscrepancies, units: Sequence[Unit]) -> None:
    """Publish the lost units of orders."""
    if command.resolution != "LOST":
        return
    missing = [
        AffectedSerial(serial=unit.serial, order=unit.order_id, line=unit.order_line, demand_id=unit.demand_id)
        for unit in units
        if unit.order_id and unit.order_line and unit.demand_id
    ]
    for batch in chunks(missing):
        uow.emit(
            SerialStockMissing, sku=command.sku, location=command.location, reason=command.reason, units=list(batch)
        )


def _move(uow: SerialsUnitOfWork, unit: Unit, location: str) -> None:
    """Register a unit at the location where it was scanned, by the change that its state requires."""
    if unit.adjustment:
        change = SerialChangeType.FOUND
    else:
        is_put_away = _status_at(uow, unit, location) != unit.status
        change = SerialChangeType.PUT_AWAY if is_put_away else SerialChangeType.MOVED
    uow.transition(unit, uow.add_operation(change, unit.sku), location)
    unit.adjustment, unit.warehouse = None, warehouse_of(location)


def _to_problem(violation: UnitViolation, units: list[Unit]) -> ProblemDetail:
    orders = sorted({unit.order_id for unit in units if unit.order_id})
    return ProblemDetail(
        code=violation.code, detail=f"{describe_units(units)}: {violation.text}", ids=[unit.serial for unit in units],
        blocked_by=[resource_path("orders", order) for order in orders],
    )  # fmt: skip
