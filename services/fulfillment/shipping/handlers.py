"""Packing, shipments, dispatches, and what the owners of the goods answer."""

from collections.abc import Callable, Sequence
from typing import Any

from services.fulfillment.orders import store as orders
from services.fulfillment.orders.domain import Act, Book, Goods, handled
from services.fulfillment.orders.domain.addresses import dispatch_at, shipment_at
from services.fulfillment.orders.handlers import answer, hear
from services.fulfillment.shipping import store
from services.fulfillment.shipping.domain import (
    Approved,
    Refused,
    Yard,
    approve,
    cancel,
    create,
    dispatch,
    dispatching,
    pack,
    refuse,
    repack,
    shipping,
    unpack,
)
from shared.contracts.commands.fulfillment import CancelShipment, CreateShipment, Dispatch, Pack, Repack, Unpack
from shared.contracts.envelope import CloudEvent, Fact
from shared.contracts.problems import Refusal
from shared.database import Transaction
from shared.routing import Answer

Events = Sequence[CloudEvent[Any]]
Packing = Callable[[Act, Yard, Any], tuple[list[Goods], list[Refusal]]]


async def take_packs(tx: Transaction, events: Sequence[CloudEvent[Pack]]) -> Sequence[Answer]:
    """Goods were laid into cartons."""
    return await _pack(tx, events, pack, {event.data.carton for event in events})


async def take_unpacks(tx: Transaction, events: Sequence[CloudEvent[Unpack]]) -> Sequence[Answer]:
    """Goods were taken out of cartons."""
    return await _pack(tx, events, unpack, {event.data.carton for event in events})


async def take_repacks(tx: Transaction, events: Sequence[CloudEvent[Repack]]) -> Sequence[Answer]:
    """Goods were moved between cartons."""
    cartons = {name for event in events for name in (event.data.carton, event.data.to_carton)}
    return await _pack(tx, events, repack, cartons)


async def create_shipments(tx: Transaction, events: Sequence[CloudEvent[CreateShipment]]) -> Sequence[Answer]:
    """Cartons shall leave together."""
    book = await orders.load(tx, _locked(events))
    cartons = {carton for event in events for carton in event.data.cartons}
    yard = await store.load(tx, book, cartons=cartons, shipments=_shipments(events))

    def rule(act: Act, data: CreateShipment) -> Answer:
        shipment, refusals = create(act, yard, data)
        facts = act.close()
        if shipment is None:
            return Answer(refusals=refusals)
        return Answer(body=shipping(shipment), events=facts, address=shipment_at(shipment.shipment))

    return await _decide(tx, book, yard, events, rule)


async def cancel_shipments(tx: Transaction, events: Sequence[CloudEvent[CancelShipment]]) -> Sequence[Answer]:
    """Shipments that have not left are given up."""
    book = await orders.load(tx, _locked(events))
    yard = await store.load(tx, book, shipments=_shipments(events))

    def rule(act: Act, data: CancelShipment) -> Answer:
        shipment, refusals = cancel(act, yard, data)
        facts = act.close()
        return Answer(body=shipping(shipment), events=facts) if shipment else Answer(refusals=refusals)

    return await _decide(tx, book, yard, events, rule)


async def ask_dispatches(tx: Transaction, events: Sequence[CloudEvent[Dispatch]]) -> Sequence[Answer]:
    """Shipments shall leave: the owners of their goods are asked; the outcome follows."""
    locked = _locked(events)
    book = await orders.load(tx, locked, whole=locked)
    yard = await store.load(tx, book, orders=locked, shipments=_shipments(events))

    def rule(act: Act, data: Dispatch) -> Answer:
        check, refusals = dispatch(act, yard, data)
        if check is None:
            return Answer(refusals=refusals)
        return Answer(body=dispatching(check), events=act.close(), address=dispatch_at(check.check))

    return await _decide(tx, book, yard, events, rule)


async def hear_approvals(tx: Transaction, events: Sequence[CloudEvent[Approved]]) -> Sequence[Fact]:
    """Goods may leave."""
    return await _hear(tx, events, approve)


async def hear_refusals(tx: Transaction, events: Sequence[CloudEvent[Refused]]) -> Sequence[Fact]:
    """Goods may not leave."""
    return await _hear(tx, events, refuse)


async def name_orders_of_cartons(tx: Transaction, events: Events) -> Events:
    """Fill in the orders that a new shipment does not name, from its cartons."""
    open_ = [event for event in events if not event.data.orders]
    known = await store.orders_of_cartons(tx, [name for event in open_ for name in event.data.cartons])
    return [_named(event, {known[name] for name in event.data.cartons if name in known}) for event in events]


async def name_orders_of_shipments(tx: Transaction, events: Events) -> Events:
    """Fill in the orders that a command on a shipment does not name."""
    known = await store.orders_of_shipments(tx, [event.data.shipment for event in events if not event.data.orders])
    return [_named(event, known.get(event.data.shipment, ())) for event in events]


def _named(event: CloudEvent[Any], found: set[str] | Sequence[str]) -> CloudEvent[Any]:
    if event.data.orders or not found:
        return event
    return event.model_copy(update={"data": event.data.model_copy(update={"orders": sorted(found)})})


async def _pack(tx: Transaction, events: Events, rule: Packing, cartons: set[str]) -> Sequence[Answer]:
    units = [(unit.sku, unit.serial) for event in events for unit in event.data.units]
    book = await orders.load(tx, {event.data.order for event in events}, units=units, cartons=cartons)
    yard = await store.load(tx, book, cartons=cartons)

    def decide(act: Act, data: Any) -> Answer:
        done, refusals = rule(act, yard, data)
        facts = act.close()
        order = book.orders.get(data.order)
        return Answer(body=handled(order, done) if order and done else None, events=facts, refusals=refusals)

    return await _decide(tx, book, yard, events, decide)


async def _decide(
    tx: Transaction, book: Book, yard: Yard, events: Events, rule: Callable[[Act, Any], Answer]
) -> Sequence[Answer]:
    answers = await answer(tx, book, events, rule)
    await store.save(tx, yard)
    return answers


async def _hear(tx: Transaction, events: Events, rule: Callable[[Act, Yard, Any], None]) -> Sequence[Fact]:
    shipments = _shipments(events)
    locked = {name for event in events for name in (event.data.order, *event.data.orders)}
    book = await orders.load(tx, locked, shipments=shipments)
    yard = await store.load(tx, book, shipments=shipments, checks={event.data.check for event in events})
    facts = await hear(tx, book, events, lambda act, data: rule(act, yard, data))
    await store.save(tx, yard)
    return facts


def _shipments(events: Events) -> set[str]:
    return {event.data.shipment for event in events}


def _locked(events: Events) -> set[str]:
    return {name for event in events for name in event.data.orders}
