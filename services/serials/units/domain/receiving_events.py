"""Events of receiving on units: expected, expectation cancelled, received, returned, disposed.

Each event carries receiving's version of the unit. Events with a version not above the last one are ignored: events of
different receipts may arrive in any order, and repeated events have no effect.
"""

from collections.abc import Iterator

from services.serials.units.domain import holds
from services.serials.units.domain.operations import OperationIndex
from services.serials.units.domain.transitions import UNALLOCATED, SerialChangeType
from services.serials.units.domain.unit import Unit
from services.serials.units.domain.unit_of_work import SerialsUnitOfWork
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


def expect(uow: SerialsUnitOfWork, event: ReceiptLineExpected) -> None:
    """Expect announced units with their announced lot and dates; take over those of another receipt (S05)."""
    operation = uow.add_operation(SerialChangeType.EXPECTED, event.sku)
    for unit in _changed_units(uow, event, operation, None, f"receipt {event.receipt} expects registered units"):
        unit.receipt, unit.receipt_line, unit.warehouse = event.receipt, event.line, event.warehouse
        unit.lot, unit.expiry, unit.manufactured_on = event.lot, event.expiry, event.manufactured_on


def cancel_expectation(uow: SerialsUnitOfWork, event: ReceiptLineCancelled) -> None:
    """Cancel the expectation of units; they stay registered, without a receipt."""
    operation = uow.add_operation(SerialChangeType.EXPECTATION_CANCELLED, event.sku)
    conflict = f"receipt {event.receipt} cancels the expectation of received units"
    for unit in _changed_units(uow, event, operation, None, conflict):
        unit.receipt = unit.receipt_line = unit.lot = unit.expiry = unit.manufactured_on = None


def receive(uow: SerialsUnitOfWork, event: ReceiptSerialsReceived) -> None:
    """Receive units at a dock or staging location, with the lot and expiry of their labels (S06, S24).

    Units with less remaining shelf life than the product requires at receipt are received on hold.
    """
    operation = uow.add_operation(SerialChangeType.RECEIVED, event.sku)
    hold_operation = (
        uow.add_operation(
            SerialChangeType.HOLD_PLACED, event.sku, reason=SHORT_SHELF_LIFE_REASON, hold_id=event.hold_id
        )
        if event.hold_id
        else None
    )
    conflict = f"receipt {event.receipt} receives registered units"
    for unit in _changed_units(uow, event, operation, event.location, conflict):
        unit.receipt, unit.receipt_line = event.receipt, event.line
        unit.lot, unit.manufactured_on = event.lot or None, event.manufactured_on
        unit.set_expiry(event.expiry)
        _arrive(uow, unit, event.location, hold_operation)


def receive_return(uow: SerialsUnitOfWork, event: ReturnSerialsReceived) -> None:
    """Receive shipped units again, under the same serial, on hold until their disposition (S18)."""
    operation = uow.add_operation(SerialChangeType.RETURNED, event.sku)
    hold_operation = uow.add_operation(SerialChangeType.HOLD_PLACED, event.sku, hold_id=event.hold_id)
    conflict = f"return {event.return_id} contains units that were not shipped"
    for unit in _changed_units(uow, event, operation, event.location, conflict):
        unit.clear_allocation()
        unit.shipment, unit.return_id = None, event.return_id
        unit.set_warranty(None)
        _arrive(uow, unit, event.location, hold_operation)


def _changed_units(
    uow: SerialsUnitOfWork, event: ReceivingEvent, operation: OperationIndex, location: str | None, conflict: str
) -> Iterator[Unit]:
    """Change the units for which the event has a newer version, one by one; record conflicts for the others."""
    conflicting_units = []
    scans = getattr(event, "scans", None) or [""] * len(event.serials)
    for serial, version, scan in zip(event.serials, event.versions, scans, strict=True):
        unit = uow.get_unit(event.sku, serial)
        if version <= unit.receiving_version:
            continue
        if uow.transition(unit, operation, location, scan or None):
            unit.receiving_version = version
            yield unit
        else:
            conflicting_units.append(unit)
    uow.record_unit_conflicts(Code.ILLEGAL_TRANSITION, conflicting_units, conflict)


def _arrive(uow: SerialsUnitOfWork, unit: Unit, location: str, hold_operation: OperationIndex | None) -> None:
    unit.warehouse, unit.received_at = warehouse_of(location), uow.event.time
    if hold_operation is not None:
        holds.place(uow, unit, hold_operation)
    holds.apply_standing_holds(uow, unit)


CHANGE_BY_DISPOSITION = {"SCRAP": SerialChangeType.SCRAPPED, "RETURN_TO_VENDOR": SerialChangeType.RETURNED_TO_VENDOR}


def dispose_return(uow: SerialsUnitOfWork, event: ReturnSerialsDisposed) -> None:
    """Restock, scrap or return to vendor returned units, and release their hold."""
    held_units = uow.units_by_hold.get((event.sku, event.hold_id), {})
    units = [uow.get_unit(event.sku, serial) for serial in event.serials] or list(held_units.values())
    if change := CHANGE_BY_DISPOSITION.get(event.disposition):
        uow.record_unit_conflicts(
            Code.ILLEGAL_TRANSITION,
            [unit for unit in units if unit.status not in UNALLOCATED],
            f"return {event.return_id} disposes of units that are not on hand",
        )
        units = [unit for unit in units if unit.status in UNALLOCATED]
        operation = uow.add_operation(change, event.sku, hold_id=event.hold_id)
        for unit in units:
            if unit.adjustment:  # adjusted before the disposition: only the hold is released
                continue
            uow.transition(unit, operation, unit.location)
            unit.adjustment = "SCRAPPED" if change is SerialChangeType.SCRAPPED else "RETURNED_TO_VENDOR"
    release_operation = uow.add_operation(SerialChangeType.HOLD_RELEASED, event.sku, hold_id=event.hold_id)
    for unit in units:
        holds.release(uow, unit, release_operation)
