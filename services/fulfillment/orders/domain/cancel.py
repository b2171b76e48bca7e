"""Cancels orders and lines (S11): allocated items are released, picked items remain until they are unpicked."""

from services.fulfillment.orders.domain.demands import cancel_demands
from services.fulfillment.orders.domain.items import format_quantity
from services.fulfillment.orders.domain.mismatches import mark_mismatches
from services.fulfillment.orders.domain.order_status import is_closed, order_status
from services.fulfillment.orders.domain.paths import order_path
from services.fulfillment.orders.domain.records import Line, Order
from services.fulfillment.orders.domain.unit_of_work import FulfillmentUnitOfWork
from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.upstream import OrderCancelled, OrderLineCancelled


def cancel_order(uow: FulfillmentUnitOfWork, order: Order, command: OrderCancelled) -> list[ProblemDetail]:
    """Cancel an order; shipped items come back only as a customer return."""
    if order.cancelled:
        return []
    if is_closed(order):
        return [order_closed(order)]
    for line in order.lines.values():
        _cancel_line(uow, order, line, command.reason)
    order.status = order_status(order)
    order.packing_version += 1
    uow.mark_order(order)
    uow.log(order.order_id, "CANCELLED", reason=command.reason)
    return []


def cancel_line(uow: FulfillmentUnitOfWork, order: Order, command: OrderLineCancelled) -> list[ProblemDetail]:
    """Cancel one line of an order."""
    line = order.lines.get(command.line)
    if line is None:
        detail = f"Order {order.order_id} has no line {command.line}"
        return [
            ProblemDetail(
                code=Code.LINE_NOT_FOUND, detail=detail, ids=[command.line], blocked_by=[order_path(order.order_id)]
            )
        ]
    if line.cancelled or order.cancelled:
        return []
    if is_closed(order):
        return [order_closed(order)]
    if line.shipped and line.shipped == line.ordered:
        detail = f"Line {line.line} is fully shipped: {format_quantity(line.shipped)}"
        return [
            ProblemDetail(code=Code.DISPATCHED, detail=detail, ids=[line.line], blocked_by=[order_path(order.order_id)])
        ]
    _cancel_line(uow, order, line, command.reason)
    order.packing_version += 1
    uow.log(order.order_id, "LINE_CANCELLED", line=line.line, reason=command.reason)
    return []


def order_closed(order: Order) -> ProblemDetail:
    """Nothing is left to ship."""
    return ProblemDetail(
        code=Code.ORDER_CLOSED,
        detail=f"Order {order.order_id} is {order_status(order)} and cannot be changed",
        ids=[order.order_id],
        blocked_by=[order_path(order.order_id)],
    )


def _cancel_line(uow: FulfillmentUnitOfWork, order: Order, line: Line, reason: str) -> None:
    if line.cancelled:
        return
    cancel_demands(uow, order, line, reason)
    line.cancelled = True
    line.awaiting_product = False
    mark_mismatches(uow, order, line)
