"""Dispatches shipments: checks blockers, then requests a dispatch check from the stock services (S10, S28)."""

from collections.abc import Iterable, Mapping, Sequence

from services.fulfillment.orders.domain import (
    AllocatedItem,
    DispatchCheck,
    FulfillmentUnitOfWork,
    Order,
    Shipment,
)
from services.fulfillment.orders.domain.content import content_fields, content_lines
from services.fulfillment.orders.domain.paths import dispatch_check_path, order_path
from services.fulfillment.shipping.domain.shipments import (
    cancel_check,
    content_by_order,
    dispatched_violation,
    missing_orders_violation,
    shipment_not_found,
    shipment_of,
)
from shared.contracts.commands.fulfillment import DispatchShipment
from shared.contracts.envelope import ContractModel, chunks
from shared.contracts.fulfillment import DispatchCheckRequested
from shared.contracts.problems import Code, ProblemDetail
from shared.unit_of_work import CommandResult

MAX_EXAMPLES = 5


class DispatchAccepted(ContractModel):
    """An accepted dispatch request: the dispatch check and the path of its result."""

    check_id: str
    shipment: str
    path: str


def dispatch_shipment(uow: FulfillmentUnitOfWork, command: DispatchShipment) -> CommandResult:
    """Request a dispatch check for a fully packed shipment; a new check replaces a pending one."""
    shipment = uow.shipments.get(command.shipment)
    if shipment is None:
        return CommandResult.rejected(shipment_not_found(command.shipment))
    if shipment.status == "CANCELLED":
        detail = f"Shipment {shipment.shipment} is cancelled"
        return CommandResult.rejected(
            ProblemDetail(code=Code.SHIPMENT_CANCELLED, detail=detail, ids=[shipment.shipment])
        )
    if violation := dispatched_violation(shipment) or missing_orders_violation(shipment, command.orders):
        return CommandResult.rejected(violation)
    orders = [order for order_id in shipment.orders if (order := uow.orders.get(order_id))]
    content = content_by_order(uow, shipment)
    if violations := [violation for order in orders for violation in dispatch_blockers(uow, order)]:
        return CommandResult.rejected(*violations)
    if not content:
        detail = f"Shipment {shipment.shipment} has no content"
        return CommandResult.rejected(ProblemDetail(code=Code.NOT_FULLY_PACKED, detail=detail, ids=[shipment.shipment]))
    check = _request_check(uow, shipment, orders, content)
    path = dispatch_check_path(check.check_id)
    return CommandResult(
        DispatchAccepted(check_id=check.check_id, shipment=shipment.shipment, path=path), resource_path=path
    )


def dispatch_blockers(uow: FulfillmentUnitOfWork, order: Order) -> list[ProblemDetail]:
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
    if mismatched := [item for item in picked if item.mismatch and not order.is_cancelled_item(item)]:
        reasons = "; ".join(dict.fromkeys(item.mismatch for item in mismatched))
        detail = f"Order {order.order_id}: items do not match the order: {_format_items(mismatched)}: {reasons}"
        violations.append(
            ProblemDetail(code=Code.NOT_AS_ORDERED, detail=detail, ids=_identifiers(mismatched), blocked_by=blocked_by)
        )
    if unpacked := [item for item in picked if shipment_of(uow, item) is None and not item.mismatch]:
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
    uow: FulfillmentUnitOfWork,
    shipment: Shipment,
    orders: list[Order],
    content: Mapping[str, Sequence[AllocatedItem]],
) -> DispatchCheck:
    cancel_check(uow, shipment, "replaced by a new dispatch check")
    lines = {order_id: content_lines(items) for order_id, items in content.items()}
    check = DispatchCheck(
        check_id=next(uow.ids), shipment=shipment.shipment, orders=shipment.orders,
        packing_versions=tuple(order.packing_version for order in orders),
        requested_count=sum(len(order_lines) for order_lines in lines.values()), requested_at=uow.now,
        actor=uow.event.actor,
    )  # fmt: skip
    uow.checks.put(check)
    shipment.check_id = check.check_id
    for order in orders:
        for chunk in chunks(lines.get(order.order_id, ())):
            uow.emit(
                DispatchCheckRequested, order=order.order_id, orders=list(shipment.orders),
                shipment=shipment.shipment, check_id=check.check_id, customer=order.customer,
                min_remaining_shelf_life_days=order.min_remaining_shelf_life_days, **content_fields(chunk),
            )  # fmt: skip
        uow.log(order.order_id, "DISPATCH_REQUESTED", shipment=shipment.shipment, check_id=check.check_id)
    return check


def _format_items(items: Sequence[AllocatedItem]) -> str:
    """Text for items; lists the first few and counts the rest."""
    remaining = f" and {len(items) - MAX_EXAMPLES} more" if len(items) > MAX_EXAMPLES else ""
    return ", ".join(str(item) for item in items[:MAX_EXAMPLES]) + remaining


def _identifiers(items: Iterable[AllocatedItem]) -> list[str]:
    return [item.identifier for item in items]
