"""Dispatch checks and shipments (S10, S28).

A check is decided under the lock of the SKU.
"""

from collections.abc import Sequence
from datetime import datetime

from services.lots.allocation.domain.dispatch_rules import DispatchLine, DispatchRules, dispatch_lines
from services.lots.balances.domain.ledger import DocumentRefs, MessageContext
from services.lots.balances.domain.results import format_quantity
from shared.contracts.envelope import CloudEvent, Message
from shared.contracts.fulfillment import DispatchCheckRequested, OrderDispatched
from shared.contracts.lots import LotDispatchApproved, LotDispatchRejected, LotShipped, RejectedLot
from shared.contracts.problems import Code
from shared.contracts.quantities import LotQuantity, PackedLot
from shared.inventory.shelf_life import approval_valid_until

DispatchCheckResult = LotDispatchApproved | LotDispatchRejected


def check_dispatch(
    rules: DispatchRules, events: Sequence[CloudEvent[DispatchCheckRequested]], now: datetime
) -> list[DispatchCheckResult]:
    """Approve each product of each check, or reject it with all violations."""
    return [
        _check_product(rules, event, sku, product_lines, now)
        for event, sku, product_lines in dispatch_lines(rules.uow, events)
    ]


def _check_product(
    rules: DispatchRules,
    event: CloudEvent[DispatchCheckRequested],
    sku: str,
    product_lines: Sequence[DispatchLine],
    now: datetime,
) -> DispatchCheckResult:
    check = event.data
    packed_lots = [
        PackedLot(line=dispatch_line.line, sku=sku, lot=dispatch_line.lot, quantity=dispatch_line.quantity)
        for dispatch_line in product_lines
    ]
    rejected = [
        RejectedLot(**dict(packed_lot), code=violation[0], detail=violation[1])
        for dispatch_line, packed_lot in zip(product_lines, packed_lots, strict=True)
        if (violation := _dispatch_violation(rules, dispatch_line, check, now))
    ]
    if rejected:
        return LotDispatchRejected(
            actor=event.actor, cause=event.cause, sku=sku, check_id=check.check_id, shipment=check.shipment,
            order=check.order, orders=check.orders, stock=rejected,
        )  # fmt: skip
    limits = (
        rules.dispatchable_until(dispatch_line, now, check.customer, check.min_remaining_shelf_life_days)
        for dispatch_line in product_lines
    )
    return LotDispatchApproved(
        actor=event.actor, cause=event.cause, sku=sku, check_id=check.check_id, shipment=check.shipment,
        order=check.order, orders=check.orders, stock=packed_lots, valid_until=approval_valid_until(now, limits),
    )  # fmt: skip


def _dispatch_violation(
    rules: DispatchRules, dispatch_line: DispatchLine, check: DispatchCheckRequested, now: datetime
) -> tuple[Code, str] | None:
    if dispatch_line.picked_quantity < dispatch_line.quantity:
        picked_text = (
            f"{format_quantity(dispatch_line.picked_quantity)} picked for order {check.order} line {dispatch_line.line}"
        )
        return Code.NOT_PICKED, f"{dispatch_line.description}: {picked_text}"
    violation = rules.violation(dispatch_line, now, check.customer, check.min_remaining_shelf_life_days)
    return (violation[0], f"{dispatch_line.description}: {violation[1]}") if violation else None


def ship(rules: DispatchRules, events: Sequence[CloudEvent[OrderDispatched]]) -> list[Message]:
    """Record shipped quantities; stock held or expired at departure is a conflict, so that the customer is called."""
    emitted: list[Message] = []
    for event, sku, product_lines in dispatch_lines(rules.uow, events):
        payload, lots_by_line = event.data, dict[str, list[LotQuantity]]()
        departure_text = f"shipped with shipment {payload.shipment} of order {payload.order}"
        for dispatch_line in product_lines:
            if dispatch_line.picked_quantity < dispatch_line.quantity:
                picked_text = f"{format_quantity(dispatch_line.picked_quantity)} picked for line {dispatch_line.line}"
                detail = f"{dispatch_line.description} {departure_text}, but {picked_text}"
                rules.uow.record_conflict(event, Code.ILLEGAL_TRANSITION, detail, sku, [dispatch_line.lot])
                continue
            _ship_line(rules, event, dispatch_line)
            lots_by_line.setdefault(dispatch_line.line, []).append(
                LotQuantity(lot=dispatch_line.lot, quantity=dispatch_line.quantity)
            )
            # At the time of departure, not of processing: a message may be processed the next day.
            if violation := rules.violation(dispatch_line, event.time, payload.customer, 0):
                code, reason = violation
                call_text = f"call customer {payload.customer}"
                detail = f"{dispatch_line.description} {departure_text} although {reason}; {call_text}"
                rules.uow.record_conflict(event, code, detail, sku, [dispatch_line.lot])
        emitted += [
            LotShipped(
                actor=event.actor, cause=event.cause, sku=sku, order=payload.order, line=line,
                shipment=payload.shipment, customer=payload.customer, lots=lots,
            )
            for line, lots in lots_by_line.items()
        ]  # fmt: skip
    return emitted


def _ship_line(rules: DispatchRules, event: CloudEvent[OrderDispatched], dispatch_line: DispatchLine) -> None:
    """Ship the quantity from the line's picked stock in order of demand ids."""
    payload, remaining = event.data, dispatch_line.quantity
    for row in dispatch_line.picked_rows:
        quantity = min(row.quantity, remaining)
        if quantity:
            documents = DocumentRefs(
                order_id=payload.order,
                line=dispatch_line.line,
                demand_id=row.demand_id,
                shipment=payload.shipment,
                customer=payload.customer,
            )
            rules.uow.ship(row, quantity, MessageContext.from_event(event), documents)
            remaining -= quantity
