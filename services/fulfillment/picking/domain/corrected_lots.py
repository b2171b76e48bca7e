"""Applies corrected lot numbers to the goods of orders, and judges them again as after an amendment.

Goods that are to be picked and that their line does not want are released and replaced. Picked ones are marked.
Shipped ones are event conflicts, so that the customer is called.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from services.fulfillment.orders.domain import AllocatedLot, FulfillmentUnitOfWork, Line, Order, release
from services.fulfillment.orders.domain.content import log_detail
from services.fulfillment.orders.domain.items import group_items
from services.fulfillment.orders.domain.mismatches import lot_mismatches, mark_mismatches
from services.fulfillment.orders.domain.release import request_replacement
from services.fulfillment.orders.domain.shelf_life import shelf_life_reason
from shared.contracts.lot_corrections import CorrectedLot, LotNumberCorrected
from shared.contracts.problems import Code

STATUSES = ("ALLOCATED", "PICKED", "SHIPPED")


def correct_lot_number(uow: FulfillmentUnitOfWork, event: LotNumberCorrected) -> None:
    """Record the right number of the goods of orders, and take back what their lines do not want."""
    renamed_by_order: dict[str, list[AllocatedLot]] = {}
    for part in event.stock:
        if (order := uow.orders.get(part.order)) is not None:
            renamed = [_rename(uow, event, part, lot) for lot in _take(uow, order, event, part)]
            renamed_by_order.setdefault(order.order_id, []).extend(renamed)
    for order_id, renamed in renamed_by_order.items():
        order = uow.orders[order_id]
        if cartons := [lot.carton for lot in renamed if lot.carton and lot.status == "PICKED"]:
            order.packing_version += 1  # a dispatch check knows the wrong number
            uow.mark_cartons(order, cartons)
        for line_id in dict.fromkeys(lot.line for lot in renamed):
            _judge(uow, order, order.lines[line_id], event, [lot for lot in renamed if lot.line == line_id])


def _take(
    uow: FulfillmentUnitOfWork, order: Order, event: LotNumberCorrected, part: CorrectedLot
) -> Sequence[AllocatedLot]:
    """Take the quantity of a demand, however far it has got meanwhile; what left the order is not there any more."""
    lots = [
        lot
        for lot in order.lots.values()
        if (lot.sku, lot.lot, lot.demand_id) == (event.sku, event.from_lot, part.demand_id) and _is_part(lot, part)
    ]
    lots.sort(key=lambda lot: (STATUSES.index(lot.status), lot.carton or ""))
    return uow.split(lots, part.quantity)


def _is_part(lot: AllocatedLot, part: CorrectedLot) -> bool:
    if lot.status == part.status:
        return part.shipment == lot.shipment if part.shipment else part.location in {None, lot.location}
    return STATUSES.index(lot.status) > STATUSES.index(part.status)


def _rename(
    uow: FulfillmentUnitOfWork, event: LotNumberCorrected, part: CorrectedLot, lot: AllocatedLot
) -> AllocatedLot:
    renamed = replace(lot, allocated_lot_id=next(uow.ids), lot=event.lot, expiry=event.expiry, on_hold=part.on_hold)
    uow.remove(lot)
    uow.add(renamed)
    return renamed


def _judge(
    uow: FulfillmentUnitOfWork, order: Order, line: Line, event: LotNumberCorrected, renamed: Sequence[AllocatedLot]
) -> None:
    for status in STATUSES:
        if members := [lot for lot in renamed if lot.status == status]:
            uow.log(
                order.order_id, "LOT_CORRECTED", line=line.line, from_lot=event.from_lot, status=status,
                reason=event.reason, **log_detail(members),
            )  # fmt: skip
    if line.shipped_lot == event.from_lot and any(lot.status == "SHIPPED" for lot in renamed):
        line.shipped_lot = event.lot
    _report_shipped(uow, order, line, [lot for lot in renamed if lot.status == "SHIPPED"])
    unwanted = dict(_unwanted(uow, order, line, renamed))
    if unwanted:
        reason = f"lot {event.from_lot} is lot {event.lot}: {next(iter(unwanted.values()))}"
        lots = [order.lots[lot_id] for lot_id in unwanted]
        # A new demand asks for what the line wants; the previous one may name the wrong lot.
        release(uow, order, lots, reason, replace=False)
        for group, released in group_items(lots).items():
            request_replacement(uow, order, group, released, reason)
    mark_mismatches(uow, order, line)


def _unwanted(
    uow: FulfillmentUnitOfWork, order: Order, line: Line, renamed: Iterable[AllocatedLot]
) -> Iterator[tuple[str, str]]:
    """The ids of lots to be picked that cannot stay with their line, with the reason."""
    renamed_ids = {lot.allocated_lot_id for lot in renamed}
    of_line = [lot for lot in order.lots.values() if lot.line == line.line and lot.status != "SHIPPED"]
    for lot, mismatch in lot_mismatches(line, of_line):
        if lot.status != "ALLOCATED":
            continue
        if mismatch:
            yield lot.allocated_lot_id, mismatch
        elif lot.allocated_lot_id in renamed_ids:
            is_dated = order.warehouse in uow.local_dates
            if lot.on_hold:
                yield lot.allocated_lot_id, "on hold"
            elif is_dated and (violation := shelf_life_reason(uow, order, lot)):
                yield lot.allocated_lot_id, violation[1]


def _report_shipped(uow: FulfillmentUnitOfWork, order: Order, line: Line, shipped: Sequence[AllocatedLot]) -> None:
    """Report shipped goods that the order does not want, or that are on hold under their right number."""
    for lot, mismatch in lot_mismatches(line, shipped):
        if reason := "on hold" if lot.on_hold else mismatch:
            code = Code.ON_HOLD if lot.on_hold else Code.NOT_AS_ORDERED
            departure = f"{lot} shipped with shipment {lot.shipment} of order {order.order_id}"
            detail = f"{departure}, as its corrected number shows: {reason}; call customer {order.customer}"
            uow.record_conflict(code, detail, document=order.order_id, sku=lot.sku, ids=[lot.lot])
