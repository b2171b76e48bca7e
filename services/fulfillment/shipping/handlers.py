"""Handlers for packing, shipments, dispatches and the results of dispatch checks."""

from collections.abc import Callable, Sequence
from typing import Any

from services.fulfillment.orders import store as orders
from services.fulfillment.orders.domain import AllocatedItem, FulfillmentUnitOfWork, MessageContext, items_result
from services.fulfillment.orders.domain.paths import dispatch_check_path, shipment_path
from services.fulfillment.orders.handlers import handle_commands, handle_events
from services.fulfillment.shipping import store
from services.fulfillment.shipping.domain import (
    ApprovalEvent,
    RejectionEvent,
    ShippingUnitOfWork,
    approve_dispatch,
    cancel_shipment,
    create_shipment,
    dispatch_accepted,
    dispatch_shipment,
    move_to_carton,
    pack_items,
    reject_dispatch,
    shipment_result,
    unpack_items,
)
from shared.contracts.commands.fulfillment import (
    CancelShipment,
    CreateShipment,
    DispatchShipment,
    MoveCartonItems,
    PackItems,
    UnpackItems,
)
from shared.contracts.envelope import CloudEvent, Message
from shared.contracts.problems import ProblemDetail
from shared.persistence.database import Transaction
from shared.unit_of_work import CommandResult

Events = Sequence[CloudEvent[Any]]
PackingRule = Callable[[MessageContext, ShippingUnitOfWork, Any], tuple[list[AllocatedItem], list[ProblemDetail]]]


async def pack(tx: Transaction, events: Sequence[CloudEvent[PackItems]]) -> Sequence[CommandResult]:
    """Pack picked items into cartons."""
    return await _handle_packing(tx, events, pack_items, {event.data.carton for event in events})


async def unpack(tx: Transaction, events: Sequence[CloudEvent[UnpackItems]]) -> Sequence[CommandResult]:
    """Take items out of cartons."""
    return await _handle_packing(tx, events, unpack_items, {event.data.carton for event in events})


async def move_items(tx: Transaction, events: Sequence[CloudEvent[MoveCartonItems]]) -> Sequence[CommandResult]:
    """Move items between cartons."""
    cartons = {carton_id for event in events for carton_id in (event.data.carton, event.data.to_carton)}
    return await _handle_packing(tx, events, move_to_carton, cartons)


async def create_shipments(tx: Transaction, events: Sequence[CloudEvent[CreateShipment]]) -> Sequence[CommandResult]:
    """Create shipments from cartons."""
    uow = await orders.load(tx, _order_ids(events))
    cartons = {carton for event in events for carton in event.data.cartons}
    shipping_uow = await store.load(tx, uow, cartons=cartons, shipments=_shipment_ids(events))

    def handle(context: MessageContext, data: CreateShipment) -> CommandResult:
        shipment, violations = create_shipment(context, shipping_uow, data)
        published = context.collect_events()
        if shipment is None:
            return CommandResult(violations=violations)
        return CommandResult(
            body=shipment_result(shipment), events=published, resource_path=shipment_path(shipment.shipment)
        )

    return await _handle_commands(tx, uow, shipping_uow, events, handle)


async def cancel_shipments(tx: Transaction, events: Sequence[CloudEvent[CancelShipment]]) -> Sequence[CommandResult]:
    """Cancel shipments that are not dispatched."""
    uow = await orders.load(tx, _order_ids(events))
    shipping_uow = await store.load(tx, uow, shipments=_shipment_ids(events))

    def handle(context: MessageContext, data: CancelShipment) -> CommandResult:
        shipment, violations = cancel_shipment(context, shipping_uow, data)
        published = context.collect_events()
        return (
            CommandResult(body=shipment_result(shipment), events=published)
            if shipment
            else CommandResult(violations=violations)
        )

    return await _handle_commands(tx, uow, shipping_uow, events, handle)


