"""A storage place holds one lot of a product (S30): asked before a putaway or move, told where it could not be."""

from services.lots.balances.domain.book import Book
from services.lots.balances.domain.stock import Balance, Told
from shared.contracts.lots import LotMixed


def others(book: Book, balance: Balance) -> list[str]:
    """Give the other lots of the product at a storage place, as they were loaded; elsewhere lots may mix."""
    if not balance.stored:
        return []
    return sorted(
        other.lot
        for other in book.at_place[balance.sku, balance.location]
        if other.lot != balance.lot and other.on_hand > 0
    )


def mixed(book: Book, balance: Balance, told: Told) -> list[LotMixed]:
    """Say that lots lie together now where they should not: somebody must part them."""
    if balance.on_hand <= 0 or not (lots := others(book, balance)):
        return []
    both = sorted([balance.lot, *lots])
    return [LotMixed(actor=told.actor, cause=told.cause, sku=balance.sku, location=balance.location, lots=both)]
