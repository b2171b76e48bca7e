"""Events of receiving on units: expected, expectation cancelled, received, returned, disposed.

Each event carries receiving's version of the unit. Events with a version not above the last one are ignored: events of
different receipts may arrive in any order, and repeated events have no effect.
"""

from collections.abc import Iterator, Sequence

from services.serials.units.domain import holds
from services.serials.units.domain.operations import DocumentRefs, MessageContext
from services.serials.units.domain.transitions import UNALLOCATED, SerialChangeType
from services.serials.units.domain.unit import Unit
from services.serials.units.domain.unit_of_work import SerialsUnitOfWork
from shared.contracts.envelope import CloudEvent
from shared.contracts.problems import Code
from shared.contracts.receiving import (
    ReceiptLineCancelled,
    ReceiptLineExpected,
    ReceiptSerialsReceived,
    ReturnSerialsDisposed,
    ReturnSerialsReceived,
)
from shared.identifiers import warehouse_of

SHORT_SHELF_LIFE_REASON = "remaining shelf life too short at receipt"

ReceivingEvent = ReceiptLineExpected | ReceiptLineCancelled | ReceiptSerialsReceived | ReturnSerialsReceived


def _newer_units(uow: SerialsUnitOfWork, payload: ReceivingEvent) -> Iterator[tuple[Unit, int]]:
    """Return the units for which the event has a newer version, with that version."""
    for serial, version in zip(payload.serials, payload.versions, strict=True):
        unit = uow.get_unit(payload.sku, serial)
        if version > unit.receiving_version:
            yield unit, version


def expect(uow: SerialsUnitOfWork, events: Sequence[CloudEvent[ReceiptLineExpected]]) -> None:
    """Expect announced units; take over those that another receipt expected (S05)."""
    for event in events:
        payload = event.data
        documents = DocumentRefs(receipt=payload.receipt, line=payload.line)
        operation = uow.add_operation(
            SerialChangeType.EXPECTED, payload.sku, MessageContext.from_event(event), documents
        )
        conflicting_units = []
        for unit, version in _newer_units(uow, payload):
            if not uow.transition(unit, operation, None):
                conflicting_units.append(unit)
                continue
            unit.receiving_version = version
            unit.receipt, unit.receipt_line, unit.warehouse = payload.receipt, payload.line, payload.warehouse
        uow.record_conflict(
            event, Code.ILLEGAL_TRANSITION, conflicting_units, f"receipt {payload.receipt} expects registered units"
        )


def cancel_expectation(uow: SerialsUnitOfWork, events: Sequence[CloudEvent[ReceiptLineCancelled]]) -> None:
    """Cancel the expectation of units; they stay registered, without a receipt."""
    for event in events:
        payload = event.data
        documents = DocumentRefs(receipt=payload.receipt, line=payload.line)
        operation = uow.add_operation(
            SerialChangeType.EXPECTATION_CANCELLED,
            payload.sku,
            MessageContext.from_event(event),
            documents,
            payload.reason,
        )
        conflicting_units = []
        for unit, version in _newer_units(uow, payload):
            if not uow.transition(unit, operation, None):
                conflicting_units.append(unit)
                continue
            unit.receiving_version = version
            unit.receipt = unit.receipt_line = None
        uow.record_conflict(
            event,
            Code.ILLEGAL_TRANSITION,
            conflicting_units,
            f"receipt {payload.receipt} cancels the expectation of received units",
        )


