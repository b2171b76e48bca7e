"""Picks, short picks, unpicks and exchanges, and the holds on units of orders."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from services.fulfillment.orders import store as orders
from services.fulfillment.orders.domain import Act, Key, Unit, handled
from services.fulfillment.orders.domain.addresses import exchange_at
from services.fulfillment.orders.handlers import answer, hear
from services.fulfillment.picking import store
from services.fulfillment.picking.domain import Exchanging, exchange, hold, pick, short_pick, unpick
from shared.contracts.commands.fulfillment import Exchange, Pick, ShortPick, Unpick
from shared.contracts.envelope import CloudEvent, Fact
from shared.contracts.problems import Refusal
from shared.contracts.serials import SerialHeld, SerialHoldLifted
from shared.database import Transaction
from shared.routing import Answer

Events = Sequence[CloudEvent[Any]]
Rule = Callable[[Act, Any], tuple[list[Unit], list[Refusal]]]


async def take_picks(tx: Transaction, events: Sequence[CloudEvent[Pick]]) -> Sequence[Answer]:
    """Units were scanned from the pick list."""
    spots = await store.spots(tx, {event.data.location for event in events})
    return await _units(tx, events, lambda act, data: pick(act, data, spots))


async def take_short_picks(tx: Transaction, events: Sequence[CloudEvent[ShortPick]]) -> Sequence[Answer]:
    """Units of the pick list were not to be found."""
    return await _units(tx, events, short_pick)


async def take_unpicks(tx: Transaction, events: Sequence[CloudEvent[Unpick]]) -> Sequence[Answer]:
    """Picked units were put back."""
    spots = await store.spots(tx, {event.data.location for event in events})
    return await _units(tx, events, lambda act, data: unpick(act, data, spots))


async def take_exchanges(tx: Transaction, events: Sequence[CloudEvent[Exchange]]) -> Sequence[Answer]:
    """Supervisors want other units than those allocated; the outcome follows."""
    named = [
        (event.data.unit.sku, serial) for event in events for serial in (event.data.unit.serial, event.data.instead)
    ]
    book = await orders.load(tx, _orders(events), units=named)

    def rule(act: Act, data: Exchange) -> Answer:
        demand, refusals = exchange(act, data)
        if demand is None:
            return Answer(refusals=refusals)
        address = exchange_at(demand.demand)
        body = Exchanging(exchange=demand.demand, order=demand.order, address=address)
        return Answer(body=body, events=act.close(), address=address)

    return await answer(tx, book, events, rule)


async def hear_holds(tx: Transaction, events: Sequence[CloudEvent[SerialHeld]]) -> Sequence[Fact]:
    """Units were put on hold; those of orders are told with their order."""
    meant = {unit.order for event in events for unit in event.data.units if unit.order is not None}
    keys = [(event.data.sku, unit.serial) for event in events for unit in event.data.units]
    await store.keep_holds(tx, events)
    return await hear(tx, await orders.load(tx, meant, units=keys), events, hold)


async def hear_lifts(tx: Transaction, events: Sequence[CloudEvent[SerialHoldLifted]]) -> Sequence[Fact]:
    """Holds were lifted."""
    await store.drop_holds(tx, events)
    return ()


async def _units(tx: Transaction, events: Events, rule: Rule) -> Sequence[Answer]:
    """Let a rule about named units decide each command, and keep what it made of the book."""
    book = await orders.load(tx, _orders(events), units=_keys(events))

    def decide(act: Act, data: Any) -> Answer:
        units, refusals = rule(act, data)
        facts = act.close()
        order = book.orders.get(data.order)
        body = handled(order, units) if units and order is not None else None
        return Answer(body=body, events=facts, refusals=refusals)

    return await answer(tx, book, events, decide)


def _orders(events: Events) -> set[str]:
    return {event.data.order for event in events}


def _keys(events: Iterable[CloudEvent[Any]]) -> list[Key]:
    return [(unit.sku, unit.serial) for event in events for unit in event.data.units]
