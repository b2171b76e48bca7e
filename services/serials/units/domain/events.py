"""Publishes the changes of a unit of work: units of one operation with equal transitions share an event."""

from collections.abc import Callable, Mapping, Sequence

from services.serials.units.domain.adjustments import CHANGE_BY_ADJUSTMENT
from services.serials.units.domain.operations import Operation, Transition, UnitChanges
from services.serials.units.domain.standing_holds import StandingHold
from services.serials.units.domain.transitions import SerialChangeType
from services.serials.units.domain.unit_of_work import SerialsUnitOfWork
from shared.contracts.envelope import chunks
from shared.contracts.serials import (
    AffectedSerial,
    SerialAdjusted,
    SerialExpiryCorrected,
    SerialHoldPlaced,
    SerialHoldReleased,
    SerialStateChanged,
)

ADJUSTMENT_BY_CHANGE = {change: adjustment for adjustment, change in CHANGE_BY_ADJUSTMENT.items()}

ALLOCATED_OR_PICKED = frozenset({"ALLOCATED", "PICKED"})
"""Statuses of units that belong to an order and have not shipped."""


def publish_changes(uow: SerialsUnitOfWork, changes: UnitChanges) -> None:
    """Emit the events of changes in operation order, so that versions of a unit ascend.

    Events that the handlers emitted since the last call follow from the changes, and come after them.
    """
    following_events = uow.emitted[uow.published_count :]
    del uow.emitted[uow.published_count :]
    for standing_hold, operation_index in (*changes.placed_standing_holds, *changes.released_standing_holds):
        _emit_standing_hold(uow, uow.operations[operation_index], standing_hold)
    for transitions in _group_transitions(changes.transitions):
        operation = uow.operations[transitions[0].operation]
        for batch in chunks(transitions):
            EMIT_BY_CHANGE.get(operation.change, _emit_state_changed)(uow, operation, batch)
    uow.emitted += following_events
    uow.published_count = len(uow.emitted)


def _group_transitions(transitions: Sequence[Transition]) -> list[list[Transition]]:
    """Group transitions of one operation that share an event."""
    transitions_by_group: dict[tuple[object, ...], list[Transition]] = {}
    for transition in transitions:
        unit, operation, _, from_status, status, from_location, location = transition
        group_key = operation, from_status, from_location, status, location, unit.lot, unit.expiry
        transitions_by_group.setdefault(group_key, []).append(transition)
    return sorted(transitions_by_group.values(), key=lambda group: group[0].operation)


def _emit_standing_hold(uow: SerialsUnitOfWork, operation: Operation, standing_hold: StandingHold) -> None:
    """Emit the event of a standing hold; its units are in events of their own."""
    fields = {"sku": operation.sku, "hold_id": standing_hold.hold_id, "reason": operation.reason}
    lots = sorted(standing_hold.lots)
    if operation.change is SerialChangeType.HOLD_PLACED:
        uow.emit(SerialHoldPlaced, operation.context, **fields, lots=lots, units=[])
    else:
        uow.emit(SerialHoldReleased, operation.context, **fields, lots=lots, serials=[])


def _emit_state_changed(uow: SerialsUnitOfWork, operation: Operation, transitions: Sequence[Transition]) -> None:
    first = transitions[0]
    uow.emit(
        SerialStateChanged, operation.context, sku=operation.sku, serials=_serials(transitions),
        versions=[transition.version for transition in transitions], from_status=first.from_status,
        status=first.status, from_location=first.from_location, location=first.location, reason=operation.reason,
        **operation.documents.to_fields(SerialStateChanged), lot=first.unit.lot, expiry=first.unit.expiry,
    )  # fmt: skip


def _emit_hold_placed(uow: SerialsUnitOfWork, operation: Operation, transitions: Sequence[Transition]) -> None:
    units = [
        AffectedSerial(
            serial=transition.unit.serial, status=transition.status, order=transition.unit.order_id,
            line=transition.unit.order_line, demand_id=transition.unit.demand_id,
        )
        for transition in transitions
    ]  # fmt: skip
    uow.emit(
        SerialHoldPlaced, operation.context, sku=operation.sku, hold_id=operation.documents.hold_id or "",
        reason=operation.reason, units=units,
    )  # fmt: skip


def _emit_hold_released(uow: SerialsUnitOfWork, operation: Operation, transitions: Sequence[Transition]) -> None:
    uow.emit(
        SerialHoldReleased, operation.context, sku=operation.sku, hold_id=operation.documents.hold_id or "",
        reason=operation.reason, serials=_serials(transitions),
    )  # fmt: skip


def _emit_expiry_corrected(uow: SerialsUnitOfWork, operation: Operation, transitions: Sequence[Transition]) -> None:
    orders = {
        transition.unit.order_id
        for transition in transitions
        if transition.unit.order_id and transition.status in ALLOCATED_OR_PICKED
    }
    uow.emit(
        SerialExpiryCorrected, operation.context, sku=operation.sku, serials=_serials(transitions),
        expiry=transitions[0].unit.expiry, reason=operation.reason, orders=sorted(orders),
    )  # fmt: skip


def _emit_adjusted(uow: SerialsUnitOfWork, operation: Operation, transitions: Sequence[Transition]) -> None:
    """Emit one event per receipt line: receiving reopens the line of a void unit."""
    transitions_by_line: dict[tuple[str | None, str | None], list[Transition]] = {}
    for transition in transitions:
        transitions_by_line.setdefault((transition.unit.receipt, transition.unit.receipt_line), []).append(transition)
    for (receipt, line), line_transitions in transitions_by_line.items():
        uow.emit(
            SerialAdjusted, operation.context, sku=operation.sku, serials=_serials(line_transitions),
            adjustment=ADJUSTMENT_BY_CHANGE[operation.change], reason=operation.reason,
            location=line_transitions[0].location, receipt=receipt, line=line,
        )  # fmt: skip


def _serials(transitions: Sequence[Transition]) -> list[str]:
    return [transition.unit.serial for transition in transitions]


EMIT_BY_CHANGE: Mapping[SerialChangeType, Callable[[SerialsUnitOfWork, Operation, Sequence[Transition]], None]] = {
    SerialChangeType.HOLD_PLACED: _emit_hold_placed,
    SerialChangeType.HOLD_RELEASED: _emit_hold_released,
    SerialChangeType.EXPIRY_CORRECTED: _emit_expiry_corrected,
    **dict.fromkeys(ADJUSTMENT_BY_CHANGE, _emit_adjusted),
}
"""Changes with events of their own; all others are published as `serial.state_changed`."""
