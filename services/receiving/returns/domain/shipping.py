"""What left, as its owners tell: from now on it may come back."""

from collections.abc import Sequence

from services.receiving.receipts.domain.answers import by
from services.receiving.returns.domain.records import Book
from shared.contracts.envelope import CloudEvent, Fact
from shared.contracts.lots import LotShipped
from shared.contracts.problems import Code
from shared.contracts.receiving import ReceiptRejected
from shared.contracts.serials import SerialMoved


def ship(book: Book, events: Sequence[CloudEvent[SerialMoved]]) -> list[Fact]:
    """Units left with an order: from now on they may come back, from its customer."""
    unfit: list[Fact] = []
    for event in events:
        left = event.data
        strange: list[str] = []
        for serial in left.serials:
            unit = book.units.get((left.sku, serial))
            if unit is None or unit.state != "IN_HOUSE":
                strange.append(serial)
                continue
            book.units[unit.key] = unit._replace(
                version=unit.version + 1, state="OUT", location=None, order=left.order, customer=left.customer
            )
        if strange:
            detail = f"{len(strange)} units were shipped that are not in the house, as far as is known here"
            unfit.append(
                ReceiptRejected(
                    kind="DISAGREEMENT", document=left.sku, refused_type=left.TYPE, code=Code.ILLEGAL_TRANSITION,
                    detail=detail, sku=left.sku, ids=strange, **by(event),
                )
            )  # fmt: skip
    return unfit


def ship_lots(book: Book, events: Sequence[CloudEvent[LotShipped]]) -> None:
    """Quantities of lots left with an order: as much of each may come back from its customer."""
    for event in events:
        left = event.data
        for some in left.lots:
            before = book.shipped_of(left.order, left.customer, left.sku, some.lot)
            book.put_shipped(before._replace(shipped=before.shipped + some.quantity))
