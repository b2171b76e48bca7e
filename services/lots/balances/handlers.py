"""What happens to counted stock: load → decide → keep → say.

To keep is to save, and where somebody may be waiting for what came free, to serve first: whoever maps a handler says
how, as `allocation` does, which knows the demands.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from services.lots.balances import store
from services.lots.balances.domain import arrivals, counts, dates, holds, places, returns
from services.lots.balances.domain.book import Book
from services.lots.balances.domain.events import disagreements
from services.lots.balances.domain.refusals import Outcome
from services.lots.balances.domain.stock import Key, Told
from shared import locks
from shared.contracts.commands.lots import AdjustLot, CorrectLot, CountLot, HoldLot, LiftLot, MoveLot, PutAwayLot
from shared.contracts.envelope import CloudEvent, Fact
from shared.contracts.problems import Code
from shared.contracts.receiving import StockDisposed, StockReceived, StockReturned
from shared.contracts.reference import LocationChanged
from shared.database import Transaction
from shared.identifiers import hold_address
from shared.replica import save_locations
from shared.routing import Answer

Keep = Callable[[Transaction, Book], Awaitable[Sequence[Fact]]]
"""Serves what came free in a book, writes it, and gives what is to be said of that."""


async def saved(tx: Transaction, book: Book) -> Sequence[Fact]:
    """Write a book; nobody waits."""
    await store.save(tx, book)
    return ()


async def heard(tx: Transaction, book: Book, facts: Sequence[Fact], keep: Keep) -> Sequence[Fact]:
    """Keep what facts did, and say it."""
    return [*facts, *await keep(tx, book), *disagreements(book)]


async def answered(tx: Transaction, book: Book, outcomes: Sequence[Outcome], keep: Keep) -> list[Answer]:
    """Keep what requests did and answer each; what followed from all of them is said with the last that was done."""
    more = await keep(tx, book)
    answers = [Answer(it.done, it.facts, [it.refusal] if it.refusal else ()) for it in outcomes]
    done = [place for place, answer in enumerate(answers) if answer.body]
    if done and more:
        last = answers[done[-1]]
        answers[done[-1]] = Answer(last.body, [*last.events, *more], last.refusals)
    return answers


async def stock_received(
    tx: Transaction, events: Sequence[CloudEvent[StockReceived]], keep: Keep = saved
) -> Sequence[Fact]:
    """Take in what a receipt brought: its lots are known at once (S23, S26)."""
    keys = _lots_at(events)
    book = await store.load(tx, keys)
    await _load_shelves(tx, book, keys)
    if to_hold := arrivals.to_hold(book, events):
        await store.load_had(tx, book, to_hold)
    return await heard(tx, book, arrivals.received(book, events), keep)


async def location_changed(
    tx: Transaction, events: Sequence[CloudEvent[LocationChanged]], keep: Keep = saved
) -> Sequence[Fact]:
    """Take places in; what lay there before its place was known, or was a storage place, is looked at again."""
    await save_locations(tx, events)
    latest = {event.data.location: Told.by(event, "place retyped") for event in events}
    if not (found := await store.retyped(tx, latest)):
        return ()
    # No message names these products. Whoever meets another order of locks here loses a race, and decides again.
    await locks.take(tx, {f"sku:{sku}" for sku, _ in found})
    book = Book(tx.now)
    await store.load_shelves(tx, book, found)
    await store.load_lots(tx, book, {(sku, lot) for sku, lot, _ in book.balances})
    await store.load_places(tx, book, latest)
    return await heard(tx, book, places.retyped(book, latest), keep)


async def put_away(tx: Transaction, requests: Sequence[CloudEvent[PutAwayLot]], keep: Keep = saved) -> Sequence[Answer]:
    """Store what was received; orders that wait get it at once (S07)."""
    book = await _load_moving(tx, requests)
    outcomes = await _suggested(tx, requests, places.put_away(book, requests))
    return await answered(tx, book, outcomes, keep)


async def move(tx: Transaction, requests: Sequence[CloudEvent[MoveLot]], keep: Keep = saved) -> Sequence[Answer]:
    """Move what no order has."""
    book = await _load_moving(tx, requests)
    outcomes = await _suggested(tx, requests, places.move(book, requests))
    return await answered(tx, book, outcomes, keep)


async def stock_returned(
    tx: Transaction, events: Sequence[CloudEvent[StockReturned]], keep: Keep = saved
) -> Sequence[Fact]:
    """Take in what customers sent back, on hold."""
    keys = _lots_at(events)
    book = await store.load(tx, keys)
    await _load_shelves(tx, book, keys)
    await store.load_had(tx, book, [(sku, lot) for sku, lot, _ in keys])
    return await heard(tx, book, returns.returned(book, events), keep)


async def stock_disposed(
    tx: Transaction, events: Sequence[CloudEvent[StockDisposed]], keep: Keep = saved
) -> Sequence[Fact]:
    """End the hold of returned goods: back to stock, scrapped, or sent back."""
    book = await store.load(tx, _lots_at(events))
    return await heard(tx, book, returns.disposed(book, events), keep)


async def adjust(tx: Transaction, requests: Sequence[CloudEvent[AdjustLot]], keep: Keep = saved) -> Sequence[Answer]:
    """Scrap, lose or find what no order has."""
    book = await _load_places(tx, requests)
    return await answered(tx, book, counts.adjust(book, requests), keep)


async def count(tx: Transaction, requests: Sequence[CloudEvent[CountLot]], keep: Keep = saved) -> Sequence[Answer]:
    """Make the books say what was counted."""
    book = await _load_places(tx, requests)
    return await answered(tx, book, counts.count(book, requests), keep)


async def hold(tx: Transaction, requests: Sequence[CloudEvent[HoldLot]], keep: Keep = saved) -> Sequence[Answer]:
    """Hold lots; the orders that have some of them are told."""
    # The empty place is none: a lot is held everywhere.
    book = await store.load_asked(tx, [(it.data.sku, it.data.lot, it.data.location or "") for it in requests])
    await store.load_holds(tx, book, _holds(requests))
    await store.load_had(tx, book, [(it.data.sku, it.data.lot) for it in requests])
    answers = await answered(tx, book, holds.hold(book, requests), keep)
    return [answer.created(hold_address(it.data.hold)) for it, answer in zip(requests, answers, strict=True)]


async def lift(tx: Transaction, requests: Sequence[CloudEvent[LiftLot]], keep: Keep = saved) -> Sequence[Answer]:
    """Close holds; what is under no other is free again."""
    book = Book(tx.now)
    await store.load_holds(tx, book, _holds(requests))
    lots = list(book.holds)
    await store.load_lots(tx, book, lots)
    await store.load_everywhere(tx, book, lots)
    return await answered(tx, book, holds.lift(book, requests), keep)


async def correct(tx: Transaction, requests: Sequence[CloudEvent[CorrectLot]], keep: Keep = saved) -> Sequence[Answer]:
    """Put other dates of lots in force."""
    book = await store.load_asked(tx, [(it.data.sku, it.data.lot, "") for it in requests])
    await store.load_everywhere(tx, book, book.lots)
    await store.load_had(tx, book, book.lots)
    return await answered(tx, book, dates.correct(book, requests), keep)


def _lots_at(events: Iterable[CloudEvent[Any]]) -> list[Key]:
    return [(event.data.sku, some.lot, event.data.location) for event in events for some in event.data.lots]


def _holds(requests: Iterable[CloudEvent[Any]]) -> set[tuple[str, str]]:
    return {(request.data.sku, request.data.hold) for request in requests}


async def _load_places(tx: Transaction, requests: Sequence[CloudEvent[Any]]) -> Book:
    keys = [(it.data.sku, it.data.lot, it.data.location) for it in requests]
    book = await store.load_asked(tx, keys)
    await _load_shelves(tx, book, keys)
    return book


async def _load_moving(tx: Transaction, requests: Sequence[CloudEvent[Any]]) -> Book:
    from_keys = [(it.data.sku, it.data.lot, it.data.from_location) for it in requests]
    to_keys = [(it.data.sku, it.data.lot, it.data.location) for it in requests]
    book = await store.load_asked(tx, [*from_keys, *to_keys])
    await _load_shelves(tx, book, to_keys)
    if held := {hold.lot_key for its in book.holds.values() for hold in its if hold.location}:
        await store.load_had(tx, book, held)
    return book


async def _load_shelves(tx: Transaction, book: Book, keys: Iterable[Key]) -> None:
    """Load what lies at storage places, which may not mix lots."""
    if shelves := {(sku, location) for sku, _, location in keys if book.stored(location)}:
        await store.load_shelves(tx, book, shelves)


async def _suggested(
    tx: Transaction, requests: Sequence[CloudEvent[Any]], outcomes: Sequence[Outcome]
) -> Sequence[Outcome]:
    """Say with a refused mix where the lot would be right."""
    mixes = [
        (request.data.sku, request.data.lot, request.data.location)
        for request, it in zip(requests, outcomes, strict=True)
        if it.refusal and it.refusal.code is Code.LOTS_MIXED
    ]
    if not mixes:
        return outcomes
    better = await store.suggested(tx, mixes)
    return [
        it if place == request.data.from_location else it.suggesting(place)
        for request, it in zip(requests, outcomes, strict=True)
        for place in [better.get((request.data.sku, request.data.lot, request.data.location))]
    ]
