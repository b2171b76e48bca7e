"""Hands allocated items over to a narrower demand of the same order that is short (S08).

Lines are requested and answered in any sequence. So a line for any stock may have what another line lists, or the part
of a lot that a single-lot line needs. The wider demand is allocated anew. One wider demand gives at a time: the answer
to its hand-over shows what is still short, while answers between several hand-overs would not.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal

from services.fulfillment.orders.domain.content import log_detail
from services.fulfillment.orders.domain.demands import requested_lots
from services.fulfillment.orders.domain.items import (
    ZERO,
    AllocatedItem,
    AllocatedLot,
    AllocatedUnit,
    group_items,
    total_quantity,
)
from services.fulfillment.orders.domain.records import Demand, Line, Order
from services.fulfillment.orders.domain.release import release
from services.fulfillment.orders.domain.unit_of_work import FulfillmentUnitOfWork
from shared.contracts.fulfillment import HandOver
from shared.contracts.lots import LotAllocated
from shared.contracts.serials import SerialAllocated
from shared.identifiers import matching_spellings
from shared.inventory.demand import Breadth, breadth
from shared.inventory.skip_reason import SkipReason


def hand_over_items(
    uow: FulfillmentUnitOfWork, order: Order, demand: Demand, event: SerialAllocated | LotAllocated
) -> None:
    """Hand over items of a wider demand to a demand that an allocation left short; picked items stay."""
    line = order.lines[demand.line]
    wanted = min(Decimal(event.open_quantity), line.open_quantity)
    if wanted <= 0 or demand.replaces is not None:
        return
    if isinstance(event, SerialAllocated):
        units = [unit for unit in _wider_units(order, demand) if unit.serial in demand.serials]
        items: Sequence[AllocatedItem] = next(iter(group_items(units).values()), ())
    else:
        items = _lots_to_hand_over(uow, order, demand, wanted, event)
    if items:
        uow.log(order.order_id, "HANDED_OVER", line=items[0].line, to_line=line.line, **log_detail(items))
        demand.reopen(wanted)
        reason = f"handed over to line {line.line}"
        release(uow, order, items, reason, hand_over=HandOver(demand_id=demand.demand_id, open_quantity=wanted))


def _lots_to_hand_over(
    uow: FulfillmentUnitOfWork, order: Order, demand: Demand, wanted: Decimal, event: LotAllocated
) -> Sequence[AllocatedLot]:
    """Choose listed lots, or the part of a lot that completes its available stock for a single-lot line."""
    line = order.lines[demand.line]
    lots = requested_lots(order, line) if line.single_lot else demand.lots
    candidates = [lot for lot in _wider_lots(order, demand) if not lots or matching_spellings(lot.lot, lots)]
    if not line.single_lot:
        members = [lot for lot in candidates if lots and lot.demand_id == candidates[0].demand_id]
        return uow.split(members, wanted)
    for number, demand_id in dict.fromkeys((lot.lot, lot.demand_id) for lot in candidates):
        members = [lot for lot in candidates if (lot.lot, lot.demand_id) == (number, demand_id)]
        is_too_small = [
            part for part in event.skipped if part.lot == number and part.reason == SkipReason.LOT_TOO_SMALL
        ]
        missing = wanted - sum((part.quantity for part in is_too_small), ZERO)
        if 0 < missing <= total_quantity(members):
            return uow.split(members, missing)
    return ()


def _wider_units(order: Order, demand: Demand) -> Iterator[AllocatedUnit]:
    return (unit for unit in order.units.values() if _is_wider(order, unit, demand))


def _wider_lots(order: Order, demand: Demand) -> Sequence[AllocatedLot]:
    """Lots of wider demands; lots that expire late come last, as in an allocation."""
    lots = [lot for lot in order.lots.values() if _is_wider(order, lot, demand)]
    return sorted(lots, key=lambda lot: (lot.expiry or date.max, lot.lot, lot.location))


def _is_wider(order: Order, item: AllocatedItem, demand: Demand) -> bool:
    """Whether an allocated item belongs to a wider demand, and its line does not keep a picked lot."""
    line = order.lines[item.line]
    return (
        item.sku == demand.sku
        and item.status == "ALLOCATED"
        and (line.can_change_lot or not line.single_lot)
        and _breadth(line, line.demands[item.demand_id]) > _breadth(order.lines[demand.line], demand)
    )


def _breadth(line: Line, demand: Demand) -> Breadth:
    return breadth(demand.serials, demand.lots, single_lot=line.single_lot)
