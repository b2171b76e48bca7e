"""Applies allocations to demands; a cancelled demand is ignored, as the stock service releases its stock itself."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from services.fulfillment.orders.domain.content import log_detail
from services.fulfillment.orders.domain.demands import create_demand
from services.fulfillment.orders.domain.hand_over import hand_over_items
from services.fulfillment.orders.domain.items import (
    AllocatedItem,
    AllocatedLot,
    AllocatedUnit,
    format_quantity,
    lot_label,
    total_quantity,
)
from services.fulfillment.orders.domain.records import Demand, Line, Order
from services.fulfillment.orders.domain.unit_of_work import FulfillmentUnitOfWork
from shared.contracts.lots import LotAllocated, SkippedLots
from shared.contracts.problems import Code
from shared.contracts.serials import SerialAllocated, SkippedSerials
from shared.identifiers import matching_spellings

AllocationEvent = SerialAllocated | LotAllocated
MAX_EXAMPLES = 20
"""Maximum number of skipped groups of units or lots in the summary of a demand."""


def apply_allocation(uow: FulfillmentUnitOfWork, event: AllocationEvent) -> None:
    """Add allocated items to an order line and record its open quantity and the skipped stock."""
    match = _find_demand(uow, event)
    if match is None:
        return
    order, line, demand = match
    if demand.cancelled:
        return
    items = _allocated_items(uow, demand, event)
    if violation := _allocation_conflict(uow, line, items):
        uow.record_conflict(
            Code.DOCUMENT_MISMATCH,
            violation,
            document=order.order_id,
            sku=event.sku,
            ids=[item.identifier for item in items],
        )
        return
    for item in items:
        uow.add(item)
    line.allocated += total_quantity(items)
    demand.answer(total_quantity(items), Decimal(event.open_quantity), final=event.final)
    demand.skipped_summary = _skipped_summary(event.sku, event.skipped)
    uow.mark_line(line)
    if items:
        uow.log(order.order_id, "ALLOCATED", line=line.line, **log_detail(items))
    if demand.replaces is not None:
        _finish_swap(uow, order, line, demand, event)
    hand_over_items(uow, order, demand, event)


def _allocated_items(uow: FulfillmentUnitOfWork, demand: Demand, event: AllocationEvent) -> list[AllocatedItem]:
    if isinstance(event, SerialAllocated):
        return [
            AllocatedUnit(
                sku=event.sku, serial=allocated.serial, order_id=demand.order_id, line=demand.line,
                demand_id=demand.demand_id, location=allocated.location, expiry=allocated.expiry,
            )
            for allocated in event.allocated
        ]  # fmt: skip
    return [
        AllocatedLot(
            allocated_lot_id=next(uow.ids), sku=event.sku, lot=allocated.lot, order_id=demand.order_id,
            line=demand.line, demand_id=demand.demand_id, location=allocated.location, quantity=allocated.quantity,
            expiry=allocated.expiry,
        )
        for allocated in event.allocated
    ]  # fmt: skip


def _skipped_summary(sku: str, skipped: Sequence[SkippedSerials | SkippedLots]) -> str:
    parts = [
        f"{entry.count} {entry.reason}" if isinstance(entry, SkippedSerials)
        else f"{format_quantity(entry.quantity)} of {lot_label(sku, entry.lot)} {entry.reason}"
        for entry in skipped[:MAX_EXAMPLES]
    ]  # fmt: skip
    remaining = len(skipped) - len(parts)
    return "; ".join(parts + ([f"{remaining} more"] if remaining else []))


def _find_demand(uow: FulfillmentUnitOfWork, event: AllocationEvent) -> tuple[Order, Line, Demand] | None:
    order = uow.orders.get(event.order)
    if order is None:
        uow.record_conflict(Code.ORDER_NOT_FOUND, f"Order {event.order} not found", document=event.order, sku=event.sku)
        return None
    demand = uow.demands.get(event.demand_id)
    if demand is None or (demand.order_id, demand.line, demand.sku) != (event.order, event.line, event.sku):
        detail = f"Order {event.order} has no demand {event.demand_id} for line {event.line} and product {event.sku}"
        uow.record_conflict(Code.DOCUMENT_MISMATCH, detail, document=event.order, sku=event.sku, ids=[event.demand_id])
        return None
    return order, order.lines[demand.line], demand


def _allocation_conflict(uow: FulfillmentUnitOfWork, line: Line, allocated: Iterable[AllocatedItem]) -> str | None:
    items = list(allocated)
    units = [item for item in items if isinstance(item, AllocatedUnit)]
    for item in units:
        if allocated_unit := uow.units.get(item.key):
            return f"{allocated_unit} is already allocated to order {allocated_unit.order_id}"
    if len({unit.key for unit in units}) < len(units):
        return "The same unit is allocated twice"
    if line.open_quantity < total_quantity(items):
        allocated_quantity = format_quantity(total_quantity(items))
        return f"Line {line.line}: {allocated_quantity} allocated, {format_quantity(line.open_quantity)} open"
    return None


def _finish_swap(uow: FulfillmentUnitOfWork, order: Order, line: Line, demand: Demand, event: AllocationEvent) -> None:
    """Complete a swap: update the criteria of the line, or request its open quantity again."""
    requested = demand.serials or demand.lots
    if event.allocated:
        line.serials = tuple(requested[0] if serial == demand.replaces else serial for serial in line.serials)
        added = [lot for lot in demand.lots if not matching_spellings(lot, line.lots)]
        line.lots = (*line.lots, *added) if line.lots else ()
    remaining = min(Decimal(event.open_quantity), line.open_quantity)
    if demand.closed and remaining > 0:
        listed_serials = [serial for serial in line.serials if serial == demand.replaces]
        create_demand(uow, order, line, remaining, demand.tracking, serials=listed_serials)
        uow.log(order.order_id, "SWAP_FAILED", line=line.line, requested=requested[0], reason=demand.skipped_summary)
