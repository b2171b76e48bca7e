"""Holds: block units from allocation, picking and dispatch until the hold is released.

A hold is not a status. A unit is on hold while any hold on it is open; each hold has an id, by which it is released. A
hold on a lot number is placed on the units on hand and on each unit that arrives later.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal

from services.serials.units.domain.operations import HoldChange, OperationIndex
from services.serials.units.domain.results import (
    duplicate_serials_violation,
    hold_result,
    partition_by_rule,
    units_result,
)
from services.serials.units.domain.standing_holds import StandingHold
from services.serials.units.domain.transitions import NON_STATUS_CHANGES, SerialChangeType
from services.serials.units.domain.unit import Unit, describe_units
from services.serials.units.domain.unit_of_work import SerialsUnitOfWork
from shared.contracts.commands.serials import PlaceSerialHold, ReleaseSerialHold
from shared.contracts.leaving_goods import LeavingGoods
from shared.contracts.problems import Code, ProblemDetail
from shared.identifiers import hold_path, matching_spellings, resource_path
from shared.inventory.approval import find_leaving
from shared.unit_of_work import CommandResult

EXPIRED_HOLD_PREFIX = "EXPIRED-"
"""Prefix of the ids of holds on expired units, which only a correction of the expiry releases."""


def place(uow: SerialsUnitOfWork, unit: Unit, operation: OperationIndex) -> None:
    """Place the operation's hold on a unit; repeated placement has no effect."""
    hold_id = uow.operations[operation].documents.hold_id or ""
    if unit.key not in uow.units_by_hold.setdefault((unit.sku, hold_id), {}):
        unit.open_hold_count += 1
        uow.transition(unit, operation, unit.location)
        uow.units_by_hold[unit.sku, hold_id][unit.key] = unit
        if return_id := uow.operations[operation].documents.return_id:
            uow.return_by_hold[unit.sku, hold_id] = return_id
        uow.changes.placed_holds.append(HoldChange(hold_id, unit, operation))


def apply_standing_holds(uow: SerialsUnitOfWork, unit: Unit) -> None:
    """Place the standing holds that match a unit, unless it is sold, and track it for open recalls."""
    for standing_hold in uow.standing_holds.values():
        if standing_hold.matches(unit):
            if unit.status in NON_STATUS_CHANGES[SerialChangeType.HOLD_PLACED]:
                place(uow, unit, uow.standing_hold_operation(standing_hold))
            if standing_hold.recall and not standing_hold.is_recall_closed:
                uow.track_for_recall(unit, standing_hold)


def unreported_hold_ids(uow: SerialsUnitOfWork, unit: Unit) -> list[str]:
    """Return the standing holds that match a unit, and of which no open recall reports it."""
    return sorted(
        standing_hold.hold_id
        for standing_hold in uow.standing_holds.values()
        if standing_hold.matches(unit) and (not standing_hold.recall or standing_hold.is_recall_closed)
    )


def release(uow: SerialsUnitOfWork, unit: Unit, operation: OperationIndex) -> None:
    """Release the operation's hold on a unit, if it is open."""
    hold_id = uow.operations[operation].documents.hold_id or ""
    if uow.units_by_hold.get((unit.sku, hold_id), {}).pop(unit.key, None) is not None:
        unit.open_hold_count -= 1
        uow.transition(unit, operation, unit.location)
        uow.changes.released_holds.append(HoldChange(hold_id, unit, operation))


def find_not_found_holds(uow: SerialsUnitOfWork, unit: Unit, at: datetime) -> list[str]:
    """Return the open holds that short picks had placed on a unit by a time."""
    return [
        hold_id
        for hold_id, opened_at in uow.not_found_holds.get(unit.key, {}).items()
        if opened_at <= at and unit.key in uow.units_by_hold.get((unit.sku, hold_id), {})
    ]


def release_not_found_holds(uow: SerialsUnitOfWork, units: Iterable[Unit], found_at: datetime) -> None:
    """Release the holds that short picks had placed on units when they were found."""
    units_by_hold: dict[tuple[str, str], list[Unit]] = {}
    for unit in units:
        if unit.open_hold_count:
            for hold_id in find_not_found_holds(uow, unit, found_at):
                units_by_hold.setdefault((unit.sku, hold_id), []).append(unit)
    for (sku, hold_id), found_units in units_by_hold.items():
        operation = uow.add_operation(SerialChangeType.HOLD_RELEASED, sku, hold_id=hold_id)
        for unit in found_units:
            release(uow, unit, operation)


