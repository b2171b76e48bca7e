"""Releases allocated or picked items; optionally requests replacements.

A single-lot line without picked items is then requested as a whole: any lot may fill it.
"""

from collections.abc import Iterable, Sequence

from services.fulfillment.orders.domain.demands import request_quantity, rerequest_allocation
from services.fulfillment.orders.domain.events import emit_deallocated, emit_unpicked
from services.fulfillment.orders.domain.items import AllocatedItem, ItemGroup, ShortPick, group_items, total_quantity
from services.fulfillment.orders.domain.mismatches import mark_mismatches
from services.fulfillment.orders.domain.records import Order
from services.fulfillment.orders.domain.unit_of_work import FulfillmentUnitOfWork
from shared.contracts.fulfillment import HandOver


def release(
    uow: FulfillmentUnitOfWork,
    order: Order,
    items: Iterable[AllocatedItem],
    reason: str,
    *,
    replace: bool = True,
    short_pick: ShortPick | None = None,
    hand_over: HandOver | None = None,
    lost: bool = False,
) -> None:
    """Return allocated items to stock, hand them over, or record units as lost; if `replace`, request others."""
    unreplaced = []
    for group, members in group_items(items).items():
        order.lines[group.line].allocated -= total_quantity(members)
        reallocate = remove_from_order(uow, order, group, members, replace=replace)
        emit_deallocated(
            uow, order, group, members, reallocate=reallocate, reason=reason, short_pick=short_pick,
            hand_over=hand_over, lost=lost,
        )  # fmt: skip
        if replace and not reallocate:
            unreplaced.append((group, members))
    for group, members in unreplaced:
        request_replacement(uow, order, group, members, reason)


def unpick(
    uow: FulfillmentUnitOfWork,
    order: Order,
    items: Sequence[AllocatedItem],
    reason: str,
    *,
    location: str,
    lost: bool = False,
) -> None:
    """Return picked items to a storage location, or record them as lost; open lines request replacements."""
    mismatched_lines = {item.line for item in order.items if item.mismatch}
    if cartons := [item.carton for item in items if item.carton]:
        order.packing_version += 1
        uow.mark_cartons(order, cartons)
    for group, members in group_items(items).items():
        line = order.lines[group.line]
        line.picked -= total_quantity(members)
        line.packed -= total_quantity(item for item in members if item.carton)
        replace = not order.is_cancelled_item(members[0])
        # The demand of an item of a mismatched line may allow what the line does not want.
        same_demand = replace and group.line not in mismatched_lines
        reallocate = remove_from_order(uow, order, group, members, replace=same_demand)
        mark_mismatches(uow, order, line)
        emit_unpicked(uow, order, group, members, location=location, reallocate=reallocate, reason=reason, lost=lost)
        if replace and not reallocate:
            request_replacement(uow, order, group, members, reason)


def remove_from_order(
    uow: FulfillmentUnitOfWork, order: Order, group: ItemGroup, items: Sequence[AllocatedItem], *, replace: bool
) -> bool:
    """Remove items from their order; return whether their demand stays open for reallocation."""
    line = order.lines[group.line]
    demand = line.demands[group.demand_id]
    for item in items:
        uow.remove(item)
    uow.mark_line(line)
    reallocate = replace and not demand.cancelled and not line.can_change_lot
    if reallocate:
        demand.request(total_quantity(items))
        demand.closed = False
    return reallocate


def request_replacement(
    uow: FulfillmentUnitOfWork, order: Order, group: ItemGroup, items: Sequence[AllocatedItem], reason: str
) -> None:
    """Request replacements under new demands: what the line wants, not what it had."""
    line = order.lines[group.line]
    tracking = line.demands[group.demand_id].tracking
    if line.can_change_lot:
        rerequest_allocation(uow, order, line, tracking, reason)
    else:
        request_quantity(uow, order, line, total_quantity(items), tracking)
