"""Expiry checks: publish each expiry threshold of a unit once, and hold expired units (S28, S29).

`next_expiry_check` is the date of the next check: earlier thresholds were published. A corrected expiry is checked at
once, for all thresholds. Dates are local to the warehouse.
"""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from services.serials.units.domain import holds
from services.serials.units.domain.corrections import expired_hold_id
from services.serials.units.domain.operations import DocumentRefs, MessageContext
from services.serials.units.domain.shelf_life import ShelfLifeByPool
from services.serials.units.domain.transitions import NON_STATUS_CHANGES, SerialChangeType
from services.serials.units.domain.unit import Unit
from services.serials.units.domain.unit_of_work import SerialsUnitOfWork
from shared.contracts.envelope import CloudEvent, Message, chunks
from shared.contracts.serials import SerialExpired, SerialExpiring
from shared.inventory.expiry import crossed_thresholds, days_left, is_expired, next_check_date
from shared.inventory.shelf_life import ShelfLifeRules


class SerialExpiryCheckDue(Message, type="serial.expiry_check_due.v1", key="sku"):
    """Units of a product and expiry date in a warehouse are due for an expiry check since a date."""

    sku: str
    warehouse: str
    expiry: date
    since: date


class ExpiryGroup(NamedTuple):
    """Units of a product in a warehouse that expire on the same date."""

    sku: str
    warehouse: str
    expiry: date

    @classmethod
    def from_event(cls, event: SerialExpiryCheckDue) -> "ExpiryGroup":
        """Return the group that an event is about."""
        return cls(event.sku, event.warehouse, event.expiry)


def check_expiry(
    uow: SerialsUnitOfWork, events: Sequence[CloudEvent[SerialExpiryCheckDue]], shelf_life_by_pool: ShelfLifeByPool
) -> list[Message]:
    """Build the expiry events of each group; the unit of work builds the hold events."""
    units_by_group: dict[ExpiryGroup, list[Unit]] = {}
    for unit in uow.units.values():
        if unit.expiry and unit.warehouse and unit.next_expiry_check is not None:
            units_by_group.setdefault(ExpiryGroup(unit.sku, unit.warehouse, unit.expiry), []).append(unit)
    emitted: list[Message] = []
    for event in events:
        group = ExpiryGroup.from_event(event.data)
        # Units were found before the lock was acquired: meanwhile they may have shipped or have another expiry.
        emitted += _check_group(
            uow, event, units_by_group.pop(group, []), group, shelf_life_by_pool[group.sku, group.warehouse]
        )
    return emitted


def _check_group(
    uow: SerialsUnitOfWork,
    event: CloudEvent[SerialExpiryCheckDue],
    units: Sequence[Unit],
    group: ExpiryGroup,
    rules: ShelfLifeRules,
) -> list[Message]:
    due_units = [
        unit for unit in units if unit.next_expiry_check is not None and unit.next_expiry_check <= rules.local_date
    ]
    serials_by_threshold: dict[int, list[str]] = {}
    for unit in due_units:
        for threshold in crossed_thresholds(
            group.expiry, rules.local_date, rules.policy.expiry_alert_days, since=unit.next_expiry_check or date.min
        ):
            serials_by_threshold.setdefault(threshold, []).append(unit.serial)
        unit.next_expiry_check = next_check_date(group.expiry, rules.local_date, rules.policy.expiry_alert_days)
    context = MessageContext.from_event(event)
    fields = {"actor": context.actor, "cause": context.cause, **group._asdict()}
    emitted: list[Message] = [
        SerialExpiring(
            **fields, serials=list(batch), days=days_left(group.expiry, rules.local_date), threshold=threshold
        )
        for threshold in sorted(serials_by_threshold, reverse=True)
        for batch in chunks(serials_by_threshold[threshold])
    ]
    if due_units and is_expired(group.expiry, rules.local_date):
        hold_id = expired_hold_id(group.warehouse, group.expiry)
        operation = uow.add_operation(
            SerialChangeType.HOLD_PLACED, group.sku, context, DocumentRefs(hold_id=hold_id), "expired"
        )
        for unit in due_units:
            if unit.status in NON_STATUS_CHANGES[SerialChangeType.HOLD_PLACED]:
                holds.place(uow, unit, operation)
        emitted += [
            SerialExpired(**fields, serials=list(batch), hold_id=hold_id)
            for batch in chunks(unit.serial for unit in due_units)
        ]
    return emitted