def receive(uow: SerialsUnitOfWork, events: Sequence[CloudEvent[ReceiptSerialsReceived]]) -> None:
    """Receive units at a dock or staging location, with the lot and expiry of their labels (S06, S24).

    Units with less remaining shelf life than the product requires at receipt are received on hold.
    """
    for event in events:
        payload, context = event.data, MessageContext.from_event(event)
        documents = DocumentRefs(receipt=payload.receipt, line=payload.line)
        operation = uow.add_operation(SerialChangeType.RECEIVED, payload.sku, context, documents)
        hold_operation = (
            uow.add_operation(
                SerialChangeType.HOLD_PLACED,
                payload.sku,
                context,
                documents._replace(hold_id=payload.hold_id),
                SHORT_SHELF_LIFE_REASON,
            )
            if payload.hold_id
            else None
        )
        conflicting_units = []
        for unit, version in _newer_units(uow, payload):
            if not uow.transition(unit, operation, payload.location):
                conflicting_units.append(unit)
                continue
            unit.receiving_version = version
            unit.receipt, unit.receipt_line = payload.receipt, payload.line
            unit.warehouse, unit.received_at = warehouse_of(payload.location), event.time
            unit.lot = payload.lot or None
            unit.set_expiry(payload.expiry)
            if hold_operation is not None:
                holds.place(uow, unit, hold_operation)
            holds.apply_standing_holds(uow, unit, context)
        uow.record_conflict(
            event,
            Code.ILLEGAL_TRANSITION,
            conflicting_units,
            f"receipt {payload.receipt} receives registered units",
        )


def receive_return(uow: SerialsUnitOfWork, events: Sequence[CloudEvent[ReturnSerialsReceived]]) -> None:
    """Receive shipped units again, under the same serial, on hold until their disposition (S18)."""
    for event in events:
        payload, context = event.data, MessageContext.from_event(event)
        documents = DocumentRefs(order_id=payload.order, customer=payload.customer, return_id=payload.return_id)
        operation = uow.add_operation(SerialChangeType.RETURNED, payload.sku, context, documents, payload.reason)
        hold_operation = uow.add_operation(
            SerialChangeType.HOLD_PLACED,
            payload.sku,
            context,
            documents._replace(hold_id=payload.hold_id),
            payload.reason,
        )
        conflicting_units = []
        for unit, version in _newer_units(uow, payload):
            if not uow.transition(unit, operation, payload.location):
                conflicting_units.append(unit)
                continue
            unit.receiving_version = version
            unit.clear_allocation()
            unit.shipment, unit.return_id = None, payload.return_id
            unit.warehouse, unit.received_at = warehouse_of(payload.location), event.time
            holds.place(uow, unit, hold_operation)
            holds.apply_standing_holds(uow, unit, context)
        uow.record_conflict(
            event,
            Code.ILLEGAL_TRANSITION,
            conflicting_units,
            f"return {payload.return_id} contains units that were not shipped",
        )


CHANGE_BY_DISPOSITION = {"SCRAP": SerialChangeType.SCRAPPED, "RETURN_TO_VENDOR": SerialChangeType.RETURNED_TO_VENDOR}


def dispose_return(uow: SerialsUnitOfWork, events: Sequence[CloudEvent[ReturnSerialsDisposed]]) -> None:
    """Restock, scrap or return to vendor returned units, and release their hold."""
    for event in events:
        payload, context = event.data, MessageContext.from_event(event)
        held_units = uow.units_by_hold.get((payload.sku, payload.hold_id), {})
        units = [uow.get_unit(payload.sku, serial) for serial in payload.serials] or list(held_units.values())
        documents = DocumentRefs(return_id=payload.return_id, hold_id=payload.hold_id)
        change = CHANGE_BY_DISPOSITION.get(payload.disposition)
        conflicting_units: list[Unit] = []
        if change is not None:
            conflicting_units = [unit for unit in units if unit.status not in UNALLOCATED]
            units = [unit for unit in units if unit.status in UNALLOCATED]
            operation = uow.add_operation(change, payload.sku, context, documents, payload.reason)
            for unit in units:
                if unit.adjustment:  # adjusted before the disposition: only the hold is released
                    continue
                uow.transition(unit, operation, unit.location)
                unit.adjustment = "SCRAPPED" if change is SerialChangeType.SCRAPPED else "RETURNED_TO_VENDOR"
        release_operation = uow.add_operation(
            SerialChangeType.HOLD_RELEASED, payload.sku, context, documents, payload.reason
        )
        for unit in units:
            holds.release(uow, unit, release_operation)
            uow.mark_released(unit, context)
        uow.record_conflict(
            event,
            Code.ILLEGAL_TRANSITION,
            conflicting_units,
            f"return {payload.return_id} disposes of units that are not on hand",
        )
