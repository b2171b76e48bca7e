"""Amends an order: lines, quantities, customer, priority and minimum remaining shelf life."""

from decimal import Decimal

from services.fulfillment.orders.domain.cancel import order_closed
from services.fulfillment.orders.domain.demands import (
    cancel_demands,
    request_allocation,
    request_quantity,
    rerequest_allocation,
)
from services.fulfillment.orders.domain.items import AllocatedItem, AllocatedLot, format_quantity
from services.fulfillment.orders.domain.mismatches import mark_mismatches
from services.fulfillment.orders.domain.order_status import is_closed
from services.fulfillment.orders.domain.paths import order_path
from services.fulfillment.orders.domain.place import add_line, validate_lines
from services.fulfillment.orders.domain.records import Line, Order
from services.fulfillment.orders.domain.release import release
from services.fulfillment.orders.domain.unit_of_work import FulfillmentUnitOfWork
from shared.contracts.fulfillment import OrderReevaluationRequested
from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.upstream import OrderAmended, OrderLine
from shared.identifiers import fold_lot
from shared.inventory.fefo import release_key


def amend_order(uow: FulfillmentUnitOfWork, order: Order, command: OrderAmended) -> list[ProblemDetail]:
    """Apply the whole amendment or nothing.

    An increase is requested under an additional demand. A reduction of a full line releases the surplus. All other
    changes of a line cancel its open demands and request its open quantity again: nothing is allocated twice. So does a
    new customer or minimum shelf life: stock that is too old for them must not be allocated again. Picked items that do
    not match their changed line are marked. They count for the line until they are unpicked.
    """
    command = command.model_copy(
        update={"lines": [_merge_omitted(order.lines.get(order_line.line), order_line) for order_line in command.lines]}
    )
    if violations := _amendment_violations(uow, order, command):
        return violations
    priority_changed = command.priority is not None and command.priority != order.priority
    order.priority = order.priority if command.priority is None else command.priority
    customer_changed = command.customer is not None and command.customer.id != order.customer
    if command.customer is not None:
        order.customer, order.customer_name = command.customer.id, command.customer.name
        order.ship_to, order.contact = command.customer.ship_to, command.customer.contact
    min_days, previous_min_days = command.min_remaining_shelf_life_days, order.min_remaining_shelf_life_days
    shelf_life_changed = min_days is not None and min_days != previous_min_days
    order.min_remaining_shelf_life_days = previous_min_days if min_days is None else min_days
    rerequested: set[str] = set()
    for requested in command.lines:
        line = order.lines.get(requested.line)
        if line is None:
            add_line(uow, order, requested)
        if line is None or _change_line(uow, order, line, requested):
            rerequested.add(requested.line)
    reason = "shelf life requirement changed" if shelf_life_changed else "customer changed" if customer_changed else ""
    if reason:
        order.packing_version += 1  # a dispatch check knows the previous customer and shelf life
    if reason or priority_changed:
        _rerequest_backorders(uow, order, rerequested, reason or "priority changed", bool(reason))
    uow.mark_order(order)
    logged_fields = {"customer", "priority", "min_remaining_shelf_life_days", "lines"}
    uow.log(order.order_id, "AMENDED", **command.model_dump(mode="json", include=logged_fields))
    return []


def _merge_omitted(line: Line | None, requested: OrderLine) -> OrderLine:
    """Fill the omitted fields of an existing line with their current values."""
    if line is None:
        return requested
    current = {"serials": list(line.serials), "lots": list(line.lots), "single_lot": line.single_lot}
    return requested.model_copy(
        update={name: value for name, value in current.items() if name not in requested.model_fields_set}
    )


