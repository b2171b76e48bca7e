"""Dispatches shipments: checks blockers, then requests a dispatch check from the stock services (S10, S28)."""

from collections.abc import Iterable, Mapping, Sequence

from services.fulfillment.orders.domain import AllocatedItem, MessageContext, Order
from services.fulfillment.orders.domain.content import content_fields, content_lines
from services.fulfillment.orders.domain.paths import dispatch_check_path, order_path
from services.fulfillment.shipping.domain.shipments import (
    cancel_check,
    dispatched_violation,
    missing_orders_violation,
    shipment_not_found,
)
from services.fulfillment.shipping.domain.unit_of_work import DispatchCheck, Shipment, ShippingUnitOfWork
from shared.contracts.commands.fulfillment import DispatchShipment
from shared.contracts.envelope import ContractModel, chunks
from shared.contracts.fulfillment import DispatchCheckRequested
from shared.contracts.problems import Code, ProblemDetail

MAX_EXAMPLES = 5


class DispatchAccepted(ContractModel):
    """An accepted dispatch request: the dispatch check and the path of its result."""

    check_id: str
    shipment: str
    path: str


def dispatch_shipment(
    context: MessageContext, shipping_uow: ShippingUnitOfWork, data: DispatchShipment
) -> tuple[DispatchCheck | None, list[ProblemDetail]]:
    """Request a dispatch check for a fully packed shipment; a new check replaces a pending one."""
    shipment = shipping_uow.shipments.get(data.shipment)
    if shipment is None:
        return None, [shipment_not_found(data.shipment)]
    if shipment.status == "CANCELLED":
        detail = f"Shipment {shipment.shipment} is cancelled"
        return None, [ProblemDetail(code=Code.SHIPMENT_CANCELLED, detail=detail, ids=[shipment.shipment])]
    if violation := dispatched_violation(shipment) or missing_orders_violation(shipment, data.orders):
        return None, [violation]
    orders = [order for order_id in shipment.orders if (order := context.uow.orders.get(order_id))]
    content = shipping_uow.content_by_order(shipment)
    if violations := [violation for order in orders for violation in dispatch_blockers(shipping_uow, order)]:
        return None, violations
    if not content:
        detail = f"Shipment {shipment.shipment} has no content"
        return None, [ProblemDetail(code=Code.NOT_FULLY_PACKED, detail=detail, ids=[shipment.shipment])]
    return _request_check(context, shipping_uow, shipment, orders, content), []


def dispatch_blockers(shipping_uow: ShippingUnitOfWork, order: Order) -> list[ProblemDetail]:
    """Violations that prevent the dispatch of an order."""
    picked = [item for item in order.items if item.status == "PICKED"]
    blocked_by = [order_path(order.order_id)]
    violations = []
    if cancelled_items := [item for item in picked if order.is_cancelled_item(item)]:
        detail = f"Order {order.order_id}: items of a cancelled order or line: {_format_items(cancelled_items)}"
        violations.append(
            ProblemDetail(
                code=Code.CANCELLED_ITEMS_PRESENT,
                detail=detail,
                ids=_identifiers(cancelled_items),
                blocked_by=blocked_by,
            )
        )
    if unpacked := [
        item for item in picked if shipping_uow.shipment_of(item) is None and not order.is_cancelled_item(item)
    ]:
        detail = f"Order {order.order_id}: picked items are not packed into a shipment: {_format_items(unpacked)}"
        violations.append(
            ProblemDetail(code=Code.NOT_FULLY_PACKED, detail=detail, ids=_identifiers(unpacked), blocked_by=blocked_by)
        )
    if held_items := [item for item in picked if item.on_hold]:
        detail = f"Order {order.order_id}: items are on hold: {_format_items(held_items)}"
        held_paths = list(dict.fromkeys(item.path for item in held_items))
        violations.append(
            ProblemDetail(code=Code.ON_HOLD, detail=detail, ids=_identifiers(held_items), blocked_by=held_paths)
        )
    incomplete_lines = [
        line.line for line in order.lines.values() if not line.cancelled and (line.open_quantity or line.allocated)
    ]
    if order.backorders == "SHIP_COMPLETE" and not order.cancelled and incomplete_lines:
        detail = f"Order {order.order_id} ships complete; not fully picked: line {', '.join(incomplete_lines)}"
        violations.append(
            ProblemDetail(code=Code.NOT_FULLY_PACKED, detail=detail, ids=incomplete_lines, blocked_by=blocked_by)
        )
    return violations


def _request_check(
    context: MessageContext,
    shipping_uow: ShippingUnitOfWork,
    shipment: Shipment,
    orders: list[Order],
    content: Mapping[str, Sequence[AllocatedItem]],
) -> DispatchCheck:
    cancel_check(shipping_uow, shipment, "replaced by a new dispatch check")
    lines = {order_id: content_lines(items) for order_id, items in content.items()}
    check = DispatchCheck(
        check_id=next(context.uow.new_ids), shipment=shipment.shipment, orders=shipment.orders,
        packing_versions=tuple(order.packing_version for order in orders),
        requested_count=sum(len(order_lines) for order_lines in lines.values()), requested_at=shipping_uow.now,
        actor=context.actor,
    )  # fmt: skip
    shipping_uow.checks.put(check.check_id, check)
    shipment.check_id = check.check_id
    shipping_uow.shipments.put(shipment.shipment, shipment)
    for order in orders:
        for chunk in chunks(lines.get(order.order_id, ())):
            context.emit(
                DispatchCheckRequested(
                    order=order.order_id, orders=list(shipment.orders), shipment=shipment.shipment,
                    check_id=check.check_id, customer=order.customer.id,
                    min_remaining_shelf_life_days=order.min_remaining_shelf_life_days, actor=context.actor,
                    cause=context.cause,
                    **content_fields(chunk),
                )
            )  # fmt: skip
        context.log(order.order_id, "DISPATCH_REQUESTED", shipment=shipment.shipment, check_id=check.check_id)
    return check


def dispatch_accepted(check: DispatchCheck) -> DispatchAccepted:
    """The result of an accepted dispatch command."""
    return DispatchAccepted(check_id=check.check_id, shipment=check.shipment, path=dispatch_check_path(check.check_id))


def _format_items(items: Sequence[AllocatedItem]) -> str:
    """Text for items; lists the first few and counts the rest."""
    remaining = f" and {len(items) - MAX_EXAMPLES} more" if len(items) > MAX_EXAMPLES else ""
    return ", ".join(str(item) for item in items[:MAX_EXAMPLES]) + remaining


def _identifiers(items: Iterable[AllocatedItem]) -> list[str]:
    return [item.identifier for item in items]
