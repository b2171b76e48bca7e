"""What happens to units without making stock free or wanted: load → decide → save → say."""

from collections.abc import Iterable, Sequence
from typing import Any

from services.serials.units.domain import arrivals, dispatch, expiry, holds, orders, places, recalls
from services.serials.units.domain.answers import done_to
from services.serials.units.domain.book import Book
from services.serials.units.domain.events import disagreements, told
from services.serials.units.domain.expiry import UnitsDue
from services.serials.units.domain.refusals import Outcome
from services.serials.units.domain.scopes import Scope
from services.serials.units.domain.unit import Key
from services.serials.units.store import expiry as due
from services.serials.units.store import recalls as watches
from services.serials.units.store import scopes
from services.serials.units.store import units as store
from services.serials.units.store.limits import limits_of, limits_on
from shared.contracts.commands.serials import Hold, Move
from shared.contracts.envelope import CloudEvent, Fact
from shared.contracts.fulfillment import DispatchDone, DispatchRequested, UnitPicked
from shared.contracts.lots import RecallClosed, RecallOpened
from shared.contracts.receiving import ReceiptPlanned, ReceiptWithdrawn, UnitReceived, UnitReturned
from shared.contracts.reference import LocationType
from shared.database import Transaction
from shared.identifiers import hold_address
from shared.replica import locations
from shared.routing import Answer


def keys_of(events: Iterable[CloudEvent[Any]]) -> set[Key]:
    """Name the units of messages that each name one product's."""
    return {(event.data.sku, serial) for event in events for serial in event.data.serials}


def holds_of(events: Iterable[CloudEvent[Any]]) -> set[Key]:
    """Name the holds, by sku, of messages that name one."""
    return {(event.data.sku, event.data.hold) for event in events if event.data.hold}


async def types_of(tx: Transaction, places: Iterable[str | None]) -> dict[str, LocationType]:
    """Give the types of the places that are defined."""
    return {name: place.type for name, place in (await locations(tx, [name for name in places if name])).items()}


async def kept(tx: Transaction, book: Book) -> list[Fact]:
    """Save a book of facts and give what is to be said of it."""
    await store.save(tx, book)
    return [*(fact for _, fact in told(book)), *await recalled_again(tx, book), *disagreements(book)]


async def recalled_again(tx: Transaction, book: Book) -> list[Fact]:
    """Say where units that open recalls watch are now; no others are looked up."""
    news = await watches.news_of(tx, book)
    return [*recalls.said_again(book, news, await watches.shipments_of(tx, (one.unit for one in news)))]


def answers(book: Book, outcomes: Sequence[Outcome], more: Sequence[Fact] = ()) -> list[Answer]:
    """Answer each request with its own acts; what followed from all of them is said with the last that was done."""
    said: dict[int, list[Fact]] = {}
    for act, fact in told(book):
        said.setdefault(act, []).append(fact)
    given = [
        Answer(refusals=it.refusals)
        if it.act is None or (it.refusals and not it.done)
        else Answer(done_to(book.acts[it.act].sku, it.done), said.pop(it.act, []), it.refusals)
        for it in outcomes
    ]
    if rest := [*(fact for facts in said.values() for fact in facts), *more]:
        last = max(place for place, answer in enumerate(given) if answer.body)
        done = given[last]
        given[last] = Answer(done.body, [*done.events, *rest], done.refusals)
    return given


async def receipt_planned(tx: Transaction, events: Sequence[CloudEvent[ReceiptPlanned]]) -> Sequence[Fact]:
    """Announced serials become EXPECTED (S05)."""
    book = await store.load(tx, keys_of(events))
    arrivals.planned(book, events)
    return await kept(tx, book)


async def receipt_withdrawn(tx: Transaction, events: Sequence[CloudEvent[ReceiptWithdrawn]]) -> Sequence[Fact]:
    """Announced serials are expected no longer."""
    book = await store.load(tx, keys_of(events))
    arrivals.withdrawn(book, events)
    return await kept(tx, book)


async def unit_received(tx: Transaction, events: Sequence[CloudEvent[UnitReceived]]) -> Sequence[Fact]:
    """Units that arrived are RECEIVED, in staging (S06)."""
    book = await store.load(tx, keys_of(events))
    await store.load_held(tx, book, holds_of(events))
    await scopes.load_arriving(tx, book, {event.data.sku for event in events})
    arrivals.received(book, events)
    return await kept(tx, book)


