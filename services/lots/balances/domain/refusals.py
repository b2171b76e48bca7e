"""How a command on counted stock is answered: what it did, or why not and what would help."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from pydantic import BaseModel

from services.lots.balances.domain.book import Book
from services.lots.balances.domain.stock import Balance, Lot
from shared.contracts.envelope import Fact
from shared.contracts.problems import Code, Refusal
from shared.identifiers import address_of
from shared.stock.decimals import too_exact


class Outcome(NamedTuple):
    """What came of one request: how things stand after it and what is to be said, or its refusal."""

    done: BaseModel | None = None
    facts: Sequence[Fact] = ()
    refusal: Refusal | None = None

    @classmethod
    def refused(cls, code: Code, detail: str, *ids: str, blocked_by: Sequence[str] = ()) -> "Outcome":
        """Say no."""
        refusal = Refusal(
            code=code, detail=detail, ids=list(ids), blocked_by=[address_of("orders", it) for it in blocked_by]
        )
        return cls(refusal=refusal)

    def suggesting(self, location: str | None) -> "Outcome":
        """Say with a refused mix of lots where else there is room."""
        if self.refusal is None or self.refusal.code is not Code.LOTS_MIXED or location is None:
            return self
        refusal = self.refusal.model_copy(
            update={"detail": f"{self.refusal.detail}; {location} has room", "suggested": [location]}
        )
        return Outcome(refusal=refusal)


def named(sku: str, lot: str) -> str:
    """Name a lot to a person."""
    return f"{sku} lot {lot}" if lot else sku


def written(quantity: Decimal) -> str:
    """Tell a quantity to a person."""
    return f"{quantity.normalize():f}"


def known(book: Book, sku: str, lot: str) -> Lot | Outcome:
    """Give a lot, or why there is none: its receipt may be under way."""
    if found := book.lots.get((sku, lot)):
        return found
    tracking = book.tracking.get(sku)
    if tracking == "SERIAL":
        return Outcome.refused(Code.NOT_COUNTED, f"{sku} is tracked by serial", sku)
    if tracking == "NONE" and lot:
        return Outcome.refused(Code.UNKNOWN_LOT, f"{sku} is not tracked by lot, and has no lot {lot}", lot)
    if tracking == "LOT" and not lot:
        return Outcome.refused(Code.UNKNOWN_LOT, f"{sku} is tracked by lot: name the lot", sku)
    # Not for good even where another product has a lot of that number: many makers count their lots alike.
    others = f"; it is a lot of {', '.join(book.namesakes[lot])}" if book.namesakes.get(lot) else ""
    return Outcome.refused(Code.NOT_YET_KNOWN, f"{named(sku, lot)} is not known here{others}", lot or sku)


def inexact(book: Book, sku: str, quantity: Decimal) -> Outcome | None:
    """Refuse a smaller part than the product is counted in."""
    no = too_exact(sku, quantity, book.decimals.get(sku), sku)
    return Outcome(refusal=no) if no else None


def undefined(book: Book, location: str) -> Outcome | None:
    """Refuse a place that nobody defined."""
    if location in book.types:
        return None
    return Outcome.refused(Code.UNKNOWN_LOCATION, f"location {location} is not defined", location)


def short_of(book: Book, balance: Balance, wanted: Decimal) -> Outcome:
    """Refuse to take more than is free: with what there is, and which orders have it."""
    orders = book.claims.get(balance.key, ())
    there = f"{written(balance.on_hand)} on hand, {written(balance.free)} free, {written(balance.allocated)} allocated"
    held = ", on hold" if book.held(balance) else ""
    whose = f" to {', '.join(orders)}" if orders else ""
    what = f"{written(wanted)} of {named(balance.sku, balance.lot)} at {balance.location}"
    detail = f"{what} are asked for: {there}{whose}{held}"
    return Outcome.refused(Code.NOT_ENOUGH, detail, balance.lot or balance.sku, blocked_by=orders)
