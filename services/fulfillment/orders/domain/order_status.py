"""Status of an order and quantities of its lines."""

from decimal import Decimal
from typing import NamedTuple

from services.fulfillment.orders.domain.items import ZERO
from services.fulfillment.orders.domain.records import Line, Order
from shared.contracts.fulfillment import LineProgress, OrderStatus


class OpenQuantities(NamedTuple):
    """The open quantity of a line by what becomes of it."""

    open: Decimal = ZERO
    """Requested, and not answered yet, or not requested while the line awaits its product."""
    backordered: Decimal = ZERO
    """Answered: it waits for stock."""
    dropped: Decimal = ZERO
    """Answered, and nobody waits for it: the order does not allow backorders."""


def order_status(order: Order) -> OrderStatus:
    """The status: PARTLY_SHIPPED or OPEN while something is left to ship, otherwise how the order ended."""
    lines = order.lines.values()
    has_shipped = any(line.shipped for line in lines)
    if all(line.cancelled for line in lines):
        return "CLOSED_SHORT" if has_shipped else "CANCELLED"
    if any(_is_unfinished(order, line) for line in lines):
        return "PARTLY_SHIPPED" if has_shipped else "OPEN"
    return "SHIPPED" if all(line.shipped == line.ordered for line in lines) else "CLOSED_SHORT"


def is_closed(order: Order) -> bool:
    """Whether nothing is left to ship of an order that is not cancelled."""
    return order_status(order) in ("SHIPPED", "CLOSED_SHORT")


def _is_unfinished(order: Order, line: Line) -> bool:
    if line.cancelled:
        return False
    if line.allocated or line.picked:
        return True
    quantities = open_quantities(order, line)
    return bool(quantities.open or quantities.backordered)


def open_quantities(order: Order, line: Line) -> OpenQuantities:
    """What becomes of the open quantity of a line."""
    total = line.open_quantity
    if not total:
        return OpenQuantities()
    pending = sum((demand.pending for demand in line.demands.values() if not demand.cancelled), ZERO)
    open_quantity = total if line.awaiting_product else min(pending, total)
    answered = total - open_quantity
    if order.shortfall == "CANCEL":
        return OpenQuantities(open_quantity, dropped=answered)
    return OpenQuantities(open_quantity, backordered=answered)


def line_progress(order: Order, line: Line) -> LineProgress:
    """The quantities of a line for the status event; stores those that depend on its demands, for reads."""
    open_quantity, line.backordered, line.dropped = open_quantities(order, line)
    remaining = line.ordered - line.allocated - line.picked - line.shipped
    return LineProgress(
        line=line.line, sku=line.sku, ordered=float(line.ordered), open=float(open_quantity),
        backordered=float(line.backordered), allocated=float(line.allocated),
        picked=float(line.picked - line.packed), packed=float(line.packed), shipped=float(line.shipped),
        cancelled=float(remaining if line.cancelled else 0), dropped=float(line.dropped),
        awaiting_product=line.awaiting_product and not line.cancelled,
    )  # fmt: skip
