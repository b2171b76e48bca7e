"""What is said of a book beside its acts."""

from services.lots.balances.domain.book import Book
from shared.contracts.lots import LotRejected


def disagreements(book: Book) -> list[LotRejected]:
    """Say which facts did not fit, with the fact and the state as they are."""
    return [
        LotRejected(
            actor=it.event.actor, cause=it.event.cause, kind="DISAGREEMENT", document=it.event.data.key(),
            refused_type=it.event.type, code=it.code, detail=it.detail, sku=it.sku, ids=it.ids,
        )
        for it in book.misfits
    ]  # fmt: skip
