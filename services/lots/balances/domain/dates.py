"""The dates of a lot: what is in force, and what was before."""

from datetime import date
from typing import NamedTuple

from services.lots.balances.domain.book import Book
from services.lots.balances.domain.stock import Correction, Lot, Told
from shared.contracts.envelope import Fact
from shared.contracts.lots import LotCorrected


class Dates(NamedTuple):
    """What a label says."""

    expiry: date | None
    manufactured: date | None
    best_before: date | None

    @classmethod
    def of(cls, lot: Lot) -> "Dates":
        """Those in force."""
        return cls(lot.expiry, lot.manufactured, lot.best_before)


def redate(book: Book, lot: Lot, dates: Dates, told: Told) -> list[Fact]:
    """Put dates in force and keep what they were before; nothing, if they are the same."""
    before = Dates.of(lot)
    if dates == before:
        return []
    lot.expiry, lot.manufactured, lot.best_before = dates
    lot.changed = True
    for balance in book.balances.values():
        if (balance.sku, balance.lot) == (lot.sku, lot.lot):
            balance.expiry = lot.expiry
    both = (before.expiry, dates.expiry, before.manufactured, dates.manufactured, before.best_before, dates.best_before)
    told_by = (told.reason, told.actor, told.occurred, book.now, told.cause.source, told.cause.id)
    book.corrections.append(Correction(lot.sku, lot.lot, *both, *told_by))
    return [
        LotCorrected(
            actor=told.actor, cause=told.cause, sku=lot.sku, lot=lot.lot, before=before.expiry, expiry=lot.expiry,
            manufactured=lot.manufactured, best_before=lot.best_before, reason=told.reason,
        )
    ]  # fmt: skip
