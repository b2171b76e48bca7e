"""Counted goods that came back from customers: held where they lie, until their disposition."""

from collections.abc import Sequence
from decimal import Decimal

from services.lots.balances.domain import holds
from services.lots.balances.domain.book import Book
from services.lots.balances.domain.mixing import mixed
from services.lots.balances.domain.refusals import Outcome, named, written
from services.lots.balances.domain.stock import NOTHING, Balance, Change, Lot, Papers, Told
from shared.contracts.counted import LotQuantity
from shared.contracts.envelope import CloudEvent, Fact
from shared.contracts.lots import LotAdjusted, LotReceived
from shared.contracts.problems import Code, Refusal
from shared.contracts.receiving import StockDisposed, StockReturned
from shared.identifiers import address_of


def returned(book: Book, events: Sequence[CloudEvent[StockReturned]]) -> list[Fact]:
    """Take in what customers sent back, on hold (S18)."""
    return [fact for event in events for came in event.data.lots for fact in _returned(book, event, came)]


def _returned(book: Book, event: CloudEvent[StockReturned], came: LotQuantity) -> list[Fact]:
    fact, told = event.data, Told.by(event)
    lot = book.lots.get((fact.sku, came.lot))
    if lot is None:
        lot = book.lots[fact.sku, came.lot] = Lot(
            sku=fact.sku, lot=came.lot, expiry=None, manufactured=None, best_before=None, first_received=event.time,
            supplier="", changed=True,
        )  # fmt: skip
    balance = book.balance(lot, fact.location)
    # First the hold: what comes back is free at no time.
    said = holds.open_on(
        book, lot, fact.hold, "RETURN", told, location=fact.location, return_id=fact.return_id, waiting=came.quantity
    )
    papers = Papers(order_id=fact.order, customer=fact.customer, return_id=fact.return_id)
    book.change(Change.RETURNED, balance, came.quantity, told, papers)
    back = LotReceived(
        actor=told.actor, cause=told.cause, sku=lot.sku, lot=lot.lot, quantity=came.quantity, location=fact.location,
        expiry=lot.expiry, manufactured=lot.manufactured, best_before=lot.best_before, return_id=fact.return_id,
        order=fact.order, customer=fact.customer, reason=fact.reason,
    )  # fmt: skip
    return [back, *said, *mixed(book, balance, told)]


def disposed(book: Book, events: Sequence[CloudEvent[StockDisposed]]) -> list[Fact]:
    """Returned goods go back to stock, are scrapped or sent back; their hold ends when nothing of it is undecided."""
    return [fact for event in events for some in event.data.lots for fact in _disposed(book, event, some)]


def _disposed(book: Book, event: CloudEvent[StockDisposed], some: LotQuantity) -> list[Fact]:
    fact, told = event.data, Told.by(event)
    waits = next(
        (it for it in book.on(fact.sku, some.lot) if (it.hold, it.location) == (fact.hold, fact.location)), None
    )
    if waits is None or waits.waiting < some.quantity:
        why = f"return {fact.return_id} disposes of {written(some.quantity)} of {named(fact.sku, some.lot)} at "
        waiting = waits.waiting if waits else NOTHING
        detail = f"{why}{fact.location}, where {written(waiting)} wait for it"
        book.misfit(event, Code.NOT_IN_RETURN, detail, fact.sku, [some.lot])
        return []
    balance = book.balance(book.lots[fact.sku, some.lot], fact.location)
    said = _taken_away(book, event, balance, some)
    waits.waiting -= some.quantity
    waits.changed = True
    return said if waits.waiting else [*said, holds.close(book, waits, told)]


def _taken_away(book: Book, event: CloudEvent[StockDisposed], balance: Balance, some: LotQuantity) -> list[Fact]:
    fact, told = event.data, Told.by(event)
    if fact.disposition == "RESTOCK":
        return []
    scrapped = fact.disposition == "SCRAP"
    papers = Papers(return_id=fact.return_id)
    book.change(Change.SCRAPPED if scrapped else Change.SENT_BACK, balance, -some.quantity, told, papers)
    return [
        LotAdjusted(
            actor=told.actor, cause=told.cause, sku=balance.sku, lot=balance.lot, location=balance.location,
            quantity=some.quantity, adjustment="SCRAPPED" if scrapped else "SENT_BACK", reason=fact.reason,
        )
    ]  # fmt: skip


def undecided(book: Book, balance: Balance, quantity: Decimal) -> Outcome | None:
    """Refuse to take away what came back from customers and waits for its disposition."""
    waits = [hold for hold in book.on(balance.sku, balance.lot, balance.location) if hold.waiting > 0]
    waiting = sum((hold.waiting for hold in waits), NOTHING)
    if quantity <= balance.free - waiting:
        return None
    returns = sorted({hold.return_id for hold in waits if hold.return_id})
    detail = (
        f"{written(waiting)} of {named(balance.sku, balance.lot)} at {balance.location} wait for the disposition of "
        f"return {', '.join(returns)}"
    )
    refusal = Refusal(
        code=Code.DISPOSITION_OPEN, detail=detail, ids=[balance.lot or balance.sku],
        blocked_by=[address_of("returns", name) for name in returns],
    )  # fmt: skip
    return Outcome(refusal=refusal)