async def unit_returned(tx: Transaction, events: Sequence[CloudEvent[UnitReturned]]) -> Sequence[Fact]:
    """Shipped units are RECEIVED again, on hold."""
    book = await store.load(tx, keys_of(events))
    await store.load_held(tx, book, holds_of(events))
    await scopes.load_arriving(tx, book, {event.data.sku for event in events})
    arrivals.returned(book, events)
    return await kept(tx, book)


async def unit_picked(tx: Transaction, events: Sequence[CloudEvent[UnitPicked]]) -> Sequence[Fact]:
    """Allocated units are PICKED (S09)."""
    book = await store.load(tx, keys_of(events))
    orders.picked(book, events)
    return await kept(tx, book)


async def dispatch_requested(tx: Transaction, events: Sequence[CloudEvent[DispatchRequested]]) -> Sequence[Fact]:
    """Say whether units may leave: nothing changes."""
    book = await store.load(tx, packed(events))
    return dispatch.checked(book, events, await limits_on(tx, book.units.values()), tx.now)


async def dispatch_done(tx: Transaction, events: Sequence[CloudEvent[DispatchDone]]) -> Sequence[Fact]:
    """Picked units are SHIPPED (S10)."""
    book = await store.load(tx, packed(events))
    orders.dispatched(book, events, await limits_on(tx, book.units.values()))
    return await kept(tx, book)


def packed(events: Iterable[CloudEvent[Any]]) -> set[Key]:
    """Name the units of messages about what lies in cartons."""
    return {(unit.sku, unit.serial) for event in events for unit in event.data.units}


async def move(tx: Transaction, requests: Sequence[CloudEvent[Move]]) -> Sequence[Answer]:
    """Move units that no order has (S36)."""
    book = await store.load(tx, keys_of(requests))
    types = await types_of(tx, [request.data.location for request in requests])
    outcomes = places.move(book, requests, types)
    await store.save(tx, book)
    return answers(book, outcomes, await recalled_again(tx, book))


async def hold(tx: Transaction, requests: Sequence[CloudEvent[Hold]]) -> Sequence[Answer]:
    """Hold units, or a lot number and what arrives of it; the orders they were meant for are told."""
    book = await store.load(tx, keys_of(requests))
    await store.load_held(tx, book, holds_of(requests))
    await scopes.load_scopes(tx, book, holds_of(requests))
    lots = [
        Scope(sku=asked.sku, hold=asked.hold, reason=asked.reason, lots=frozenset([asked.lot]))
        for asked in (request.data for request in requests)
        if asked.lot
    ]
    await scopes.load_touched(tx, book, lots)
    outcomes = holds.hold(book, requests)
    await store.save(tx, book)
    answered = answers(book, outcomes, await recalled_again(tx, book))
    return [answer.created(hold_address(it.data.hold)) for it, answer in zip(requests, answered, strict=True)]


async def look(tx: Transaction, events: Sequence[CloudEvent[UnitsDue]]) -> Sequence[Fact]:
    """Say which units expire soon, and hold those that have expired (S28, S29)."""
    book = await due.load_due(tx, (event.data for event in events))
    await scopes.load_open(tx, book)
    pools = {(event.data.sku, event.data.warehouse) for event in events}
    said = expiry.swept(book, events, await limits_of(tx, pools))
    facts = await kept(tx, book)
    stepped = {unit.id for unit in book.stepped}
    await due.looked(tx, (unit for unit in book.units.values() if unit.id not in stepped))
    return [*facts, *said]


async def recall_opened(tx: Transaction, events: Sequence[CloudEvent[RecallOpened]]) -> Sequence[Fact]:
    """Hold what a recall touches and name it, in one transaction (S46)."""
    book = Book()
    await scopes.load_scopes(tx, book, holds_of(events))
    await scopes.load_touched(tx, book, [Scope.of_recall(event.data) for event in events])
    await scopes.load_open(tx, book)
    touched = recalls.opened(book, events)
    await store.save(tx, book)
    out = await watches.shipments_of(tx, (unit for one in touched for unit in one.units))
    return [*(fact for _, fact in told(book)), *recalls.answered(touched, out)]


async def recall_closed(tx: Transaction, events: Sequence[CloudEvent[RecallClosed]]) -> Sequence[Fact]:
    """Tell no more where units go; they stay held until that is lifted, and what arrives is held still (S46)."""
    await watches.unwatch(tx, (event.data for event in events))
    return ()
