"""Status of an order and progress of its lines, derived from their quantities."""

from decimal import Decimal

from services.fulfillment.orders.domain.records import Line, Order
from shared.contracts.fulfillment import LineProgress, OrderStatus


def order_status(order: Order) -> OrderStatus:
    """AWAITING_PRODUCT, OPEN, COMPLETE when nothing is left to ship, or CANCELLED when every line is cancelled."""
    open_lines = [line for line in order.lines.values() if not line.cancelled]
    if order.cancelled or (not open_lines and not any(line.shipped for line in order.lines.values())):
        return "CANCELLED"
    if any(line.awaiting_product for line in open_lines):
        return "AWAITING_PRODUCT"
    return "COMPLETE" if all(_is_complete(order, line) for line in open_lines) else "OPEN"


def _is_complete(order: Order, line: Line) -> bool:
    if line.allocated or line.picked:
        return False
    shortfall_cancelled = order.shortfall == "CANCEL" and all(demand.closed for demand in line.open_demands())
    return line.open_quantity == Decimal(0) or shortfall_cancelled


def line_progress(line: Line) -> LineProgress:
    """The quantities of a line for the status event."""
    return LineProgress(
        line=line.line, sku=line.sku, ordered=float(line.ordered), allocated=float(line.allocated),
        picked=float(line.picked), shipped=float(line.shipped), open_quantity=float(line.open_quantity),
        awaiting_product=line.awaiting_product and not line.cancelled, cancelled=line.cancelled,
    )  # fmt: skip
