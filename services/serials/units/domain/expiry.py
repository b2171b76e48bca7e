"""Expiry checks: publish each expiry threshold of a unit once, and hold expired units (S28, S29).

`next_expiry_check` is the date of the next check: earlier thresholds were published. A corrected expiry is checked at
once, for all thresholds. Dates are local to the warehouse.
"""

from collections.abc import Iterable, Sequence
from datetime import date

from services.serials.units.domain import holds
from services.serials.units.domain.transitions import NON_STATUS_CHANGES, SerialChangeType
from services.serials.units.domain.unit import ExpiryGroup, Unit
from services.serials.units.domain.unit_of_work import SerialsUnitOfWork
from shared.contracts.envelope import Message, chunks
from shared.contracts.serials import SerialExpired, SerialExpiring
from shared.inventory.expiry import crossed_thresholds, days_left, is_expired, next_check_date


class SerialExpiryCheckDue(Message, type="serial.expiry_check_due.v1", key="sku"):
    """Units of a product and expiry date in a warehouse are due for an expiry check since a date."""

    sku: str
    warehouse: str
    expiry: date
    since: date


def group_by_expiry(units: Iterable[Unit]) -> dict[ExpiryGroup, list[Unit]]:
    """Group the units whose expiry is checked."""
    units_by_group: dict[ExpiryGroup, list[Unit]] = {}
    for unit in units:
        if unit.expiry and unit.warehouse and unit.next_expiry_check is not None:
            units_by_group.setdefault(ExpiryGroup(unit.sku, unit.warehouse, unit.expiry), []).append(unit)
    return units_by_group


def check_expiry(uow: SerialsUnitOfWork, event: SerialExpiryCheckDue) -> None:
    """Publish the crossed thresholds of a group of units, and hold the units if they have expired (S28, S29)."""
    group = ExpiryGroup(event.sku, event.warehouse, event.expiry)
    rules = uow.shelf_life_rules[event.sku, event.warehouse]
    # Units were found before the lock was acquired: meanwhile they may have shipped or have another expiry.
    due_units = [
        unit
        for unit in uow.due_units.pop(group, ())
        if unit.next_expiry_check is not None and unit.next_expiry_check <= rules.local_date
    ]
    thresholds = rules.policy.expiry_alert_days
    serials_by_threshold: dict[int, list[str]] = {}
    for unit in due_units:
        last_check = unit.next_expiry_check or date.min
        for threshold in crossed_thresholds(group.expiry, rules.local_date, thresholds, since=last_check):
            serials_by_threshold.setdefault(threshold, []).append(unit.serial)
        unit.next_expiry_check = next_check_date(group.expiry, rules.local_date, thresholds)
    days = days_left(group.expiry, rules.local_date)
    for threshold in sorted(serials_by_threshold, reverse=True):
        for serials in chunks(serials_by_threshold[threshold]):
            uow.emit(SerialExpiring, **group._asdict(), serials=list(serials), days=days, threshold=threshold)
    if due_units and is_expired(group.expiry, rules.local_date):
        _hold_expired(uow, due_units, group)


def _hold_expired(uow: SerialsUnitOfWork, units: Sequence[Unit], group: ExpiryGroup) -> None:
    hold_id = f"{holds.EXPIRED_HOLD_PREFIX}{group.expiry}-{group.warehouse}"
    operation = uow.add_operation(SerialChangeType.HOLD_PLACED, group.sku, reason="expired", hold_id=hold_id)
    for unit in units:
        if unit.status in NON_STATUS_CHANGES[SerialChangeType.HOLD_PLACED]:
            holds.place(uow, unit, operation)
    for serials in chunks(unit.serial for unit in units):
        uow.emit(SerialExpired, **group._asdict(), serials=list(serials), hold_id=hold_id)
