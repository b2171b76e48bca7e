"""Recalls of a product: hold matching units, except in mock recalls, and report their location (S46)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from services.serials.units.domain import holds
from services.serials.units.domain.operations import DocumentRefs, MessageContext
from services.serials.units.domain.standing_holds import StandingHold
from services.serials.units.domain.transitions import NON_STATUS_CHANGES, SerialChangeType
from services.serials.units.domain.unit import Unit
from services.serials.units.domain.unit_of_work import SerialsUnitOfWork
from shared.contracts.envelope import CloudEvent, chunks
from shared.contracts.recalls import RecallOpened
from shared.contracts.serials import RecalledSerialState, SerialRecalled


class ShipmentInfo(NamedTuple):
    """Time of dispatch of a unit, and the customer contact."""

    shipped_at: datetime
    customer_name: str
    contact: str


class RecallMatch(NamedTuple):
    """Units that a recall matches, and the serials of those under its hold."""

    event: CloudEvent[RecallOpened]
    units: Sequence[Unit]
    held_serials: frozenset[str]


def open_recalls(uow: SerialsUnitOfWork, events: Sequence[CloudEvent[RecallOpened]]) -> list[RecallMatch]:
    """Hold the units that recalls match, also later arrivals; mock recalls place no holds."""
    return [_open_recall(uow, event) for event in events]


def _open_recall(uow: SerialsUnitOfWork, event: CloudEvent[RecallOpened]) -> RecallMatch:
    payload, standing_hold = event.data, StandingHold.from_recall(event.data)
    units = sorted((unit for unit in uow.units.values() if standing_hold.matches(unit)), key=lambda unit: unit.serial)
    if payload.mock:
        return RecallMatch(event, units, frozenset())
    operation = uow.add_operation(
        SerialChangeType.HOLD_PLACED,
        payload.sku,
        MessageContext.from_event(event),
        DocumentRefs(hold_id=payload.hold_id),
        payload.reason,
    )
    uow.place_standing_hold(standing_hold, operation)
    for unit in units:
        uow.track_for_recall(unit, standing_hold)
        if unit.status in NON_STATUS_CHANGES[SerialChangeType.HOLD_PLACED]:
            holds.place(uow, unit, operation)
    return RecallMatch(
        event,
        units,
        frozenset(unit.serial for unit in uow.units_by_hold.get((payload.sku, payload.hold_id), {}).values()),
    )


def recalled_events(
    matches: Iterable[RecallMatch], shipment_by_unit: Mapping[int | None, ShipmentInfo]
) -> list[SerialRecalled]:
    """Build the answers to recalls in batches, the last one marked; without matches the answer is empty."""
    events = []
    for event, units, held_serials in matches:
        recalled_units = [
            to_recalled_unit(unit, unit.serial in held_serials, shipment_by_unit.get(unit.id)) for unit in units
        ]
        batches = list(chunks(recalled_units)) or [()]
        events += [
            SerialRecalled(
                actor=event.actor, cause=event.cause, recall=event.data.recall, sku=event.data.sku, units=list(batch),
                is_last=position == len(batches),
            )
            for position, batch in enumerate(batches, start=1)
        ]  # fmt: skip
    return events


def to_recalled_unit(unit: Unit, is_held: bool, shipment: ShipmentInfo | None) -> RecalledSerialState:
    """Describe a recalled unit with its location, order and customer."""
    recalled_unit = RecalledSerialState(
        serial=unit.serial, lot=unit.lot, status=unit.status or "EXPECTED", adjustment=unit.adjustment, held=is_held,
        location=unit.location, order=unit.order_id, shipment=unit.shipment, customer=unit.customer,
    )  # fmt: skip
    if unit.status != "SHIPPED" or shipment is None:
        return recalled_unit
    shipment_fields = {
        "shipped_at": shipment.shipped_at,
        "customer_name": shipment.customer_name,
        "contact": shipment.contact,
    }
    return recalled_unit.model_copy(update=shipment_fields)


class RecallUpdate(NamedTuple):
    """Open recall that tracks a changed unit, and whether its hold is open on the unit."""

    recall: str
    unit: Unit
    is_held: bool


def recall_updates(
    uow: SerialsUnitOfWork, updates: Iterable[RecallUpdate], shipment_by_unit: Mapping[int | None, ShipmentInfo]
) -> list[SerialRecalled]:
    """Build the events about changed units that open recalls track."""
    last_context = {id(transition.unit): uow.operations[transition.operation].context for transition in uow.transitions}
    updates_by_recall: dict[tuple[str, str], list[RecallUpdate]] = {}
    for update in updates:
        updates_by_recall.setdefault((update.recall, update.unit.sku), []).append(update)
    return [
        SerialRecalled(
            actor=last_context[id(batch[-1].unit)].actor,
            cause=last_context[id(batch[-1].unit)].cause,
            recall=recall,
            sku=sku,
            units=[
                to_recalled_unit(update.unit, update.is_held, shipment_by_unit.get(update.unit.id)) for update in batch
            ],
        )
        for (recall, sku), group in updates_by_recall.items()
        for batch in chunks(group)
    ]
