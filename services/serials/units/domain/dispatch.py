"""Dispatch check: whether units may ship, decided on their current state under the lock of the SKU (S28)."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from services.serials.units.domain.fulfillment_events import group_by_sku
from services.serials.units.domain.shelf_life import ShelfLifeByPool
from services.serials.units.domain.unit import Unit
from services.serials.units.domain.unit_of_work import SerialsUnitOfWork
from shared.contracts.envelope import CloudEvent
from shared.contracts.fulfillment import DispatchCheckRequested, PackedSerial
from shared.contracts.problems import Code
from shared.contracts.serials import RejectedSerial, SerialDispatchApproved, SerialDispatchRejected
from shared.inventory.shelf_life import approval_valid_until

DispatchCheckResult = SerialDispatchApproved | SerialDispatchRejected


class DispatchRules(NamedTuple):
    """Data that a dispatch check depends on, at a point in time."""

    uow: SerialsUnitOfWork
    shelf_life_by_pool: ShelfLifeByPool
    now: datetime

    def violation(self, unit: Unit, check: DispatchCheckRequested, line: str) -> tuple[Code, str] | None:
        """Return why a unit may not ship: not picked for this line, on hold, expired, or shelf life too short."""
        if code := _document_violation(unit, check.order, line):
            return code, f"{unit.sku} {unit.serial} is {unit.description}"
        rules = self.shelf_life_by_pool.get(unit.pool)
        shelf_life_violation = (
            rules.dispatch_violation(unit.expiry, check.customer, check.min_remaining_shelf_life_days)
            if rules
            else None
        )
        return (
            (shelf_life_violation[0], f"{unit.sku} {unit.serial}: {shelf_life_violation[1]}")
            if shelf_life_violation
            else None
        )

    def dispatchable_until(self, unit: Unit, check: DispatchCheckRequested) -> datetime | None:
        """Return the instant from which the unit may not ship."""
        rules = self.shelf_life_by_pool.get(unit.pool)
        if rules is None:
            return None
        return rules.dispatchable_until(unit.expiry, check.customer, check.min_remaining_shelf_life_days)


def check_dispatch(
    uow: SerialsUnitOfWork,
    events: Sequence[CloudEvent[DispatchCheckRequested]],
    shelf_life_by_pool: ShelfLifeByPool,
    now: datetime,
) -> list[DispatchCheckResult]:
    """Check each product of each request: approve it as a whole, or reject it with every reason."""
    rules = DispatchRules(uow, shelf_life_by_pool, now)
    return [
        _check_product(rules, event, sku, packed_serials)
        for event in events
        for sku, packed_serials in group_by_sku(event.data.units).items()
    ]


def _check_product(
    rules: DispatchRules, event: CloudEvent[DispatchCheckRequested], sku: str, packed_serials: Sequence[PackedSerial]
) -> DispatchCheckResult:
    check = event.data
    units = [(rules.uow.get_unit(sku, packed_serial.serial), packed_serial.line) for packed_serial in packed_serials]
    rejected = [
        RejectedSerial(serial=unit.serial, code=violation[0], detail=violation[1])
        for unit, line in units
        if (violation := rules.violation(unit, check, line))
    ]
    if rejected:
        return SerialDispatchRejected(
            actor=event.actor, cause=event.cause, sku=sku, check_id=check.check_id, shipment=check.shipment,
            order=check.order, orders=check.orders, units=rejected,
        )  # fmt: skip
    return SerialDispatchApproved(
        actor=event.actor, cause=event.cause, sku=sku, check_id=check.check_id, shipment=check.shipment,
        order=check.order, orders=check.orders, serials=[unit.serial for unit, _ in units],
        valid_until=approval_valid_until(rules.now, (rules.dispatchable_until(unit, check) for unit, _ in units)),
    )  # fmt: skip


def _document_violation(unit: Unit, order_id: str, line: str) -> Code | None:
    if unit.status != "PICKED" or unit.order_id != order_id:
        return Code.NOT_PICKED
    if unit.order_line != line:
        return Code.DOCUMENT_MISMATCH
    if unit.adjustment:
        return Code.UNIT_NOT_IN_STOCK
    return Code.ON_HOLD if unit.open_hold_count else None