def _amendment_violations(uow: FulfillmentUnitOfWork, order: Order, command: OrderAmended) -> list[ProblemDetail]:
    blocked_by = [order_path(order.order_id)]
    if order.status == "CANCELLED":
        detail = f"Order {order.order_id} is cancelled"
        return [ProblemDetail(code=Code.ORDER_CANCELLED, detail=detail, ids=[order.order_id], blocked_by=blocked_by)]
    if is_closed(order):
        return [order_closed(order)]
    violations = validate_lines(uow, command.lines)
    for requested in command.lines:
        line = order.lines.get(requested.line)
        if line is None:
            continue
        if line.cancelled:
            detail = f"Line {line.line} is cancelled"
            violations.append(
                ProblemDetail(code=Code.ORDER_CANCELLED, detail=detail, ids=[line.line], blocked_by=blocked_by)
            )
        if line.sku != requested.sku:
            detail = f"Line {line.line} is for product {line.sku}, not {requested.sku}: cancel it and add a new line"
            violations.append(
                ProblemDetail(code=Code.DOCUMENT_MISMATCH, detail=detail, ids=[line.line], blocked_by=blocked_by)
            )
        if requested.quantity < line.picked + line.shipped:
            progress = f"{format_quantity(line.picked)} picked and {format_quantity(line.shipped)} shipped"
            detail = f"Line {line.line}: {progress}, {format_quantity(requested.quantity)} requested"
            violations.append(
                ProblemDetail(code=Code.QUANTITY_BELOW_PICKED, detail=detail, ids=[line.line], blocked_by=blocked_by)
            )
    return violations


def _change_line(uow: FulfillmentUnitOfWork, order: Order, line: Line, requested: OrderLine) -> bool:
    """Change a line; return whether its whole open quantity was requested again."""
    product, increase = uow.products.get(line.sku), requested.quantity - line.ordered
    criteria = (tuple(requested.serials), tuple(map(fold_lot, requested.lots)), requested.single_lot)
    same_criteria = criteria == (line.serials, tuple(map(fold_lot, line.lots)), line.single_lot)
    if increase == 0 and same_criteria:
        return False
    if line.awaiting_product or product is None:
        _apply(uow, order, line, requested)
        request_allocation(uow, order, line, product)
    elif increase > 0 and same_criteria and not line.single_lot:
        _apply(uow, order, line, requested)
        request_quantity(uow, order, line, increase, product.tracking)
        return False
    elif line.open_quantity == 0 and increase < 0 and same_criteria:
        _apply(uow, order, line, requested)
        release(uow, order, _surplus(uow, order, line, -increase), "ordered quantity reduced", replace=False)
    else:
        cancel_demands(uow, order, line, "line amended")
        _apply(uow, order, line, requested)
        request_allocation(uow, order, line, product)
    return True


def _apply(uow: FulfillmentUnitOfWork, order: Order, line: Line, requested: OrderLine) -> None:
    line.ordered, line.serials = requested.quantity, tuple(requested.serials)
    line.lots, line.single_lot = tuple(requested.lots), requested.single_lot
    mark_mismatches(uow, order, line)


def _surplus(uow: FulfillmentUnitOfWork, order: Order, line: Line, quantity: Decimal) -> list[AllocatedItem]:
    """Surplus items of a full line: unlisted serial numbers first, then lots with the latest expiry."""
    allocated_units = [unit for unit in order.units.values() if unit.line == line.line and unit.status == "ALLOCATED"]
    units = sorted(allocated_units, key=lambda unit: unit.serial in line.serials)[: int(quantity)]
    lots = [lot for lot in order.lots.values() if lot.line == line.line and lot.status == "ALLOCATED"]
    return [*units, *uow.split(sorted(lots, key=_release_key), quantity - len(units))]


def _release_key(lot: AllocatedLot) -> tuple[int, str]:
    return release_key(lot.expiry, lot.lot)


def _rerequest_backorders(
    uow: FulfillmentUnitOfWork, order: Order, already_requested: set[str], reason: str, include_allocated: bool
) -> None:
    """Request backordered lines again; a partially allocated line keeps its allocation unless `include_allocated`.

    The products are not locked: each order is reevaluated later, in case the tracking of a product has changed.
    """
    for line in list(order.lines.values()):
        open_demands = line.open_demands()
        is_backordered = line.open_quantity and not line.allocated and not all(demand.closed for demand in open_demands)
        if (
            line.line not in already_requested
            and open_demands
            and (is_backordered or (include_allocated and (line.open_quantity or line.allocated)))
        ):
            rerequest_allocation(uow, order, line, open_demands[-1].tracking, reason)
            uow.emit(OrderReevaluationRequested, order=order.order_id, sku=line.sku)
