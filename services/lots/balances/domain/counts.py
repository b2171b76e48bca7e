"""Counted stock scrapped, lost, found or counted: the books follow what is there, held or not."""

from collections.abc import Sequence
from decimal import Decimal

from services.lots.balances.domain.answers import stock_now
from services.lots.balances.domain.book import Book
from services.lots.balances.domain.mixing import mixed
from services.lots.balances.domain.refusals import Outcome, inexact, known, short_of, undefined
from services.lots.balances.domain.returns import undecided
from services.lots.balances.domain.stock import Balance, Change, Lot, Papers, Told, parts
from shared.contracts.commands.lots import AdjustLot, CountLot
from shared.contracts.envelope import CloudEvent
from shared.contracts.lots import LotAdjusted

UP = {Change.FOUND, Change.COUNTED_UP}


def adjust(book: Book, requests: Sequence[CloudEvent[AdjustLot]]) -> list[Outcome]:
    """Take away what was scrapped or lost, unless an order has it; put to it what was found."""
    outcomes = []
    for request in requests:
        asked = request.data
        at = _at(book, asked, asked.quantity)
        if not isinstance(at, Outcome):
            at = _by(book, at, Change(asked.adjustment), asked.quantity, Told.by(request))
        outcomes.append(at)
    return outcomes


def count(book: Book, requests: Sequence[CloudEvent[CountLot]]) -> list[Outcome]:
    """Make the books say what was counted; never less than what orders have there."""
    outcomes = []
    for request in requests:
        asked = request.data
        at = _at(book, asked, asked.counted)
        if not isinstance(at, Outcome):
            lot, location = at
            by = asked.counted - book.balance(lot, location).on_hand
            at = _by(book, at, Change.COUNTED_UP if by > 0 else Change.COUNTED_DOWN, abs(by), Told.by(request))
        outcomes.append(at)
    return outcomes


def _at(book: Book, asked: AdjustLot | CountLot, quantity: Decimal) -> tuple[Lot, str] | Outcome:
    lot = known(book, asked.sku, asked.lot)
    if isinstance(lot, Outcome):
        return lot
    return inexact(book, asked.sku, quantity) or undefined(book, asked.location) or (lot, asked.location)


def _by(book: Book, at: tuple[Lot, str], change: Change, quantity: Decimal, told: Told) -> Outcome:
    lot, location = at
    balance = book.balance(lot, location)
    if change not in UP and (no := _in_the_way(book, balance, quantity)):
        return no
    if not quantity:
        return Outcome(stock_now(book, lot, balance))
    book.change(change, balance, quantity if change in UP else -quantity, told, Papers())
    adjusted = [
        LotAdjusted(
            actor=told.actor, cause=told.cause, sku=balance.sku, lot=balance.lot, location=balance.location,
            quantity=some, adjustment=change.value, reason=told.reason,
        )
        for some in parts(quantity)
    ]  # fmt: skip
    mix = mixed(book, balance, told) if change in UP else []
    return Outcome(stock_now(book, lot, balance), [*adjusted, *mix])


def _in_the_way(book: Book, balance: Balance, quantity: Decimal) -> Outcome | None:
    if quantity > balance.free:
        return short_of(book, balance, quantity)
    return undecided(book, balance, quantity)
