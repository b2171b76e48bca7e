"""Applies cancellations and amendments that arrived before their order."""

from collections.abc import Iterable
from typing import Any

from services.fulfillment.orders.domain.amend import amend_order
from services.fulfillment.orders.domain.cancel import cancel_line, cancel_order
from services.fulfillment.orders.domain.context import MessageContext
from services.fulfillment.orders.domain.demands import Products
from services.fulfillment.orders.domain.records import Order
from services.fulfillment.orders.domain.unit_of_work import FulfillmentUnitOfWork
from shared.contracts.envelope import CloudEvent
from shared.contracts.fulfillment import OrderReevaluationRequested
from shared.contracts.problems import ProblemDetail
from shared.contracts.upstream import OrderAmended, OrderCancelled, OrderLineCancelled


def apply_change(context: MessageContext, order: Order, products: Products) -> list[ProblemDetail]:
    """Amend or cancel an order, depending on the message."""
    match context.event.data:
        case OrderAmended() as data:
            return amend_order(context, order, data, products)
        case OrderCancelled() as data:
            return cancel_order(context, order, data)
        case OrderLineCancelled() as data:
            return cancel_line(context, order, data)
        case other:
            raise TypeError(f"Not an order change: {type(other).__name__}")


def apply_early_messages(
    uow: FulfillmentUnitOfWork,
    order: Order,
    early_messages: Iterable[CloudEvent[Any]],
    products: Products,
    locked_skus: Iterable[str],
) -> tuple[list[MessageContext], list[ProblemDetail]]:
    """Apply early messages in order of arrival.

    A line for an unlocked product is reevaluated later: its definition may be processed at the same time.
    """
    contexts, violations = [], []
    for event in early_messages:
        context = MessageContext(uow, event)
        contexts.append(context)
        violations += apply_change(context, order, products)
        for sku in sorted({line.sku for line in order.lines.values() if line.awaiting_product} - set(locked_skus)):
            context.emit(
                OrderReevaluationRequested(order=order.order_id, sku=sku, actor=context.actor, cause=context.cause)
            )
    return contexts, violations
