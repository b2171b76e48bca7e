"""Handlers for orders, order changes and allocations."""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from services.fulfillment.orders import store
from services.fulfillment.orders.domain import (
    FulfillmentUnitOfWork,
    MessageContext,
    Product,
    Products,
    apply_allocation,
    apply_change,
    apply_early_messages,
    collect_batch_events,
    order_result,
    pending_order_result,
    place_order,
    reevaluate_product,
)
from services.fulfillment.orders.domain.paths import order_path
from shared.contracts.envelope import CloudEvent, Message
from shared.contracts.fulfillment import OrderReevaluationRequested
from shared.contracts.lots import LotAllocated
from shared.contracts.reference import ProductChanged
from shared.contracts.serials import SerialAllocated
from shared.contracts.upstream import OrderAmended, OrderCancelled, OrderLineCancelled, OrderPlaced
from shared.inventory import reference_data
from shared.persistence.database import Transaction
from shared.unit_of_work import CommandResult

ChangeMessage = CloudEvent[OrderAmended] | CloudEvent[OrderCancelled] | CloudEvent[OrderLineCancelled]


async def place_orders(tx: Transaction, events: Sequence[CloudEvent[OrderPlaced]]) -> Sequence[CommandResult]:
    """Place orders; apply the messages that arrived before them."""
    uow = await store.load(tx, _order_ids(events))
    early_messages = await store.load_early_messages(
        tx, {event.data.order for event in events if not uow.orders.get(event.data.order)}
    )
    early_orders = set(early_messages)
    products = await _load_products(
        tx, _skus_of_lines([*events, *(event for messages in early_messages.values() for event in messages)])
    )
    contexts: list[MessageContext] = []
    results = []
    created = set()
    for event in events:
        context = MessageContext(uow, event)
        new = uow.orders.get(event.data.order) is None
        violations = place_order(context, event.data, products, tx.now)
        contexts.append(context)
        order = uow.orders.get(event.data.order)
        published = context.collect_events()
        if not violations and order is not None:
            locked_skus = {line.sku for line in event.data.lines}
            early_contexts, early_violations = apply_early_messages(
                uow, order, early_messages.pop(order.order_id, ()), products, locked_skus
            )
            created.add(order.order_id)
            contexts += early_contexts
            published += [
                published_event
                for early_context in early_contexts
                for published_event in early_context.collect_events()
            ]
            path = order_path(order.order_id) if new else None
            results.append(
                CommandResult(
                    body=order_result(order), events=published, violations=early_violations, resource_path=path
                )
            )
        else:
            results.append(CommandResult(violations=violations))
    await store.delete_early_messages(tx, created & early_orders)
    await store.save(tx, uow, [entry for context in contexts for entry in context.log_entries])
    return results


async def change_orders(tx: Transaction, events: Sequence[ChangeMessage]) -> Sequence[CommandResult]:
    """Amend and cancel orders; store the messages whose order has not arrived yet."""
    order_ids = _order_ids(events)
    uow = await store.load(tx, order_ids, whole_orders=order_ids)
    products = await _load_products(tx, _skus_of_lines(events))
    await store.store_early_messages(tx, [event for event in events if not uow.orders.get(event.data.order)])

    def handle(context: MessageContext, _: Any) -> CommandResult:
        order = uow.orders.get(context.event.data.order)
        if order is None:
            return CommandResult(body=pending_order_result(context.event.data.order))
        violations = apply_change(context, order, products)
        published = context.collect_events()
        return (
            CommandResult(violations=violations)
            if violations
            else CommandResult(body=order_result(order), events=published)
        )

    return await handle_commands(tx, uow, events, handle)


async def on_serial_allocated(tx: Transaction, events: Sequence[CloudEvent[SerialAllocated]]) -> Sequence[Message]:
    """Record the serial numbers allocated to demands."""
    units = [(event.data.sku, allocated.serial) for event in events for allocated in event.data.allocated]
    return await handle_events(tx, await store.load(tx, _order_ids(events), units=units), events, apply_allocation)


