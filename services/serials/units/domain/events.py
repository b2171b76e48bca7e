"""Builds the events of a unit of work: units of one operation with equal transitions share an event."""

from collections.abc import Iterator, Sequence

from services.serials.units.domain.adjustments import CHANGE_BY_ADJUSTMENT
from services.serials.units.domain.operations import Operation, OperationIndex, Transition
from services.serials.units.domain.standing_holds import StandingHold
from services.serials.units.domain.transitions import SerialChangeType
from services.serials.units.domain.unit_of_work import SerialsUnitOfWork
from shared.contracts.envelope import Message, chunks
from shared.contracts.serials import (
    AffectedSerial,
    SerialAdjusted,
    SerialExpiryCorrected,
    SerialHoldPlaced,
    SerialHoldReleased,
    SerialRejected,
    SerialStateChanged,
)

ADJUSTMENT_BY_CHANGE = {change: adjustment for adjustment, change in CHANGE_BY_ADJUSTMENT.items()}

ALLOCATED_OR_PICKED = frozenset({"ALLOCATED", "PICKED"})
"""Statuses of units that belong to an order and have not shipped."""

OperationEvent = tuple[OperationIndex, Message]
"""Index of an operation, and an event about it."""


def build_events(uow: SerialsUnitOfWork) -> Iterator[OperationEvent]:
    """Build the events of all transitions in operation order, so that versions of a unit ascend."""
    transitions_by_group: dict[tuple[object, ...], list[Transition]] = {}
    for transition in uow.transitions:
        unit = transition.unit
        group_key = (
            transition.operation,
            transition.from_status,
            transition.from_location,
            transition.status,
            transition.location,
            unit.lot,
            unit.expiry,
        )
        transitions_by_group.setdefault(group_key, []).append(transition)
    for standing_hold, operation in (*uow.placed_standing_holds, *uow.released_standing_holds):
        yield operation, _standing_hold_event(uow.operations[operation], standing_hold)
    for transitions in sorted(transitions_by_group.values(), key=lambda transitions: transitions[0].operation):
        operation_index = transitions[0].operation
        for batch in chunks(transitions):
            for event in _events_for(uow.operations[operation_index], batch):
                yield operation_index, event


def _standing_hold_event(operation: Operation, standing_hold: StandingHold) -> Message:
    """Build the event of a standing hold; its units are in events of their own."""
    fields = {
        "actor": operation.context.actor, "cause": operation.context.cause, "sku": operation.sku,
        "hold_id": standing_hold.hold_id, "reason": operation.reason, "lots": sorted(standing_hold.lots),
    }  # fmt: skip
    return (
        SerialHoldPlaced(**fields, units=[])
        if operation.change is SerialChangeType.HOLD_PLACED
        else SerialHoldReleased(**fields, serials=[])
    )


def _events_for(operation: Operation, transitions: Sequence[Transition]) -> Iterator[Message]:
    if operation.change is SerialChangeType.HOLD_PLACED:
        yield _hold_placed_event(operation, transitions)
    elif operation.change is SerialChangeType.HOLD_RELEASED:
        yield _hold_released_event(operation, transitions)
    elif operation.change is SerialChangeType.EXPIRY_CORRECTED:
        yield _expiry_corrected_event(operation, transitions)
    elif operation.change in ADJUSTMENT_BY_CHANGE:
        yield from _adjusted_events(operation, transitions)
    else:
        yield _state_changed_event(operation, transitions)


def _state_changed_event(operation: Operation, transitions: Sequence[Transition]) -> SerialStateChanged:
    first, documents = transitions[0], operation.documents
    return SerialStateChanged(
        actor=operation.context.actor,
        cause=operation.context.cause,
        sku=operation.sku,
        serials=[transition.unit.serial for transition in transitions],
        versions=[transition.version for transition in transitions],
        from_status=first.from_status,
        status=first.status,
        from_location=first.from_location,
        location=first.location,
        reason=operation.reason,
        receipt=documents.receipt,
        line=documents.line,
        order=documents.order_id,
        demand_id=documents.demand_id,
        shipment=documents.shipment,
        customer=documents.customer,
        return_id=documents.return_id,
        lot=first.unit.lot,
        expiry=first.unit.expiry,
    )


def _hold_placed_event(operation: Operation, transitions: Sequence[Transition]) -> SerialHoldPlaced:
    return SerialHoldPlaced(
        actor=operation.context.actor,
        cause=operation.context.cause,
        sku=operation.sku,
        hold_id=operation.documents.hold_id or "",
        reason=operation.reason,
        units=[
            AffectedSerial(
                serial=transition.unit.serial,
                status=transition.status,
                order=transition.unit.order_id,
                line=transition.unit.order_line,
                demand_id=transition.unit.demand_id,
            )
            for transition in transitions
        ],
    )


def _hold_released_event(operation: Operation, transitions: Sequence[Transition]) -> SerialHoldReleased:
    return SerialHoldReleased(
        actor=operation.context.actor,
        cause=operation.context.cause,
        sku=operation.sku,
        hold_id=operation.documents.hold_id or "",
        reason=operation.reason,
        serials=[transition.unit.serial for transition in transitions],
    )


def _expiry_corrected_event(operation: Operation, transitions: Sequence[Transition]) -> SerialExpiryCorrected:
    return SerialExpiryCorrected(
        actor=operation.context.actor,
        cause=operation.context.cause,
        sku=operation.sku,
        serials=[transition.unit.serial for transition in transitions],
        expiry=transitions[0].unit.expiry,
        reason=operation.reason,
        orders=sorted(
            {
                transition.unit.order_id
                for transition in transitions
                if transition.unit.order_id and transition.status in ALLOCATED_OR_PICKED
            }
        ),
    )


def _adjusted_events(operation: Operation, transitions: Sequence[Transition]) -> Iterator[SerialAdjusted]:
    """Build one event per receipt line: receiving reopens the line of a void unit."""
    transitions_by_line: dict[tuple[str | None, str | None], list[Transition]] = {}
    for transition in transitions:
        transitions_by_line.setdefault((transition.unit.receipt, transition.unit.receipt_line), []).append(transition)
    for (receipt, line), line_transitions in transitions_by_line.items():
        yield SerialAdjusted(
            actor=operation.context.actor,
            cause=operation.context.cause,
            sku=operation.sku,
            serials=[transition.unit.serial for transition in line_transitions],
            adjustment=ADJUSTMENT_BY_CHANGE[operation.change],
            reason=operation.reason,
            location=line_transitions[0].location,
            receipt=receipt,
            line=line,
        )


def conflict_events(uow: SerialsUnitOfWork) -> list[SerialRejected]:
    """Build a rejection event for each conflict of an event with the state of units."""
    return [
        SerialRejected(
            actor=conflict.event.actor,
            cause=conflict.event.cause,
            kind="EVENT_CONFLICT",
            document=conflict.event.data.key(),
            rejected_type=conflict.event.type,
            code=conflict.code,
            detail=conflict.detail,
            sku=conflict.units[0].sku,
            ids=[unit.serial for unit in conflict.units],
        )
        for conflict in uow.conflicts
    ]
