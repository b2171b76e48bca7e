"""Demands: requests for stock to the serials or lots service, for lines that suit their product."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from services.fulfillment.orders.domain.context import MessageContext
from services.fulfillment.orders.domain.items import ZERO
from services.fulfillment.orders.domain.records import Demand, Line, Order
from shared.contracts.fulfillment import AllocationCancelled, AllocationRequested, Shortfall
from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.reference import Tracking
from shared.contracts.upstream import OrderLine
from shared.identifiers import MAX_DECIMALS
from shared.inventory.decimals import precision_violation


class Product(NamedTuple):
    """Tracking and decimals of a product."""

    tracking: Tracking
    decimals: int = MAX_DECIMALS
    """Decimals of quantities; 0 for serial-tracked products."""


Products = Mapping[str, Product]


def line_violations(product: Product, line: OrderLine | Line, quantity: Decimal) -> list[ProblemDetail]:
    """Check the quantity, serial numbers and lots of a line against its product."""
    violations = []
    if violation := precision_violation(line.sku, quantity, product.decimals, line.line):
        violations.append(violation)
    if line.serials and product.tracking != "SERIAL":
        detail = f"Line {line.line} lists serial numbers, but product {line.sku} is not serial-tracked"
        violations.append(ProblemDetail(code=Code.NOT_SERIAL_TRACKED, detail=detail, ids=[line.line]))
    if (line.lots or line.single_lot) and product.tracking != "LOT":
        detail = f"Line {line.line} has lot criteria, but product {line.sku} is not lot-tracked"
        violations.append(ProblemDetail(code=Code.NOT_LOT_TRACKED, detail=detail, ids=[line.line]))
    return violations


def create_demand(
    context: MessageContext,
    order: Order,
    line: Line,
    quantity: Decimal | int,
    tracking: Tracking,
    *,
    serials: Sequence[str] = (),
    lots: Sequence[str] = (),
    shortfall: Shortfall | None = None,
    replaces: str | None = None,
) -> Demand:
    """Request stock under a new demand, from the given lots or those that the line allows."""
    demand = Demand(
        demand_id=next(context.uow.new_ids), order_id=order.order_id, line=line.line, sku=line.sku, tracking=tracking,
        quantity=Decimal(quantity), shortfall=shortfall or order.shortfall, serials=tuple(serials),
        lots=tuple(lots) or _requested_lots(order, line), replaces=replaces,
    )  # fmt: skip
    context.uow.demands.put(demand.demand_id, demand)
    line.demands[demand.demand_id] = demand
    context.mark_line(line)
    context.emit(
        AllocationRequested(
            order=order.order_id, line=line.line, demand_id=demand.demand_id, sku=line.sku, tracking=tracking,
            warehouse=order.warehouse, quantity=demand.quantity, customer=order.customer.id, priority=order.priority,
            placed_at=order.placed_at, shortfall=demand.shortfall, serials=list(serials),
            lots=list(demand.lots), single_lot=line.single_lot,
            min_remaining_shelf_life_days=order.min_remaining_shelf_life_days, actor=context.actor, cause=context.cause,
        )
    )  # fmt: skip
    return demand


def _requested_lots(order: Order, line: Line) -> tuple[str, ...]:
    """The lots listed on a line; a single-lot line is bound to the lot already allocated or shipped."""
    if not line.single_lot:
        return line.lots
    assigned = {lot.lot for lot in order.lots.values() if lot.line == line.line}
    if line.shipped_lot is not None:
        assigned.add(line.shipped_lot)
    return tuple(sorted(assigned)) or line.lots


def request_open_quantity(context: MessageContext, order: Order, line: Line, tracking: Tracking) -> None:
    """Request the open quantity of a line: first its listed serial numbers, then any others."""
    remaining = line.open_quantity
    listed = [serial for serial in line.serials if not _already_has(context, order, line, serial)][: int(remaining)]
    if listed:
        create_demand(context, order, line, len(listed), tracking, serials=listed)
    if remaining > len(listed):
        create_demand(context, order, line, remaining - len(listed), tracking)


def _already_has(context: MessageContext, order: Order, line: Line, serial: str) -> bool:
    key = (line.sku, serial)
    return key in order.units or context.uow.shipped.get(key) == order.order_id


def cancel_demands(context: MessageContext, order: Order, line: Line, reason: str) -> None:
    """Cancel every demand of a line and release the items allocated under it (S11)."""
    for demand in line.open_demands():
        demand.cancelled = True
        context.uow.demands.put(demand.demand_id, demand)
        context.emit(
            AllocationCancelled(
                order=order.order_id, line=line.line, demand_id=demand.demand_id, sku=line.sku,
                tracking=demand.tracking, reason=reason, actor=context.actor, cause=context.cause,
            )
        )  # fmt: skip
    for item in order.items:
        if item.line == line.line and item.status == "ALLOCATED":
            context.uow.remove(item)
    line.allocated = ZERO
    context.mark_line(line)


def rerequest_allocation(context: MessageContext, order: Order, line: Line, tracking: Tracking, reason: str) -> None:
    """Release the allocated items of a line and request its whole open quantity again."""
    cancel_demands(context, order, line, reason)
    request_allocation(context, order, line, Product(tracking))


def request_allocation(context: MessageContext, order: Order, line: Line, product: Product | None) -> None:
    """Request stock if the product is defined and suits the line; otherwise the line awaits a product or amendment."""
    line.awaiting_product = product is None or bool(line_violations(product, line, line.ordered))
    if product is not None and not line.awaiting_product:
        request_open_quantity(context, order, line, product.tracking)
    context.mark_line(line)


def reevaluate_product(context: MessageContext, order: Order, sku: str, product: Product | None) -> None:
    """Request stock for lines that await a product; move demands when the tracking of the product has changed."""
    tracking = product and product.tracking
    for line in list(order.lines.values()):
        if line.sku != sku or line.cancelled or order.cancelled:
            continue
        if line.awaiting_product:
            request_allocation(context, order, line, product)
        elif any(demand.tracking != tracking for demand in line.open_demands()):
            cancel_demands(context, order, line, "product tracking changed")
            request_allocation(context, order, line, product)
        else:
            continue
        context.log(order.order_id, "PRODUCT_CHANGED", line=line.line, sku=sku, tracking=tracking)