async def on_lot_allocated(tx: Transaction, events: Sequence[CloudEvent[LotAllocated]]) -> Sequence[Message]:
    """Record the lot quantities allocated to demands."""
    return await handle_events(tx, await store.load(tx, _order_ids(events)), events, apply_allocation)


async def on_product_changed(tx: Transaction, events: Sequence[CloudEvent[ProductChanged]]) -> Sequence[Message]:
    """Save products and request the reevaluation of each affected order under its own lock."""
    skus = {event.data.sku for event in events}
    before = await reference_data.load_products(tx, skus)
    await reference_data.save_products(tx, events)
    after = await reference_data.load_products(tx, skus)
    tracking_changed_skus = {sku for sku in skus & before.keys() if before[sku].tracking != after[sku].tracking}
    event_by_sku = {event.data.sku: event for event in events}
    return [
        OrderReevaluationRequested(
            order=order_id, sku=sku, actor=event_by_sku[sku].actor, cause=event_by_sku[sku].cause
        )
        for order_id, sku in await store.find_lines_to_reevaluate(tx, skus, tracking_changed_skus)
    ]


async def on_order_reevaluation_requested(
    tx: Transaction, events: Sequence[CloudEvent[OrderReevaluationRequested]]
) -> Sequence[Message]:
    """Reevaluate order lines of a product; order and product are locked."""
    order_ids = _order_ids(events)
    uow = await store.load(tx, order_ids, whole_orders=order_ids)
    products = await _load_products(tx, {event.data.sku for event in events})

    def reevaluate(context: MessageContext, data: OrderReevaluationRequested) -> None:
        if order := uow.orders.get(data.order):
            reevaluate_product(context, order, data.sku, products.get(data.sku))

    return await handle_events(tx, uow, events, reevaluate)


async def handle_events(
    tx: Transaction,
    uow: FulfillmentUnitOfWork,
    events: Sequence[CloudEvent[Any]],
    rule: Callable[[MessageContext, Any], None],
) -> Sequence[Message]:
    """Apply a rule to each event and save the unit of work."""
    contexts = [MessageContext(uow, event) for event in events]
    for context in contexts:
        rule(context, context.event.data)
    published = collect_batch_events(contexts)
    await store.save(tx, uow, [entry for context in contexts for entry in context.log_entries])
    return published


async def handle_commands(
    tx: Transaction,
    uow: FulfillmentUnitOfWork,
    events: Sequence[CloudEvent[Any]],
    rule: Callable[[MessageContext, Any], CommandResult],
) -> Sequence[CommandResult]:
    """Apply a rule to each command and save the unit of work."""
    uow.decimals = {
        sku: product.decimals for sku, product in (await _load_products(tx, _skus_of_lot_selectors(events))).items()
    }
    contexts = [MessageContext(uow, event) for event in events]
    results = [rule(context, context.event.data) for context in contexts]
    await store.save(tx, uow, [entry for context in contexts for entry in context.log_entries])
    return results


def _skus_of_lot_selectors(events: Iterable[CloudEvent[Any]]) -> set[str]:
    """The products for which commands state quantities."""
    selectors = (getattr(event.data, "stock", ()) for event in events)
    return {
        selector.sku
        for selection in selectors
        for selector in (selection if isinstance(selection, list | tuple) else (selection,))
    }


def _order_ids(events: Iterable[CloudEvent[Any]]) -> set[str]:
    return {event.data.order for event in events}


async def _load_products(tx: Transaction, skus: Collection[str]) -> Products:
    products = await reference_data.load_products(tx, skus) if skus else {}
    return {sku: Product(product.tracking, product.decimals) for sku, product in products.items()}


def _skus_of_lines(events: Iterable[CloudEvent[Any]]) -> set[str]:
    return {line.sku for event in events for line in getattr(event.data, "lines", ())}
