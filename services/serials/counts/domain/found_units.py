"""Releases the holds of short picks on units that were found again."""

from datetime import datetime

from services.serials.units.domain import holds
from services.serials.units.domain.transitions import SerialChangeType
from services.serials.units.domain.unit import Unit
from services.serials.units.domain.unit_of_work import SerialsUnitOfWork


def release_not_found_holds(uow: SerialsUnitOfWork, unit: Unit, found_at: datetime) -> None:
    """Release the holds that short picks had placed on a unit when it was found."""
    for hold_id, opened_at in uow.not_found_holds.get(unit.key, {}).items():
        if opened_at <= found_at and unit.key in uow.units_by_hold.get((unit.sku, hold_id), {}):
            holds.release(uow, unit, uow.add_operation(SerialChangeType.HOLD_RELEASED, unit.sku, hold_id=hold_id))
