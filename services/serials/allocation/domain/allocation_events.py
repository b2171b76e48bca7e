"""Builds allocation events: allocated units, open quantity, and skipped units with reasons."""

from collections.abc import Mapping, Sequence

from services.serials.allocation.domain.allocate import Allocation
from shared.contracts.envelope import chunks
from shared.contracts.serials import AllocatedUnit, SerialAllocated, SkippedSerials


def allocated_events(
    allocations: Sequence[Allocation], skipped: Mapping[str, Mapping[str, int]]
) -> list[SerialAllocated]:
    """Build events in batches. Each carries the open quantity after it; only the last may be final."""
    return [
        event
        for allocation in allocations
        for event in _events_for(allocation, skipped.get(allocation.demand.demand_id, {}))
    ]


def _events_for(allocation: Allocation, skipped: Mapping[str, int]) -> list[SerialAllocated]:
    demand, events = allocation.demand, []
    remaining_quantity = allocation.open_quantity_before
    batches = list(chunks(allocation.units)) or [()]
    for position, batch in enumerate(batches, start=1):
        remaining_quantity -= len(batch)
        is_last = position == len(batches)
        events.append(
            SerialAllocated(
                actor=allocation.context.actor,
                cause=allocation.context.cause,
                sku=demand.sku,
                demand_id=demand.demand_id,
                order=demand.order_id,
                line=demand.line,
                allocated=[
                    AllocatedUnit(serial=unit.serial, location=unit.location or "", lot=unit.lot, expiry=unit.expiry)
                    for unit in batch
                ],
                open_quantity=remaining_quantity,
                final=is_last and demand.status == "CLOSED",
                skipped=[SkippedSerials(reason=reason, count=count) for reason, count in skipped.items()]
                if is_last
                else [],
            )
        )
    return events
