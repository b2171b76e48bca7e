"""Holds: block units from allocation, picking and dispatch until the hold is released.

A hold is not a status. A unit is on hold while any hold on it is open; each hold has an id, by which it is released. A
hold on a lot number is placed on the units on hand and on each unit that arrives later.
"""

from collections.abc import Sequence

from services.serials.units.domain.operations import DocumentRefs, HoldChange, MessageContext, OperationIndex
from services.serials.units.domain.results import CommandOutcome, duplicate_serials_violation, partition_by_rule
from services.serials.units.domain.standing_holds import StandingHold
from services.serials.units.domain.transitions import NON_STATUS_CHANGES, SerialChangeType
from services.serials.units.domain.unit import Unit
from services.serials.units.domain.unit_of_work import SerialsUnitOfWork
from shared.contracts.commands.serials import PlaceSerialHold, ReleaseSerialHold
from shared.contracts.envelope import CloudEvent
from shared.contracts.problems import Code, ProblemDetail
from shared.identifiers import resource_path


def place(uow: SerialsUnitOfWork, unit: Unit, operation: OperationIndex) -> None:
    """Place the operation's hold on a unit; repeated placement has no effect."""
    hold_id = uow.operations[operation].documents.hold_id or ""
    if unit.key not in uow.units_by_hold.setdefault((unit.sku, hold_id), {}):
        uow.transition(unit, operation, unit.location)
        unit.open_hold_count += 1
        uow.units_by_hold[unit.sku, hold_id][unit.key] = unit
        if return_id := uow.operations[operation].documents.return_id:
            uow.return_by_hold[unit.sku, hold_id] = return_id
        uow.placed_holds.append(HoldChange(hold_id, unit, operation))


def apply_standing_holds(uow: SerialsUnitOfWork, unit: Unit, context: MessageContext) -> None:
    """Place the standing holds that match an arriving unit, and track it for open recalls."""
    for standing_hold in uow.standing_holds.values():
        if standing_hold.matches(unit):
            place(uow, unit, uow.standing_hold_operation(standing_hold, context))
            if standing_hold.recall and not standing_hold.is_recall_closed:
                uow.track_for_recall(unit, standing_hold)


def release(uow: SerialsUnitOfWork, unit: Unit, operation: OperationIndex) -> None:
    """Release the operation's hold on a unit, if it is open."""
    hold_id = uow.operations[operation].documents.hold_id or ""
    if uow.units_by_hold.get((unit.sku, hold_id), {}).pop(unit.key, None) is not None:
        uow.transition(unit, operation, unit.location)
        unit.open_hold_count -= 1
        uow.released_holds.append(HoldChange(hold_id, unit, operation))


def place_holds(uow: SerialsUnitOfWork, requests: Sequence[CloudEvent[PlaceSerialHold]]) -> list[CommandOutcome]:
    """Place holds on units on hand, or on a lot number."""
    return [_place_hold(uow, request) for request in requests]


def _place_hold(uow: SerialsUnitOfWork, request: CloudEvent[PlaceSerialHold]) -> CommandOutcome:
    command = request.data
    hold_key = command.sku, command.hold_id
    if hold_key in {
        *uow.units_by_hold,
        *((sku, hold_id) for sku, hold_id, _ in (*uow.standing_holds, *uow.released_standing_hold_keys)),
    }:
        detail = f"Hold {command.hold_id} on {command.sku} already exists"
        return CommandOutcome.rejected(ProblemDetail(code=Code.HOLD_EXISTS, detail=detail, ids=[command.hold_id]))
    if violation := duplicate_serials_violation(command.serials):
        return CommandOutcome.rejected(violation)
    operation = uow.add_operation(
        SerialChangeType.HOLD_PLACED,
        command.sku,
        MessageContext.from_event(request),
        DocumentRefs(hold_id=command.hold_id),
        command.reason,
    )
    if command.lot:
        standing_hold = StandingHold(
            sku=command.sku, hold_id=command.hold_id, reason=command.reason, lots=frozenset([command.lot])
        )
        uow.place_standing_hold(standing_hold, operation)
        accepted = [unit for unit in uow.units.values() if standing_hold.matches(unit) and not _hold_violation(unit)]
        rejected: list[ProblemDetail] = []
    else:
        accepted, rejected = partition_by_rule(
            (uow.get_unit(command.sku, serial) for serial in command.serials), _hold_violation
        )
    for unit in accepted:
        place(uow, unit, operation)
    return CommandOutcome(operation, accepted, rejected)


def _hold_violation(unit: Unit) -> Code | None:
    return None if unit.status in NON_STATUS_CHANGES[SerialChangeType.HOLD_PLACED] else Code.ILLEGAL_TRANSITION


def release_holds(uow: SerialsUnitOfWork, requests: Sequence[CloudEvent[ReleaseSerialHold]]) -> list[CommandOutcome]:
    """Release holds on all their units; units without other holds become available."""
    return [_release_hold(uow, request) for request in requests]


def _release_hold(uow: SerialsUnitOfWork, request: CloudEvent[ReleaseSerialHold]) -> CommandOutcome:
    command, context = request.data, MessageContext.from_event(request)
    units = list(uow.units_by_hold.get((command.sku, command.hold_id), {}).values())
    standing_holds = [
        standing_hold
        for standing_hold in uow.standing_holds.values()
        if (standing_hold.sku, standing_hold.hold_id) == (command.sku, command.hold_id)
    ]
    if not units and not standing_holds:
        detail = f"Open hold {command.hold_id} on {command.sku} not found"
        return CommandOutcome.rejected(ProblemDetail(code=Code.HOLD_NOT_FOUND, detail=detail, ids=[command.hold_id]))
    if return_id := uow.return_by_hold.get((command.sku, command.hold_id)):
        detail = f"Hold {command.hold_id} belongs to return {return_id} and is released by its disposition"
        return_path = resource_path("returns", return_id)
        violation = ProblemDetail(
            code=Code.DISPOSITION_PENDING, detail=detail, ids=[command.hold_id], blocked_by=[return_path]
        )
        return CommandOutcome.rejected(violation)
    operation = uow.add_operation(
        SerialChangeType.HOLD_RELEASED, command.sku, context, DocumentRefs(hold_id=command.hold_id), command.reason
    )
    for standing_hold in standing_holds:
        uow.released_standing_holds.append((uow.standing_holds.pop(standing_hold.key), operation))
    for unit in units:
        release(uow, unit, operation)
        uow.mark_released(unit, context)
    return CommandOutcome(operation, units, [])
