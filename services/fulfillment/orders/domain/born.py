"""An order is born with what overtook it: a cancel, an amendment that came before it."""

from collections.abc import Iterable
from typing import Any

from services.fulfillment.orders.domain.act import Act
from services.fulfillment.orders.domain.amend import amend
from services.fulfillment.orders.domain.book import Book, Order
from services.fulfillment.orders.domain.cancel import cancel, cancel_line
from services.fulfillment.orders.domain.products import Products
from shared.contracts.envelope import CloudEvent
from shared.contracts.fulfillment import OrderProductChanged
from shared.contracts.problems import Refusal
from shared.contracts.upstream import OrderAmended, OrderCancelled, OrderLineCancelled


def change(act: Act, order: Order, products: Products) -> list[Refusal]:
    """Whatever a message wants changed of an order."""
    match act.event.data:
        case OrderAmended() as data:
            return amend(act, order, data, products)
        case OrderCancelled() as data:
            return cancel(act, order, data)
        case OrderLineCancelled() as data:
            return cancel_line(act, order, data)
        case other:
            raise TypeError(f"{type(other).__name__} changes no order")


def overtaken(
    book: Book, order: Order, early: Iterable[CloudEvent[Any]], products: Products, locked: Iterable[str]
) -> tuple[list[Act], list[Refusal]]:
    """Apply what came before the order, in the order it came.

    A line for a product whose lock is not held looks once more later, or the product's arrival could pass it unseen.
    """
    acts, refusals = [], []
    for event in early:
        act = Act(book, event)
        acts.append(act)
        refusals += change(act, order, products)
        for sku in sorted({line.sku for line in order.lines.values() if line.waiting} - set(locked)):
            act.say(OrderProductChanged(order=order.order, sku=sku, actor=act.actor, cause=act.cause))
    return acts, refusals
