"""What happens to counted stock: load → decide → keep → say.

To keep is to save, and where somebody may be waiting for what came free, to serve first: whoever maps a handler says
how, as `allocation` does, which knows the demands.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from services.lots.balances import store
from services.lots.balances.domain import arrivals, places
from services.lots.balances.domain.book import Book
from services.lots.balances.domain.events import disagreements
from services.lots.balances.domain.refusals import Outcome
from services.lots.balances.domain.stock import Key
from shared.contracts.commands.lots import MoveLot, PutAwayLot
from shared.contracts.envelope import CloudEvent, Fact
from shared.contracts.problems import Code
from shared.contracts.receiving import StockReceived
from shared.database import Transaction
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
    keys = [(event.data.sku, came.lot, event.data.location) for event in events for came in event.data.lots]
    book = await store.load(tx, keys)
    await _load_shelves(tx, book, keys)
    if to_hold := arrivals.to_hold(book, events):
        await store.load_whole(tx, book, to_hold)
    return await heard(tx, book, arrivals.received(book, events), keep)


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


async def _load_moving(tx: Transaction, requests: Sequence[CloudEvent[Any]]) -> Book:
    from_keys = [(it.data.sku, it.data.lot, it.data.from_location) for it in requests]
    to_keys = [(it.data.sku, it.data.lot, it.data.location) for it in requests]
    book = await store.load(tx, [*from_keys, *to_keys])
    await _load_shelves(tx, book, to_keys)
    await store.load_claims(tx, book, from_keys)
    if held := {hold.lot_key for holds in book.holds.values() for hold in holds if hold.location}:
        await store.load_whole(tx, book, held)
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
        it.suggesting(better.get((request.data.sku, request.data.lot, request.data.location)))
        for request, it in zip(requests, outcomes, strict=True)
    ]
