"""Publishes the changes of a unit of work: units of one operation with equal transitions share an event."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from services.serials.units.domain.adjustments import CHANGE_BY_ADJUSTMENT
from services.serials.units.domain.holds import leaving_units
from services.serials.units.domain.operations import Operation, Transition, UnitChanges
from services.serials.units.domain.standing_holds import StandingHold
from services.serials.units.domain.transitions import SerialChangeType
from services.serials.units.domain.unit import Unit
from services.serials.units.domain.unit_of_work import SerialsUnitOfWork
from shared.contracts.envelope import chunks
from shared.contracts.raw_scans import scans_of_serials
from shared.contracts.serials import (
    AffectedSerial,
    SerialAdjusted,
    SerialExpiryCorrected,
    SerialHoldPlaced,
    SerialHoldReleased,
    SerialLotCorrected,
    SerialsChanged,
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
    """Group transitions of one operation with equal states, which share an event."""
    transitions_by_group: dict[tuple[object, ...], list[Transition]] = {}
    for transition in transitions:
        unit, operation, _, from_status, status, from_location, location, open_holds, _ = transition
        group_key = (
            operation, from_status, from_location, status, location, open_holds, unit.lot, unit.expiry,
            unit.warranty_starts_on, unit.warranty_ends_on,
        )  # fmt: skip
        transitions_by_group.setdefault(group_key, []).append(transition)
    return sorted(transitions_by_group.values(), key=lambda group: group[0].operation)


def _emit_standing_hold(uow: SerialsUnitOfWork, operation: Operation, standing_hold: StandingHold) -> None:
    """Emit the event of a standing hold; its units are in events of their own."""
    fields: dict[str, Any] = {"hold_id": standing_hold.hold_id, "reason": operation.reason}
    fields |= {"sku": operation.sku, "lots": sorted(standing_hold.lots)}
    if operation.change is SerialChangeType.HOLD_PLACED:
        uow.emit(SerialHoldPlaced, operation.context, **fields, scan=standing_hold.scan)
    else:
        uow.emit(SerialHoldReleased, operation.context, **fields)


def _emit(
    uow: SerialsUnitOfWork,
    event_type: type[SerialsChanged],
    operation: Operation,
    transitions: Sequence[Transition],
    **fields: Any,
) -> None:
    """Emit an event with the units of transitions to equal states, and this state."""
    first = transitions[0]
    uow.emit(
        event_type, operation.context, sku=operation.sku, reason=operation.reason,
        serials=[transition.unit.serial for transition in transitions],
        versions=[transition.version for transition in transitions], status=first.status, location=first.location,
        open_holds=first.open_hold_count, expiry=first.unit.expiry,
        scans=scans_of_serials(transition.scan for transition in transitions), **fields,
    )  # fmt: skip


def _emit_state_changed(uow: SerialsUnitOfWork, operation: Operation, transitions: Sequence[Transition]) -> None:
    first = transitions[0]
    _emit(
        uow, SerialStateChanged, operation, transitions, from_status=first.from_status,
        from_location=first.from_location, lot=first.unit.lot, warranty_starts_on=first.unit.warranty_starts_on,
        warranty_ends_on=first.unit.warranty_ends_on, **operation.documents.to_fields(SerialStateChanged),
    )  # fmt: skip


def _emit_hold_placed(uow: SerialsUnitOfWork, operation: Operation, transitions: Sequence[Transition]) -> None:
    units = [
        AffectedSerial(
            serial=unit.serial, order=unit.order_id or "", line=unit.order_line or "", demand_id=unit.demand_id or ""
        )
        for unit in _units_of_orders(transitions)
    ]  # fmt: skip
    leaving = leaving_units(uow, operation.sku, (transition.unit for transition in transitions))
    hold_id = operation.documents.hold_id or ""
    _emit(uow, SerialHoldPlaced, operation, transitions, hold_id=hold_id, units=units, leaving=list(leaving))


def _units_of_orders(transitions: Sequence[Transition]) -> Iterator[Unit]:
    for transition in transitions:
        if transition.unit.order_id and transition.status in ALLOCATED_OR_PICKED:
            yield transition.unit


def _emit_hold_released(uow: SerialsUnitOfWork, operation: Operation, transitions: Sequence[Transition]) -> None:
    _emit(uow, SerialHoldReleased, operation, transitions, hold_id=operation.documents.hold_id or "")


def _emit_expiry_corrected(uow: SerialsUnitOfWork, operation: Operation, transitions: Sequence[Transition]) -> None:
    orders = sorted({unit.order_id or "" for unit in _units_of_orders(transitions)})
    _emit(uow, SerialExpiryCorrected, operation, transitions, orders=orders)


def _emit_lot_corrected(uow: SerialsUnitOfWork, operation: Operation, transitions: Sequence[Transition]) -> None:
    lots = {"previous_lot": operation.previous_lot, "lot": transitions[0].unit.lot or ""}
    _emit(uow, SerialLotCorrected, operation, transitions, **lots)


def _emit_adjusted(uow: SerialsUnitOfWork, operation: Operation, transitions: Sequence[Transition]) -> None:
    """Emit one event per receipt line: receiving reopens the line of a void unit."""
    transitions_by_line: dict[tuple[str | None, str | None], list[Transition]] = {}
    for transition in transitions:
        transitions_by_line.setdefault((transition.unit.receipt, transition.unit.receipt_line), []).append(transition)
    for (receipt, line), line_transitions in transitions_by_line.items():
        _emit(
            uow, SerialAdjusted, operation, line_transitions, adjustment=ADJUSTMENT_BY_CHANGE[operation.change],
            receipt=receipt, line=line,
        )  # fmt: skip


EMIT_BY_CHANGE: Mapping[SerialChangeType, Callable[[SerialsUnitOfWork, Operation, Sequence[Transition]], None]] = {
    SerialChangeType.HOLD_PLACED: _emit_hold_placed,
    SerialChangeType.HOLD_RELEASED: _emit_hold_released,
    SerialChangeType.EXPIRY_CORRECTED: _emit_expiry_corrected,
    SerialChangeType.LOT_CORRECTED: _emit_lot_corrected,
    **dict.fromkeys(ADJUSTMENT_BY_CHANGE, _emit_adjusted),
}
"""Changes with events of their own; all others are published as `serial.state_changed`."""