def place_hold(uow: SerialsUnitOfWork, command: PlaceSerialHold) -> CommandResult:
    """Place a hold on units on hand, or on a lot number in any spelling that fits one lot."""
    if violation := _hold_id_violation(uow, command) or duplicate_serials_violation(command.serials):
        return CommandResult.rejected(violation)
    rejected: list[ProblemDetail] = []
    unmatched_lots: list[str] = []
    standing_hold = StandingHold.on_lot(command)
    if standing_hold is None:
        accepted, rejected = partition_by_rule(
            (uow.get_unit(command.sku, serial) for serial in command.serials), _hold_violation
        )
    else:
        units = [unit for unit in uow.units if standing_hold.matches(unit)]
        spellings = matching_spellings(command.lot or "", (unit.lot for unit in units if unit.lot))
        if len(spellings) > 1:
            return CommandResult.rejected(_ambiguous_lot(command, spellings))
        unmatched_lots = [] if spellings else sorted(standing_hold.lots)
        standing_hold = standing_hold._replace(lots=frozenset(spellings or standing_hold.lots))
        accepted = [unit for unit in units if unit.lot in spellings and not _hold_violation(unit)]
    operation = uow.add_operation(SerialChangeType.HOLD_PLACED, command.sku, hold_id=command.hold_id)
    if standing_hold:
        uow.place_standing_hold(standing_hold, operation)
    for unit in accepted:
        place(uow, unit, operation)
    leaving = leaving_units(uow, command.sku, accepted)
    result = hold_result(command.sku, accepted, rejected, leaving, unmatched_lots)
    return result.created(hold_path(command.hold_id))


def _ambiguous_lot(command: PlaceSerialHold, spellings: Sequence[str]) -> ProblemDetail:
    detail = f"Lot {command.lot} of {command.sku} fits lots {', '.join(spellings)}"
    return ProblemDetail(code=Code.LOT_AMBIGUOUS, detail=detail, ids=[command.lot or ""], suggested=list(spellings))


def _hold_id_violation(uow: SerialsUnitOfWork, command: PlaceSerialHold) -> ProblemDetail | None:
    """Return the violation of a hold id that is reserved or used already."""
    if command.hold_id.startswith(EXPIRED_HOLD_PREFIX):
        detail = f"Hold ids that begin with {EXPIRED_HOLD_PREFIX} are those of expired units: choose another id"
        return ProblemDetail(code=Code.HOLD_REQUIRES_DATE_CORRECTION, detail=detail, ids=[command.hold_id])
    hold_key = command.sku, command.hold_id
    if hold_key in {
        *uow.units_by_hold,
        *((sku, hold_id) for sku, hold_id, _ in (*uow.standing_holds, *uow.released_standing_hold_keys)),
    }:
        detail = f"Hold {command.hold_id} on {command.sku} already exists"
        return ProblemDetail(code=Code.HOLD_EXISTS, detail=detail, ids=[command.hold_id])
    return None


def leaving_units(uow: SerialsUnitOfWork, sku: str, units: Iterable[Unit]) -> Iterator[LeavingGoods]:
    """Find the picked ones of units whose dispatch is approved."""
    picked: dict[str, dict[str, Decimal]] = {}
    for unit in units if uow.approvals else ():
        if unit.status == "PICKED" and unit.order_id is not None:
            picked.setdefault(unit.order_id, {})[unit.serial] = Decimal(1)
    return find_leaving(uow.approvals, uow.now, sku, picked)


def _hold_violation(unit: Unit) -> Code | None:
    return None if unit.status in NON_STATUS_CHANGES[SerialChangeType.HOLD_PLACED] else Code.ILLEGAL_TRANSITION


def release_hold(uow: SerialsUnitOfWork, command: ReleaseSerialHold) -> CommandResult:
    """Release a hold on all its units; units without other holds become available.

    Their expiry alone decides about the hold of expired units.
    """
    units = list(uow.units_by_hold.get((command.sku, command.hold_id), {}).values())
    standing_holds = [
        standing_hold
        for standing_hold in uow.standing_holds.values()
        if (standing_hold.sku, standing_hold.hold_id) == (command.sku, command.hold_id)
    ]
    if not units and not standing_holds:
        detail = f"Open hold {command.hold_id} on {command.sku} not found"
        return CommandResult.rejected(ProblemDetail(code=Code.HOLD_NOT_FOUND, detail=detail, ids=[command.hold_id]))
    if return_id := uow.return_by_hold.get((command.sku, command.hold_id)):
        detail = f"Hold {command.hold_id} belongs to return {return_id} and is released by its disposition"
        return_path = resource_path("returns", return_id)
        violation = ProblemDetail(
            code=Code.DISPOSITION_PENDING, detail=detail, ids=[command.hold_id], blocked_by=[return_path]
        )
        return CommandResult.rejected(violation)
    if command.hold_id.startswith(EXPIRED_HOLD_PREFIX):
        detail = f"Hold {command.hold_id} is released by a correction of the expiry: {describe_units(units)}"
        ids = [command.hold_id]
        return CommandResult.rejected(ProblemDetail(code=Code.HOLD_REQUIRES_DATE_CORRECTION, detail=detail, ids=ids))
    operation = uow.add_operation(SerialChangeType.HOLD_RELEASED, command.sku, hold_id=command.hold_id)
    for standing_hold in standing_holds:
        uow.release_standing_hold(standing_hold, operation)
    for unit in units:
        release(uow, unit, operation)
    return units_result(command.sku, units)