async def request_dispatch(tx: Transaction, events: Sequence[CloudEvent[DispatchShipment]]) -> Sequence[CommandResult]:
    """Request dispatch checks from the stock services; the result follows asynchronously."""
    order_ids = _order_ids(events)
    uow = await orders.load(tx, order_ids, whole_orders=order_ids)
    shipping_uow = await store.load(tx, uow, orders=order_ids, shipments=_shipment_ids(events))

    def handle(context: MessageContext, data: DispatchShipment) -> CommandResult:
        check, violations = dispatch_shipment(context, shipping_uow, data)
        if check is None:
            return CommandResult(violations=violations)
        return CommandResult(
            body=dispatch_accepted(check),
            events=context.collect_events(),
            resource_path=dispatch_check_path(check.check_id),
        )

    return await _handle_commands(tx, uow, shipping_uow, events, handle)


async def on_dispatch_approved(tx: Transaction, events: Sequence[CloudEvent[ApprovalEvent]]) -> Sequence[Message]:
    """Record approvals; dispatch shipments whose check is complete."""
    return await _handle_events(tx, events, approve_dispatch)


async def on_dispatch_rejected(tx: Transaction, events: Sequence[CloudEvent[RejectionEvent]]) -> Sequence[Message]:
    """Record rejections of dispatch checks."""
    return await _handle_events(tx, events, reject_dispatch)


async def resolve_orders_of_cartons(tx: Transaction, events: Events) -> Events:
    """Fill in the orders of new shipments from their cartons."""
    unresolved = [event for event in events if not event.data.orders]
    order_by_carton = await store.load_orders_of_cartons(
        tx, [carton_id for event in unresolved for carton_id in event.data.cartons]
    )
    return [
        _with_orders(
            event, {order_by_carton[carton_id] for carton_id in event.data.cartons if carton_id in order_by_carton}
        )
        for event in events
    ]


async def resolve_orders_of_shipments(tx: Transaction, events: Events) -> Events:
    """Fill in the orders of commands on shipments."""
    orders_by_shipment = await store.load_orders_of_shipments(
        tx, [event.data.shipment for event in events if not event.data.orders]
    )
    return [_with_orders(event, orders_by_shipment.get(event.data.shipment, ())) for event in events]


def _with_orders(event: CloudEvent[Any], order_ids: set[str] | Sequence[str]) -> CloudEvent[Any]:
    if event.data.orders or not order_ids:
        return event
    return event.model_copy(update={"data": event.data.model_copy(update={"orders": sorted(order_ids)})})


async def _handle_packing(
    tx: Transaction, events: Events, rule: PackingRule, cartons: set[str]
) -> Sequence[CommandResult]:
    units = [(unit.sku, unit.serial) for event in events for unit in event.data.units]
    uow = await orders.load(tx, {event.data.order for event in events}, units=units, cartons=cartons)
    shipping_uow = await store.load(tx, uow, cartons=cartons)

    def handle(context: MessageContext, data: Any) -> CommandResult:
        items, violations = rule(context, shipping_uow, data)
        published = context.collect_events()
        order = uow.orders.get(data.order)
        return CommandResult(
            body=items_result(order, items) if order and items else None, events=published, violations=violations
        )

    return await _handle_commands(tx, uow, shipping_uow, events, handle)


async def _handle_commands(
    tx: Transaction,
    uow: FulfillmentUnitOfWork,
    shipping_uow: ShippingUnitOfWork,
    events: Events,
    rule: Callable[[MessageContext, Any], CommandResult],
) -> Sequence[CommandResult]:
    results = await handle_commands(tx, uow, events, rule)
    await store.save(tx, shipping_uow)
    return results


async def _handle_events(
    tx: Transaction, events: Events, rule: Callable[[MessageContext, ShippingUnitOfWork, Any], None]
) -> Sequence[Message]:
    shipments = _shipment_ids(events)
    order_ids = {order_id for event in events for order_id in (event.data.order, *event.data.orders)}
    uow = await orders.load(tx, order_ids, shipments=shipments)
    shipping_uow = await store.load(tx, uow, shipments=shipments, checks={event.data.check_id for event in events})
    published = await handle_events(tx, uow, events, lambda context, data: rule(context, shipping_uow, data))
    await store.save(tx, shipping_uow)
    return published


def _shipment_ids(events: Events) -> set[str]:
    return {event.data.shipment for event in events}


def _order_ids(events: Events) -> set[str]:
    return {order_id for event in events for order_id in event.data.orders}
