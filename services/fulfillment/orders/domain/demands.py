"""Demands: requests for stock to the serials or lots service, for lines that suit their product."""

from collections.abc import Sequence
from decimal import Decimal

from services.fulfillment.orders.domain.events import emit_deallocated
from services.fulfillment.orders.domain.items import ZERO, ItemGroup
from services.fulfillment.orders.domain.records import Demand, Line, Order, Product
from services.fulfillment.orders.domain.unit_of_work import FulfillmentUnitOfWork
from shared.contracts.fulfillment import (
    AllocationCancelled,
    AllocationRequested,
    HandOver,
    OrderReevaluationRequested,
    Shortfall,
)
from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.reference import ProductChanged, Tracking, WarehouseChanged
from shared.contracts.upstream import OrderLine
from shared.inventory.decimals import precision_violation


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
    uow: FulfillmentUnitOfWork,
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
        demand_id=next(uow.ids), order_id=order.order_id, line=line.line, sku=line.sku, tracking=tracking,
        quantity=Decimal(quantity), shortfall=shortfall or order.shortfall, serials=tuple(serials),
        lots=tuple(lots) or requested_lots(order, line), replaces=replaces,
    )  # fmt: skip
    demand.request(demand.quantity)
    uow.demands.put(demand)
    line.demands[demand.demand_id] = demand
    uow.mark_line(line)
    uow.emit(
        AllocationRequested, order=order.order_id, line=line.line, demand_id=demand.demand_id, sku=line.sku,
        tracking=tracking, warehouse=order.warehouse, quantity=demand.quantity, customer=order.customer,
        priority=order.priority, placed_at=order.placed_at, shortfall=demand.shortfall, serials=list(serials),
        lots=list(demand.lots), single_lot=line.single_lot,
        min_remaining_shelf_life_days=order.min_remaining_shelf_life_days,
    )  # fmt: skip
    return demand


def requested_lots(order: Order, line: Line) -> tuple[str, ...]:
    """The lots listed on a line; a single-lot line is bound to the lot already allocated or shipped."""
    if not line.single_lot:
        return line.lots
    assigned = {lot.lot for lot in order.lots.values() if lot.line == line.line and not lot.mismatch}
    if line.shipped_lot is not None:
        assigned.add(line.shipped_lot)
    return tuple(sorted(assigned)) or line.lots


def request_quantity(
    uow: FulfillmentUnitOfWork, order: Order, line: Line, quantity: Decimal, tracking: Tracking
) -> None:
    """Request a part of the open quantity of a line: first its listed serial numbers, then any others."""
    requested = {serial for demand in line.open_demands() if not demand.closed for serial in demand.serials}
    listed = [
        serial for serial in line.serials if serial not in requested and not _already_has(uow, order, line, serial)
    ][: int(quantity)]
    if listed:
        create_demand(uow, order, line, len(listed), tracking, serials=listed)
    if quantity > len(listed):
        create_demand(uow, order, line, quantity - len(listed), tracking)


def _already_has(uow: FulfillmentUnitOfWork, order: Order, line: Line, serial: str) -> bool:
    """Whether the order has a unit that no line for any unit could hand over."""
    key = (line.sku, serial)
    unit = order.units.get(key)
    if unit is None:
        return uow.shipped.get(key) == order.order_id
    return unit.line == line.line or unit.status != "ALLOCATED" or serial in order.lines[unit.line].serials


def cancel_demands(uow: FulfillmentUnitOfWork, order: Order, line: Line, reason: str) -> None:
    """Cancel every demand of a line and release the items allocated under it (S11).

    Units that another line lists are handed over: its demand may have been closed without them.
    """
    _hand_over_listed_units(uow, order, line, reason)
    for demand in line.open_demands():
        demand.cancelled = True
        uow.emit(
            AllocationCancelled, order=order.order_id, line=line.line, demand_id=demand.demand_id, sku=line.sku,
            tracking=demand.tracking, reason=reason,
        )  # fmt: skip
    for item in order.items:
        if item.line == line.line and item.status == "ALLOCATED":
            uow.remove(item)
    line.allocated = ZERO
    uow.mark_line(line)


def _hand_over_listed_units(uow: FulfillmentUnitOfWork, order: Order, line: Line, reason: str) -> None:
    listing = {
        serial: demand
        for other in order.lines.values() if other.sku == line.sku and other is not line
        for demand in other.open_demands() for serial in demand.serials
    }  # fmt: skip
    for unit in list(order.units.values()) if listing else ():
        if (unit.line, unit.status) == (line.line, "ALLOCATED") and (demand := listing.get(unit.serial)):
            uow.remove(unit)
            demand.reopen(unit.quantity)
            emit_deallocated(
                uow, order, ItemGroup(unit.line, unit.demand_id, unit.sku), [unit], reallocate=False, reason=reason,
                hand_over=HandOver(demand_id=demand.demand_id, open_quantity=unit.quantity),
            )  # fmt: skip


def rerequest_allocation(uow: FulfillmentUnitOfWork, order: Order, line: Line, tracking: Tracking, reason: str) -> None:
    """Release the allocated items of a line and request its whole open quantity again."""
    cancel_demands(uow, order, line, reason)
    request_allocation(uow, order, line, Product(tracking))


def request_allocation(uow: FulfillmentUnitOfWork, order: Order, line: Line, product: Product | None) -> None:
    """Request stock if the product is defined and suits the line; otherwise the line awaits a product or amendment."""
    line.awaiting_product = product is None or bool(line_violations(product, line, line.ordered))
    if product is not None and not line.awaiting_product:
        request_quantity(uow, order, line, line.open_quantity, product.tracking)
    uow.mark_line(line)


def request_reevaluation(uow: FulfillmentUnitOfWork, event: ProductChanged | WarehouseChanged) -> None:
    """Request the reevaluation of each affected order under its own lock."""
    sku = event.sku if isinstance(event, ProductChanged) else None
    for order_id in uow.orders_to_reevaluate.get(uow.event.cause, ()):
        uow.emit(OrderReevaluationRequested, order=order_id, sku=sku)


def reevaluate_order(uow: FulfillmentUnitOfWork, event: OrderReevaluationRequested) -> None:
    """Let an order know that its warehouse or a product is defined or has changed."""
    if order := uow.orders.get(event.order):
        if event.sku is not None:
            _reevaluate_lines(uow, order, event.sku)
        elif order.awaiting_warehouse:
            order.awaiting_warehouse = False
            uow.mark_order(order)


def _reevaluate_lines(uow: FulfillmentUnitOfWork, order: Order, sku: str) -> None:
    """Request stock for lines that await a product; move demands when the tracking of the product has changed."""
    if order.cancelled:
        return
    product = uow.products.get(sku)
    tracking = product and product.tracking
    for line in list(order.lines.values()):
        if line.sku != sku or line.cancelled:
            continue
        if line.awaiting_product:
            request_allocation(uow, order, line, product)
        elif any(demand.tracking != tracking for demand in line.open_demands()):
            cancel_demands(uow, order, line, "product tracking changed")
            request_allocation(uow, order, line, product)
        else:
            continue
        uow.log(order.order_id, "PRODUCT_CHANGED", line=line.line, sku=sku, tracking=tracking)
