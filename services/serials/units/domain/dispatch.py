"""Dispatch check: whether units may ship, decided on their current state under the lock of the SKU (S28)."""

from datetime import datetime
from typing import Any

from services.serials.units.domain.fulfillment_events import group_by_sku
from services.serials.units.domain.unit import Unit
from services.serials.units.domain.unit_of_work import SerialsUnitOfWork
from shared.contracts.fulfillment import DispatchCheckRequested
from shared.contracts.problems import Code
from shared.contracts.serials import RejectedSerial, SerialDispatchApproved, SerialDispatchRejected
from shared.inventory.approval import DispatchApproval
from shared.inventory.shelf_life import approval_valid_until


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
            serials = [unit.serial for unit, _ in units]
            valid_until = approval_valid_until(uow.now, (_dispatchable_until(uow, unit, check) for unit, _ in units))
            uow.emit(SerialDispatchApproved, **fields, serials=serials, valid_until=valid_until)
            uow.approve(DispatchApproval.of(check, sku, serials, valid_until))


def _violation(uow: SerialsUnitOfWork, unit: Unit, check: DispatchCheckRequested, line: str) -> tuple[Code, str] | None:
    """Return why a unit may not ship: not picked for this line, on hold, expired, or shelf life too short."""
    if code := _document_violation(unit, check.order, line):
        return code, f"{unit.sku} {unit.serial} is {unit.description}"
    rules, days = uow.shelf_life_rules.get(unit.pool), check.min_remaining_shelf_life_days
    if rules and (violation := rules.dispatch_violation(unit.expiry, check.customer, days)):
        return violation[0], f"{unit.sku} {unit.serial}: {violation[1]}"
    return None


def _dispatchable_until(uow: SerialsUnitOfWork, unit: Unit, check: DispatchCheckRequested) -> datetime | None:
    """Return the instant from which the unit may not ship."""
    rules, days = uow.shelf_life_rules.get(unit.pool), check.min_remaining_shelf_life_days
    return rules.dispatchable_until(unit.expiry, check.customer, days) if rules else None


def _document_violation(unit: Unit, order_id: str, line: str) -> Code | None:
    if unit.status != "PICKED" or unit.order_id != order_id:
        return Code.NOT_PICKED
    if unit.order_line != line:
        return Code.DOCUMENT_MISMATCH
    if unit.adjustment:
        return Code.UNIT_NOT_IN_STOCK
    return Code.ON_HOLD if unit.open_hold_count else None
