"""Orders as they are placed, amended and cancelled, and the answers to what they asked for."""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from services.fulfillment.orders import store
from services.fulfillment.orders.domain import (
    Act,
    Book,
    Product,
    Products,
    answered,
    change,
    close_all,
    overtaken,
    place,
    standing,
    to_come,
    wake,
)
from services.fulfillment.orders.domain.addresses import order_at
from shared import replica
from shared.contracts.envelope import CloudEvent, Fact
from shared.contracts.fulfillment import OrderProductChanged
from shared.contracts.lots import LotAllocated
from shared.contracts.reference import ProductChanged
from shared.contracts.serials import SerialAllocated
from shared.contracts.upstream import OrderAmended, OrderCancelled, OrderLineCancelled, OrderPlaced
from shared.database import Transaction
from shared.routing import Answer

Change = CloudEvent[OrderAmended] | CloudEvent[OrderCancelled] | CloudEvent[OrderLineCancelled]


async def place_orders(tx: Transaction, events: Sequence[CloudEvent[OrderPlaced]]) -> Sequence[Answer]:
    """Orders from the OMS or a person; those that something overtook are born with it."""
    book = await store.load(tx, _orders(events))
    early = await store.overtaken(tx, {event.data.order for event in events if not book.orders.get(event.data.order)})
    overtook = set(early)
    products = await _products(tx, _skus([*events, *(event for some in early.values() for event in some)]))
    acts: list[Act] = []
    answers = []
    born = set()
    for event in events:
        act = Act(book, event)
        new = book.orders.get(event.data.order) is None
        refusals = place(act, event.data, products, tx.now)
        acts.append(act)
        order = book.orders.get(event.data.order)
        facts = act.close()
        if not refusals and order is not None:
            locked = {line.sku for line in event.data.lines}
            more, refused = overtaken(book, order, early.pop(order.order, ()), products, locked)
            born.add(order.order)
            acts += more
            facts += [fact for later in more for fact in later.close()]
            address = order_at(order.order) if new else None
            answers.append(Answer(body=standing(order), events=facts, refusals=refused, address=address))
        else:
            answers.append(Answer(refusals=refusals))
    await store.forget(tx, born & overtook)
    await store.save(tx, book, [entry for act in acts for entry in act.entries])
    return answers


async def change_orders(tx: Transaction, events: Sequence[Change]) -> Sequence[Answer]:
    """Amendments and cancels; one whose order is still to come is remembered."""
    orders = _orders(events)
    book = await store.load(tx, orders, whole=orders)
    products = await _products(tx, _skus(events))
    await store.remember(tx, [event for event in events if not book.orders.get(event.data.order)])

    def rule(act: Act, _: Any) -> Answer:
        order = book.orders.get(act.event.data.order)
        if order is None:
            return Answer(body=to_come(act.event.data.order))
        refusals = change(act, order, products)
        facts = act.close()
        return Answer(refusals=refusals) if refusals else Answer(body=standing(order), events=facts)

    return await answer(tx, book, events, rule)


async def hear_serials(tx: Transaction, events: Sequence[CloudEvent[SerialAllocated]]) -> Sequence[Fact]:
    """Serials answered demands."""
    units = [(event.data.sku, given.serial) for event in events for given in event.data.given]
    return await hear(tx, await store.load(tx, _orders(events), units=units), events, answered)


async def hear_lots(tx: Transaction, events: Sequence[CloudEvent[LotAllocated]]) -> Sequence[Fact]:
    """Lots answered demands."""
    return await hear(tx, await store.load(tx, _orders(events)), events, answered)


async def hear_products(tx: Transaction, events: Sequence[CloudEvent[ProductChanged]]) -> Sequence[Fact]:
    """Products are defined or changed: the orders that this concerns are told, each under its own lock."""
    skus = {event.data.sku for event in events}
    before = await replica.products(tx, skus)
    await replica.save_products(tx, events)
    after = await replica.products(tx, skus)
    switched = {sku for sku in skus & before.keys() if before[sku].tracking != after[sku].tracking}
    because = {event.data.sku: event for event in events}
    return [
        OrderProductChanged(order=order, sku=sku, actor=because[sku].actor, cause=because[sku].cause)
        for order, sku in await store.waiting_for(tx, skus, switched)
    ]


async def wake_orders(tx: Transaction, events: Sequence[CloudEvent[OrderProductChanged]]) -> Sequence[Fact]:
    """Orders look once more at their lines of a product; both their lock and the product's are held."""
    orders = _orders(events)
    book = await store.load(tx, orders, whole=orders)
    products = await _products(tx, {event.data.sku for event in events})

    def look(act: Act, data: OrderProductChanged) -> None:
        if order := book.orders.get(data.order):
            wake(act, order, data.sku, products.get(data.sku))

    return await hear(tx, book, events, look)


async def hear(
    tx: Transaction, book: Book, events: Sequence[CloudEvent[Any]], rule: Callable[[Act, Any], None]
) -> Sequence[Fact]:
    """Let a rule take facts in, one after the other, and keep what they made of the book."""
    acts = [Act(book, event) for event in events]
    for act in acts:
        rule(act, act.event.data)
    facts = close_all(acts)
    await store.save(tx, book, [entry for act in acts for entry in act.entries])
    return facts


async def answer(
    tx: Transaction, book: Book, events: Sequence[CloudEvent[Any]], rule: Callable[[Act, Any], Answer]
) -> Sequence[Answer]:
    """Let a rule decide requests, one after the other, and keep what they made of the book."""
    book.decimals = {sku: product.decimals for sku, product in (await _products(tx, _counted(events))).items()}
    acts = [Act(book, event) for event in events]
    answers = [rule(act, act.event.data) for act in acts]
    await store.save(tx, book, [entry for act in acts for entry in act.entries])
    return answers


def _counted(events: Iterable[CloudEvent[Any]]) -> set[str]:
    """The products of which requests name quantities."""
    named = (getattr(event.data, "stock", ()) for event in events)
    return {one.sku for some in named for one in (some if isinstance(some, list | tuple) else (some,))}


def _orders(events: Iterable[CloudEvent[Any]]) -> set[str]:
    return {event.data.order for event in events}


async def _products(tx: Transaction, skus: Collection[str]) -> Products:
    found = await replica.products(tx, skus) if skus else {}
    return {sku: Product(product.tracking, product.decimals) for sku, product in found.items()}


def _skus(events: Iterable[CloudEvent[Any]]) -> set[str]:
    return {line.sku for event in events for line in getattr(event.data, "lines", ())}
