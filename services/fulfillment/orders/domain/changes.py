"""Places, amends and cancels orders; a change that arrives before its order is applied when it is placed.

Each of these commands publishes the status at once, so that a transaction with several hides no status.
"""

from collections.abc import Collection

from services.fulfillment.orders.domain.amend import amend_order
from services.fulfillment.orders.domain.cancel import cancel_line, cancel_order
from services.fulfillment.orders.domain.events import publish_order_status
from services.fulfillment.orders.domain.paths import order_path
from services.fulfillment.orders.domain.place import create_order
from services.fulfillment.orders.domain.records import Order
from services.fulfillment.orders.domain.results import OrderResult, order_result
from services.fulfillment.orders.domain.unit_of_work import FulfillmentUnitOfWork
from shared.contracts.fulfillment import OrderReevaluationRequested
from shared.contracts.problems import ProblemDetail
from shared.contracts.upstream import OrderAmended, OrderCancelled, OrderLineCancelled, OrderPlaced
from shared.unit_of_work import CommandResult

OrderChange = OrderAmended | OrderCancelled | OrderLineCancelled


def place_order(uow: FulfillmentUnitOfWork, command: OrderPlaced) -> CommandResult:
    """Place an order and apply the changes that arrived before it."""
    is_new = command.order not in uow.orders
    if violations := create_order(uow, command):
        return CommandResult.rejected(*violations)
    order = uow.orders[command.order]
    publish_order_status(uow, order)
    _apply_waiting_messages(uow, order, {line.sku for line in command.lines})
    result = order_result(uow, order)
    return result.created(order_path(order.order_id)) if is_new else result


def change_order(uow: FulfillmentUnitOfWork, command: OrderChange) -> CommandResult:
    """Amend or cancel an order; keep the change until the order arrives."""
    order = uow.orders.get(command.order)
    if order is None:
        uow.waiting.keep(command.order, uow.event, uow.now)
        return CommandResult.waiting(OrderResult(order=command.order, status="UNKNOWN", path=None), command.order)
    violations = _apply_change(uow, order, command)
    publish_order_status(uow, order)
    return CommandResult.rejected(*violations) if violations else order_result(uow, order)


def _apply_change(uow: FulfillmentUnitOfWork, order: Order, command: OrderChange) -> list[ProblemDetail]:
    match command:
        case OrderAmended():
            return amend_order(uow, order, command)
        case OrderCancelled():
            return cancel_order(uow, order, command)
        case OrderLineCancelled():
            return cancel_line(uow, order, command)


def _apply_waiting_messages(uow: FulfillmentUnitOfWork, order: Order, locked_skus: Collection[str]) -> None:
    """Apply waiting messages in order of arrival, each as the cause of its effects and of its own rejection.

    A line for an unlocked product is reevaluated later: its definition may be processed at the same time.
    """
    placement = uow.event
    for event in uow.waiting.take(order.order_id):
        uow.event = event
        for violation in _apply_change(uow, order, event.data):
            uow.reject(event, violation)
        publish_order_status(uow, order)
        for sku in sorted({line.sku for line in order.lines.values() if line.awaiting_product} - set(locked_skus)):
            uow.emit(OrderReevaluationRequested, order=order.order_id, sku=sku)
    uow.event = placement
