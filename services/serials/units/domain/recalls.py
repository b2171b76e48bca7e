"""Recalls of a product: hold matching units, except in mock recalls, and report their location (S46)."""

from services.serials.units.domain import holds
from services.serials.units.domain.recall_tracking import RecallUpdate, to_recalled_unit
from services.serials.units.domain.standing_holds import StandingHold
from services.serials.units.domain.transitions import NON_STATUS_CHANGES, SerialChangeType
from services.serials.units.domain.unit_of_work import SerialsUnitOfWork
from shared.contracts.envelope import chunks
from shared.contracts.recalls import RecallOpened
from shared.contracts.serials import SerialRecalled


def open_recall(uow: SerialsUnitOfWork, event: RecallOpened) -> None:
    """Hold the units that a recall matches, also later arrivals; a mock recall places no holds.

    The answer is sent in batches, the last one marked; without matches it is empty.
    """
    standing_hold = StandingHold.from_recall(event)
    units = sorted((unit for unit in uow.units if standing_hold.matches(unit)), key=lambda unit: unit.serial)
    held_units = uow.units_by_hold.setdefault((event.sku, event.hold_id), {}) if not event.mock else {}
    if not event.mock:
        operation = uow.add_operation(
            SerialChangeType.HOLD_PLACED, event.sku, hold_id=event.hold_id, is_reported_to_recalls=False
        )
        uow.place_standing_hold(standing_hold, operation)
        for unit in units:
            uow.track_for_recall(unit, standing_hold)
            if unit.status in NON_STATUS_CHANGES[SerialChangeType.HOLD_PLACED]:
                holds.place(uow, unit, operation)
    recalled_units = [to_recalled_unit(unit, unit.key in held_units, uow.shipments.get(unit.id)) for unit in units]
    batches = list(chunks(recalled_units)) or [()]
    for position, batch in enumerate(batches, start=1):
        uow.emit(
            SerialRecalled, recall=event.recall, sku=event.sku, units=list(batch), is_last=position == len(batches)
        )


def publish_recall_updates(uow: SerialsUnitOfWork) -> None:
    """Report changed units to the open recalls that track them."""
    updates_by_recall: dict[tuple[str, str], list[RecallUpdate]] = {}
    for update in uow.recall_updates:
        updates_by_recall.setdefault((update.recall, update.unit.sku), []).append(update)
    for (recall, sku), updates in updates_by_recall.items():
        for batch in chunks(updates):
            uow.emit(
                SerialRecalled,
                uow.changed_units[batch[-1].unit.key],
                recall=recall,
                sku=sku,
                units=[
                    to_recalled_unit(update.unit, update.is_held, uow.shipments.get(update.unit.id)) for update in batch
                ],
            )
    uow.recall_updates.clear()
