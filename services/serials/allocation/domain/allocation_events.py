"""Publishes allocations: allocated units, open quantity, and skipped units with reasons."""

from services.serials.allocation.domain.demand import Allocation
from services.serials.allocation.domain.skip_reasons import skip_reasons
from services.serials.units.domain.unit_of_work import SerialsUnitOfWork
from shared.contracts.envelope import chunks
from shared.contracts.serials import AllocatedUnit, SerialAllocated, SkippedSerials


def publish_allocations(uow: SerialsUnitOfWork) -> None:
    """Emit the allocations of the transaction, each in batches; only the last event may be final."""
    for allocation in uow.allocations:
        _publish_allocation(uow, allocation)
    uow.allocations.clear()


def _publish_allocation(uow: SerialsUnitOfWork, allocation: Allocation) -> None:
    demand, open_quantity = allocation.demand, allocation.open_quantity_before
    batches = list(chunks(allocation.units)) or [()]
    for position, batch in enumerate(batches, start=1):
        open_quantity -= len(batch)
        is_last = position == len(batches)
        skipped = skip_reasons(uow, allocation) if is_last else {}
        uow.emit(
            SerialAllocated,
            allocation.context,
            sku=demand.sku,
            demand_id=demand.demand_id,
            order=demand.order_id,
            line=demand.line,
            allocated=[
                AllocatedUnit(serial=unit.serial, location=unit.location or "", lot=unit.lot, expiry=unit.expiry)
                for unit in batch
            ],
            open_quantity=open_quantity,
            final=is_last and demand.status == "CLOSED",
            skipped=[SkippedSerials(reason=reason, count=count) for reason, count in skipped.items()],
        )
