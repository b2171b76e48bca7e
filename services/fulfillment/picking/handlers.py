"""Picks, short picks, unpicks and exchanges, and the holds and expiries of goods of orders."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from services.fulfillment.orders import store as orders
from services.fulfillment.orders.domain import Act, Book, Demand, Goods, Key, handled
from services.fulfillment.orders.domain.addresses import exchange_at
from services.fulfillment.orders.handlers import answer, hear
from services.fulfillment.picking import store
from services.fulfillment.picking.domain import (
    Exchanging,
    Guard,
    exchange,
    exchange_stock,
    hold,
    pick,
    short_pick,
    unpick,
)
from shared.contracts.commands.fulfillment import Exchange, ExchangeStock, Pick, ShortPick, Unpick
from shared.contracts.envelope import CloudEvent, Fact
from shared.contracts.lots import LotCorrected, LotHeld, LotHoldLifted
from shared.contracts.problems import Refusal
from shared.contracts.serials import SerialCorrected, SerialHeld, SerialHoldLifted
from shared.database import Transaction
from shared.routing import Answer

Events = Sequence[CloudEvent[Any]]
Rule = Callable[[Act, Any], tuple[list[Goods], list[Refusal]]]
Swap = Callable[[Act, Any], tuple[Demand | None, list[Refusal]]]


async def take_picks(tx: Transaction, events: Sequence[CloudEvent[Pick]]) -> Sequence[Answer]:
    """Goods were scanned from the pick list."""
    spots = await store.spots(tx, {event.data.location for event in events})
    book = await orders.load(tx, _orders(events), units=_keys(events))
    guard = await _guard(tx, book)
    return await _goods(tx, book, events, lambda act, data: pick(act, data, spots, guard))


async def take_short_picks(tx: Transaction, events: Sequence[CloudEvent[ShortPick]]) -> Sequence[Answer]:
    """Goods of the pick list were not to be found."""
    return await _goods(tx, await orders.load(tx, _orders(events), units=_keys(events)), events, short_pick)


async def take_unpicks(tx: Transaction, events: Sequence[CloudEvent[Unpick]]) -> Sequence[Answer]:
    """Picked goods were put back."""
    spots = await store.spots(tx, {event.data.location for event in events})
    book = await orders.load(tx, _orders(events), units=_keys(events))
    return await _goods(tx, book, events, lambda act, data: unpick(act, data, spots))


async def take_exchanges(tx: Transaction, events: Sequence[CloudEvent[Exchange]]) -> Sequence[Answer]:
    """Supervisors want other units than those allocated; the outcome follows."""
    named = [
        (event.data.unit.sku, serial) for event in events for serial in (event.data.unit.serial, event.data.instead)
    ]
    return await _exchanges(tx, await orders.load(tx, _orders(events), units=named), events, exchange)


async def take_stock_exchanges(tx: Transaction, events: Sequence[CloudEvent[ExchangeStock]]) -> Sequence[Answer]:
    """Supervisors want another lot than the one allocated; the outcome follows."""
    return await _exchanges(tx, await orders.load(tx, _orders(events)), events, exchange_stock)


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


async def hear_lot_holds(tx: Transaction, events: Sequence[CloudEvent[LotHeld]]) -> Sequence[Fact]:
    """Lots were put on hold; what orders have of them is told with its order."""
    meant = {held.order for event in events for held in event.data.stock}
    await store.keep_lot_holds(tx, events)
    return await hear(tx, await orders.load(tx, meant), events, hold)


async def hear_lot_lifts(tx: Transaction, events: Sequence[CloudEvent[LotHoldLifted]]) -> Sequence[Fact]:
    """Holds on lots were lifted."""
    await store.drop_lot_holds(tx, events)
    return ()


async def hear_corrections(tx: Transaction, events: Sequence[CloudEvent[SerialCorrected]]) -> Sequence[Fact]:
    """Units expire on another day: those that orders have in hand."""
    await store.correct_units(tx, events)
    return ()


async def hear_lot_corrections(tx: Transaction, events: Sequence[CloudEvent[LotCorrected]]) -> Sequence[Fact]:
    """Lots expire on another day: what orders have of them in hand."""
    await store.correct_lots(tx, events)
    return ()


async def _goods(tx: Transaction, book: Book, events: Events, rule: Rule) -> Sequence[Answer]:
    """Let a rule about named goods decide each command, and keep what it made of the book."""

    def decide(act: Act, data: Any) -> Answer:
        goods, refusals = rule(act, data)
        facts = act.close()
        order = book.orders.get(data.order)
        body = handled(order, goods) if goods and order is not None else None
        return Answer(body=body, events=facts, refusals=refusals)

    return await answer(tx, book, events, decide)


async def _exchanges(tx: Transaction, book: Book, events: Events, swap: Swap) -> Sequence[Answer]:
    """Let a rule swap goods, each under a demand at whose address the outcome will stand."""

    def rule(act: Act, data: Any) -> Answer:
        demand, refusals = swap(act, data)
        if demand is None:
            return Answer(refusals=refusals)
        address = exchange_at(demand.demand)
        body = Exchanging(exchange=demand.demand, order=demand.order, address=address)
        return Answer(body=body, events=act.close(), address=address)

    return await answer(tx, book, events, rule)


async def _guard(tx: Transaction, book: Book) -> Guard:
    """What the pick looks at besides its list; nothing of goods that never expire."""
    dated = {one.sku for order in book.orders for one in order.goods if one.expiry}
    return await store.guard(tx, dated, {order.warehouse for order in book.orders}) if dated else Guard({}, {})


def _orders(events: Events) -> set[str]:
    return {event.data.order for event in events}


def _keys(events: Iterable[CloudEvent[Any]]) -> list[Key]:
    return [(unit.sku, unit.serial) for event in events for unit in event.data.units]
