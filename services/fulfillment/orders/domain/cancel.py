"""Cancelling an order or one of its lines (S11): what is allocated goes back, what is picked waits for its unpick."""

from services.fulfillment.orders.domain.act import Act
from services.fulfillment.orders.domain.addresses import order_at
from services.fulfillment.orders.domain.book import Line, Order
from services.fulfillment.orders.domain.demands import withdraw
from services.fulfillment.orders.domain.goods import written
from shared.contracts.problems import Code, Refusal
from shared.contracts.upstream import OrderCancelled, OrderLineCancelled


def cancel(act: Act, order: Order, data: OrderCancelled) -> list[Refusal]:
    """The customer wants nothing more of the order; what has left is only taken back as a customer's return."""
    if order.cancelled:
        return []
    if order.status == "COMPLETE":
        return [complete(order)]
    for line in order.lines.values():
        _drop(act, order, line, data.reason)
    order.status = "CANCELLED"
    act.touch_order(order)
    act.ends_checks(order)
    act.log(order.order, "cancelled", reason=data.reason)
    return []


def cancel_line(act: Act, order: Order, data: OrderLineCancelled) -> list[Refusal]:
    """The customer wants nothing more of one line."""
    line = order.lines.get(data.line)
    if line is None:
        detail = f"order {order.order} has no line {data.line}"
        return [Refusal(code=Code.UNKNOWN_LINE, detail=detail, ids=[data.line], blocked_by=[order_at(order.order)])]
    if line.cancelled or order.cancelled:
        return []
    if order.status == "COMPLETE":
        return [complete(order)]
    if line.shipped and line.shipped == line.ordered:
        detail = f"all {written(line.shipped)} units of line {line.line} have been shipped"
        return [Refusal(code=Code.DISPATCHED, detail=detail, ids=[line.line], blocked_by=[order_at(order.order)])]
    _drop(act, order, line, data.reason)
    act.ends_checks(order)
    act.log(order.order, "line cancelled", line=line.line, reason=data.reason)
    return []


def complete(order: Order) -> Refusal:
    """Nothing of the order can be changed any more."""
    return Refusal(
        code=Code.ORDER_COMPLETE,
        detail=f"order {order.order} is complete: everything that was to leave has left",
        ids=[order.order],
        blocked_by=[order_at(order.order)],
    )


def _drop(act: Act, order: Order, line: Line, reason: str) -> None:
    if line.cancelled:
        return
    withdraw(act, order, line, reason)
    line.cancelled = True
    line.waiting = False
