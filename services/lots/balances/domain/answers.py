"""What the sender of a command on counted stock is told of how it stands after it."""

from datetime import date

from services.lots.balances.domain.book import Book
from services.lots.balances.domain.stock import Balance, Lot
from shared.contracts.model import KnownFieldsModel
from shared.identifiers import Exact


class LocationStock(KnownFieldsModel):
    """How much of a lot lies at a place, and how much of that orders have."""

    location: str
    on_hand: Exact
    allocated: Exact
    on_hold: bool


class StockNow(KnownFieldsModel):
    """A lot at the places that a command was about."""

    sku: str
    lot: str
    expiry: date | None
    places: list[LocationStock]


def stock_now(book: Book, lot: Lot, *balances: Balance) -> StockNow:
    """Tell how a lot stands."""
    places = [
        LocationStock(location=it.location, on_hand=it.on_hand, allocated=it.allocated, on_hold=book.held(it))
        for it in balances
    ]
    return StockNow(sku=lot.sku, lot=lot.lot, expiry=lot.expiry, places=places)


class OpenOn(KnownFieldsModel):
    """What a hold is on: a lot everywhere, or at one place."""

    lot: str
    location: str | None


class HoldNow(KnownFieldsModel):
    """A hold, and what it is open on; nothing, once it was lifted."""

    sku: str
    hold: str
    open: list[OpenOn]


def hold_now(book: Book, sku: str, hold: str) -> HoldNow:
    """Tell how a hold stands."""
    on = [OpenOn(lot=it.lot, location=it.location) for it in book.named.get((sku, hold), ()) if it.open]
    return HoldNow(sku=sku, hold=hold, open=on)
