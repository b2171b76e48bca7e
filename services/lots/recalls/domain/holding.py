"""A recall's holds: on every lot it touches, everywhere, until each is found good or gone (S46)."""

from collections.abc import Sequence

from services.lots.balances.domain import holds
from services.lots.balances.domain.book import Book
from services.lots.balances.domain.stock import Lot, Told
from shared.contracts.envelope import CloudEvent, Fact
from shared.contracts.lots import RecallOpened

Sought = tuple[str, str, str, str]
"""A recall that looks for a lot which arrives: recall, sku, lot, and why."""


def hold(book: Book, events: Sequence[CloudEvent[RecallOpened]]) -> list[Fact]:
    """Open a hold on each lot; one that is not known yet is held when it comes."""
    return [
        fact
        for event in events
        for number in event.data.lots
        for fact in holds.open_on(
            book, _lot(book, event.data.sku, number), event.data.hold, "RECALL", Told.by(event), role="recall"
        )
    ]


def hold_arriving(book: Book, found: Sequence[Sought], told: Told) -> list[Fact]:
    """Open the holds of recalls on lots that come in now, before anybody can have them."""
    return [
        fact
        for recall, sku, number, reason in found
        for fact in holds.open_on(
            book, _lot(book, sku, number), recall, "RECALL", told._replace(reason=reason), role="recall"
        )
    ]


def _lot(book: Book, sku: str, number: str) -> Lot:
    known = book.lots.get((sku, number))
    return known or Lot(
        sku=sku, lot=number, expiry=None, manufactured=None, best_before=None, first_received=book.now, supplier="",
    )  # fmt: skip
