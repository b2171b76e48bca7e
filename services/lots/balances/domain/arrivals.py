"""Counted goods that arrived: from then on their lots are known, with their quantity (S23, S26)."""

from collections.abc import Iterable, Sequence

from services.lots.balances.domain import holds
from services.lots.balances.domain.book import Book
from services.lots.balances.domain.dates import Dates, redate
from services.lots.balances.domain.mixing import mixed
from services.lots.balances.domain.stock import Change, HoldKind, Lot, LotKey, Papers, Told
from shared.contracts.envelope import CloudEvent, Fact
from shared.contracts.lots import LotReceived
from shared.contracts.receiving import ReceivedLot, StockReceived


def received(book: Book, events: Sequence[CloudEvent[StockReceived]]) -> list[Fact]:
    """Take in what a receipt brought."""
    return [fact for event in events for came in event.data.lots for fact in _received(book, event, came)]


def _received(book: Book, event: CloudEvent[StockReceived], came: ReceivedLot) -> list[Fact]:
    fact, told = event.data, Told.by(event)
    lot = book.lots.get((fact.sku, came.lot))
    if lot is None:
        lot = book.lots[fact.sku, came.lot] = Lot(
            sku=fact.sku, lot=came.lot, expiry=came.expiry, manufactured=came.manufactured,
            best_before=came.best_before, first_received=event.time, supplier=fact.supplier, changed=True,
        )  # fmt: skip
    # Before the quantity is taken in: what arrives under a hold never was free.
    said = _dates(book, lot, event, came)
    if came.hold and not _held_as(book, lot, "SHORT_LIFE"):
        why = told._replace(reason="too little of its life was left at receipt")
        said += holds.open_on(book, lot, came.hold, "SHORT_LIFE", why)
    balance = book.balance(lot, fact.location)
    papers = Papers(receipt=fact.receipt, line=fact.line, supplier=fact.supplier)
    book.change(Change.RECEIVED, balance, came.quantity, told, papers)
    received = LotReceived(
        actor=told.actor,
        cause=told.cause,
        sku=lot.sku,
        lot=lot.lot,
        quantity=came.quantity,
        location=fact.location,
        expiry=lot.expiry,
        manufactured=lot.manufactured,
        best_before=lot.best_before,
        receipt=fact.receipt,
        line=fact.line,
        reason="received",
    )
    return [received, *said, *mixed(book, balance, told)]


def _dates(book: Book, lot: Lot, event: CloudEvent[StockReceived], came: ReceivedLot) -> list[Fact]:
    """Take over dates; where two receipts name different expiries the earlier is in force, and the lot is held."""
    told = Told.by(event, f"receipt {event.data.receipt} names expiry {came.expiry}")
    said: list[Fact] = []
    if came.expiry and lot.expiry not in {None, came.expiry} and not _held_as(book, lot, "EXPIRY_DIFFERS"):
        why = told._replace(reason=f"expiry differs: {told.reason}, known was {lot.expiry}")
        said += holds.open_on(book, lot, f"EXP-{event.id}"[:64], "EXPIRY_DIFFERS", why)
    expiry = min((day for day in (lot.expiry, came.expiry) if day), default=None)
    in_force = Dates(
        expiry=expiry, manufactured=lot.manufactured or came.manufactured,
        best_before=lot.best_before or came.best_before,
    )  # fmt: skip
    return [*said, *redate(book, lot, in_force, told)]


def _held_as(book: Book, lot: Lot, kind: HoldKind) -> bool:
    return any(hold.kind == kind for hold in book.on(lot.sku, lot.lot))


def to_hold(book: Book, events: Iterable[CloudEvent[StockReceived]]) -> list[LotKey]:
    """Name the known lots that these receipts may put on hold, or give another expiry."""
    return [
        (event.data.sku, came.lot)
        for event in events
        for came in event.data.lots
        if (lot := book.lots.get((event.data.sku, came.lot)))
        and (came.hold or (came.expiry and came.expiry != lot.expiry))
    ]
