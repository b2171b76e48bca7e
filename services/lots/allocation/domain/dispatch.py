"""Dispatch checks and shipments (S10, S28).

A check is decided under the lock of the SKU.
"""

from collections.abc import Sequence
from typing import Any

from services.lots.allocation.domain.corrected_lots import correct_content, take_stock
from services.lots.allocation.domain.dispatch_rules import (
    DispatchLine,
    dispatch_violation,
    group_dispatch_lines,
)
from services.lots.balances.domain.results import format_quantity
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from shared.contracts.fulfillment import DispatchCheckRequested, OrderDispatched
from shared.contracts.lots import LotDispatchApproved, LotDispatchRejected, LotShipped, RejectedLot
from shared.contracts.problems import Code
from shared.contracts.quantities import LotQuantity, PackedLot
from shared.inventory.approval import DispatchApproval
from shared.inventory.shelf_life import approval_valid_until


def check_dispatch(uow: LotsUnitOfWork, check: DispatchCheckRequested) -> None:
    """Approve each product of a check, or reject it with all violations; no stock changes."""
    for sku, dispatch_lines in group_dispatch_lines(uow, check.order, check.stock).items():
        _check_product(uow, check, sku, dispatch_lines)


def _check_product(
    uow: LotsUnitOfWork, check: DispatchCheckRequested, sku: str, dispatch_lines: Sequence[DispatchLine]
) -> None:
    packed_lots = [
        PackedLot(
            line=dispatch_line.line,
            sku=sku,
            lot=dispatch_line.lot,
            location=dispatch_line.location,
            quantity=dispatch_line.quantity,
        )
        for dispatch_line in dispatch_lines
    ]
    rejected = [
        RejectedLot(**dict(packed_lot), code=violation[0], detail=violation[1])
        for dispatch_line, packed_lot in zip(dispatch_lines, packed_lots, strict=True)
        if (violation := _check_violation(uow, dispatch_line, check))
    ]
    fields: dict[str, Any] = {
        "sku": sku, "check_id": check.check_id, "shipment": check.shipment, "order": check.order,
        "orders": check.orders,
    }  # fmt: skip
    if rejected:
        uow.emit(LotDispatchRejected, **fields, stock=rejected)
        return
    limits = (
        dispatch_line.rules.dispatchable_until(
            dispatch_line.expiry, check.customer, check.min_remaining_shelf_life_days
        )
        for dispatch_line in dispatch_lines
    )
    valid_until = approval_valid_until(uow.now, limits)
    uow.emit(LotDispatchApproved, **fields, stock=packed_lots, valid_until=valid_until)
    uow.approve(DispatchApproval.of(check, sku, (packed_lot.lot for packed_lot in packed_lots), valid_until))


def _check_violation(
    uow: LotsUnitOfWork, dispatch_line: DispatchLine, check: DispatchCheckRequested
) -> tuple[Code, str] | None:
    if dispatch_line.picked_quantity < dispatch_line.quantity:
        picked_text = (
            f"{format_quantity(dispatch_line.picked_quantity)} picked for order {check.order} line {dispatch_line.line}"
        )
        return Code.NOT_PICKED, f"{dispatch_line.description}: {picked_text}"
    violation = dispatch_violation(
        uow, dispatch_line, dispatch_line.rules, check.customer, check.min_remaining_shelf_life_days
    )
    return (violation[0], f"{dispatch_line.description}: {violation[1]}") if violation else None


def ship(uow: LotsUnitOfWork, event: OrderDispatched) -> None:
    """Record shipped quantities; stock held or expired at departure is a conflict, so that the customer is called."""
    content = correct_content(uow, event.order, event.stock)
    for sku, dispatch_lines in group_dispatch_lines(uow, event.order, content).items():
        lots_by_line: dict[str, list[LotQuantity]] = {}
        for dispatch_line in dispatch_lines:
            if dispatch_line.picked_quantity < dispatch_line.quantity:
                picked_text = f"{format_quantity(dispatch_line.picked_quantity)} picked for line {dispatch_line.line}"
                _record_conflict(uow, event, dispatch_line, Code.ILLEGAL_TRANSITION, f", but {picked_text}")
                continue
            _ship_line(uow, event, dispatch_line)
            lots_by_line.setdefault(dispatch_line.line, []).append(
                LotQuantity(lot=dispatch_line.lot, quantity=dispatch_line.quantity)
            )
            # At the time of departure, not of processing: a message may be processed the next day.
            departure_rules = dispatch_line.rules.at(uow.event.time)
            if violation := dispatch_violation(uow, dispatch_line, departure_rules, event.customer):
                code, reason = violation
                _record_conflict(uow, event, dispatch_line, code, f" although {reason}; call customer {event.customer}")
        for line, lots in lots_by_line.items():
            uow.emit(
                LotShipped, sku=sku, order=event.order, line=line, shipment=event.shipment, customer=event.customer,
                lots=lots,
            )  # fmt: skip


def _record_conflict(
    uow: LotsUnitOfWork, event: OrderDispatched, dispatch_line: DispatchLine, code: Code, text: str
) -> None:
    departure_text = f"shipped with shipment {event.shipment} of order {event.order}"
    detail = f"{dispatch_line.description} {departure_text}{text}"
    uow.record_conflict(code, detail, sku=dispatch_line.sku, ids=[dispatch_line.lot])


def _ship_line(uow: LotsUnitOfWork, event: OrderDispatched, dispatch_line: DispatchLine) -> None:
    """Ship the quantity from the line's picked stock in order of demand ids."""
    for row, quantity in take_stock(dispatch_line.picked_rows, dispatch_line.quantity):
        uow.ship(
            row, quantity, order_id=event.order, line=dispatch_line.line, demand_id=row.demand_id,
            shipment=event.shipment, customer=event.customer,
        )  # fmt: skip
