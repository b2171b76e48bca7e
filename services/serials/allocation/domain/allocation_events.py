"""Publishes allocations: allocated units, open quantity, and skipped units with reasons."""

from services.serials.allocation.domain.skip_reasons import skip_reasons
from services.serials.units.domain.unit import Unit
from services.serials.units.domain.unit_of_work import SerialsUnitOfWork
from shared.contracts.serials import AllocatedUnit, SerialAllocated, SkippedSerials
from shared.inventory.allocation import emit_allocation


def publish_allocations(uow: SerialsUnitOfWork) -> None:
    """Emit the allocations of the transaction."""
    for allocation in uow.allocations:
        reasons = skip_reasons(uow, allocation)
        skipped = [SkippedSerials(reason=reason, count=count) for reason, count in reasons.items()]
        emit_allocation(uow, allocation, SerialAllocated, _describe, skipped)
    uow.allocations.clear()


def _describe(unit: Unit) -> AllocatedUnit:
    return AllocatedUnit(serial=unit.serial, location=unit.location or "", lot=unit.lot, expiry=unit.expiry)
