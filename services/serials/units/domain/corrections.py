"""Corrections of the expiry and of the lot number of units; serials are never corrected (S17).

A corrected expiry also releases the expiry hold of units that have not expired.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from services.serials.units.domain import holds
from services.serials.units.domain.results import duplicate_serials_violation, partition_by_rule, units_result
from services.serials.units.domain.transitions import SerialChangeType
from services.serials.units.domain.unit import Unit
from services.serials.units.domain.unit_of_work import SerialsUnitOfWork
from shared.contracts.commands.serials import CorrectSerialExpiry, CorrectSerialLot
from shared.contracts.problems import Code, ProblemDetail
from shared.identifiers import fold_lot
from shared.inventory.expiry import is_expired
from shared.unit_of_work import CommandResult


def correct_expiry(uow: SerialsUnitOfWork, command: CorrectSerialExpiry) -> CommandResult:
    """Correct the expiry of units at any location; units that have not expired become available again."""
    if violation := duplicate_serials_violation(command.serials) or _missing_expiry_violation(uow, command):
        return CommandResult.rejected(violation)
    accepted, rejected = partition_by_rule(
        (uow.get_unit(command.sku, serial) for serial in command.serials), lambda _: None
    )
    operation_by_expiry: dict[date | None, int] = {}
    for unit in accepted:
        if unit.expiry not in operation_by_expiry:
            reason = f"{command.reason} (expiry {unit.expiry or 'none'}, now {command.expiry or 'none'})"
            operation_by_expiry[unit.expiry] = uow.add_operation(
                SerialChangeType.EXPIRY_CORRECTED, command.sku, reason=reason
            )
        uow.transition(unit, operation_by_expiry[unit.expiry], unit.location)
        if unit.expiry != command.expiry:
            unit.set_expiry(command.expiry)
    for unit in accepted:
        rules = uow.shelf_life_rules.get(unit.pool)
        if rules is None or not is_expired(unit.expiry, rules.local_date):
            _release_expiry_holds(uow, unit)
    return units_result(command.sku, accepted, rejected)


def correct_lot(uow: SerialsUnitOfWork, command: CorrectSerialLot) -> CommandResult:
    """Correct the lot number of units; their holds stay, and those of the right lot apply as on arrival.

    Shipped units are not held: the customer is to be called.
    """
    if violation := duplicate_serials_violation(command.serials):
        return CommandResult.rejected(violation)
    accepted, rejected = partition_by_rule(
        (uow.get_unit(command.sku, serial) for serial in command.serials), lambda _: None
    )
    operation_by_lot: dict[str | None, int] = {}
    corrected = [unit for unit in accepted if unit.lot != command.lot]
    moved = [unit for unit in corrected if fold_lot(unit.lot or "") != fold_lot(command.lot)]
    for unit in corrected:
        if unit.lot not in operation_by_lot:
            reason = f"{command.reason} (lot {unit.lot or 'none'}, now {command.lot})"
            operation_by_lot[unit.lot] = uow.add_operation(
                SerialChangeType.LOT_CORRECTED, command.sku, reason=reason, previous_lot=unit.lot
            )
        operation = operation_by_lot[unit.lot]
        unit.lot = command.lot
        uow.transition(unit, operation, unit.location)
        holds.apply_standing_holds(uow, unit)
    _report_shipped(uow, moved)
    return units_result(command.sku, accepted, rejected)


def _report_shipped(uow: SerialsUnitOfWork, units: Iterable[Unit]) -> None:
    """Report shipped units whose right lot is on hold; open recalls report theirs."""
    units_by_call: dict[str, list[Unit]] = defaultdict(list)
    for unit in units:
        if unit.status == "SHIPPED" and (hold_ids := holds.unreported_hold_ids(uow, unit)):
            departure = f"shipped with shipment {unit.shipment}, and lot {unit.lot} is on hold ({', '.join(hold_ids)})"
            units_by_call[f"{departure}; call customer {unit.customer}"].append(unit)
    for detail, shipped in units_by_call.items():
        uow.record_unit_conflicts(Code.ON_HOLD, shipped, detail)


def _missing_expiry_violation(uow: SerialsUnitOfWork, command: CorrectSerialExpiry) -> ProblemDetail | None:
    is_required = any(
        rules.policy.expiry_required for (sku, _), rules in uow.shelf_life_rules.items() if sku == command.sku
    )
    if command.expiry is not None or not is_required:
        return None
    detail = f"Product {command.sku} requires an expiry date: hold the units until the date is known"
    return ProblemDetail(code=Code.EXPIRY_REQUIRED, detail=detail, ids=list(command.serials))


def _release_expiry_holds(uow: SerialsUnitOfWork, unit: Unit) -> None:
    hold_ids = [
        hold_id
        for (_, hold_id), units in uow.units_by_hold.items()
        if hold_id.startswith(holds.EXPIRED_HOLD_PREFIX) and unit.key in units
    ]
    for hold_id in hold_ids:
        operation = uow.add_operation(SerialChangeType.HOLD_RELEASED, unit.sku, hold_id=hold_id)
        holds.release(uow, unit, operation)
