"""Dispatch check: whether units may ship, decided on their current state under the lock of the SKU (S28).

An approval reserves nothing and expires after a limited time.
"""

from datetime import datetime, timedelta
from typing import Any

from services.serials.units.domain.fulfillment_events import group_by_sku
from services.serials.units.domain.unit import Unit
from services.serials.units.domain.unit_of_work import SerialsUnitOfWork
from shared.contracts.fulfillment import DispatchCheckRequested
from shared.contracts.problems import Code
from shared.contracts.serials import RejectedSerial, SerialDispatchApproved, SerialDispatchRejected

APPROVAL_TTL = timedelta(minutes=15)


def check_dispatch(uow: SerialsUnitOfWork, check: DispatchCheckRequested) -> None:
    """Check each product of a request: approve it as a whole, or reject it with every reason."""
    for sku, packed_serials in group_by_sku(check.units).items():
        units = [(uow.get_unit(sku, packed_serial.serial), packed_serial.line) for packed_serial in packed_serials]
        fields: dict[str, Any] = {
            "sku": sku, "check_id": check.check_id, "shipment": check.shipment, "order": check.order,
            "orders": check.orders,
        }  # fmt: skip
        if rejected := [
            RejectedSerial(serial=unit.serial, code=violation[0], detail=violation[1])
            for unit, line in units
            if (violation := _violation(uow, unit, check, line))
        ]:
            uow.emit(SerialDispatchRejected, **fields, units=rejected)
        else:
            uow.emit(
                SerialDispatchApproved, **fields, serials=[unit.serial for unit, _ in units],
                valid_until=min(_approval_valid_until(uow, unit, check) for unit, _ in units),
            )  # fmt: skip


def _violation(uow: SerialsUnitOfWork, unit: Unit, check: DispatchCheckRequested, line: str) -> tuple[Code, str] | None:
    """Return why a unit may not ship: not picked for this line, on hold, expired, or shelf life too short."""
    if code := _document_violation(unit, check.order, line):
        return code, f"{unit.sku} {unit.serial} is {unit.description}"
    rules = uow.shelf_life_rules.get(unit.pool)
    if rules and (violation := rules.dispatch_violation(unit, check.customer, check.min_remaining_shelf_life_days)):
        return violation[0], f"{unit.sku} {unit.serial}: {violation[1]}"
    return None


def _approval_valid_until(uow: SerialsUnitOfWork, unit: Unit, check: DispatchCheckRequested) -> datetime:
    """Return the end of the approval: 15 minutes, or less if the unit's last dispatchable day ends earlier."""
    rules = uow.shelf_life_rules.get(unit.pool)
    dispatchable_until = (
        rules.dispatchable_until(unit, check.customer, check.min_remaining_shelf_life_days) if rules else None
    )
    return min(uow.now + APPROVAL_TTL, dispatchable_until or uow.now + APPROVAL_TTL)


def _document_violation(unit: Unit, order_id: str, line: str) -> Code | None:
    if unit.status != "PICKED" or unit.order_id != order_id:
        return Code.NOT_PICKED
    if unit.order_line != line:
        return Code.DOCUMENT_MISMATCH
    if unit.adjustment:
        return Code.UNIT_NOT_IN_STOCK
    return Code.ON_HOLD if unit.open_hold_count else None
