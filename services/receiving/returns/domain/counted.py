"""What becomes of returned lots: parts of a quantity may be decided differently."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal

from services.receiving.receipts.domain.answers import by
from services.receiving.returns.domain.records import Book, LotDisposition, Return, ReturnLot
from shared.contracts.commands.receiving import DisposeReturn
from shared.contracts.counted import LotQuantity
from shared.contracts.envelope import CloudEvent, Fact, chunks
from shared.contracts.problems import Code, Refusal
from shared.contracts.receiving import StockDisposed
from shared.identifiers import address_of
from shared.stock.decimals import too_exact


def dispose_lots(book: Book, event: CloudEvent[DisposeReturn]) -> tuple[list[LotDisposition], list[Refusal]]:
    """Decide on the named quantities, or on all that is undecided; one that is too much is refused, alone."""
    wish = event.data
    rows = sorted(row for row in book.lots.values() if row.return_id == wish.return_id and wish.sku in {None, row.sku})
    parts: list[LotDisposition] = []
    refusals: list[Refusal] = []
    if not wish.lots and not wish.serials:
        parts = [_decide(book, event, row, row.open) for row in rows if row.open]
    for some in wish.lots:
        its = [book.lots[row.key] for row in rows if row.lot == some.lot]
        if refusal := _refused(book, wish, some, its):
            refusals.append(refusal)
            continue
        left = some.quantity
        for row in its:
            if part := min(left, row.open):
                parts.append(_decide(book, event, row, part))
                left -= part
    return parts, refusals


def _refused(book: Book, wish: DisposeReturn, some: LotQuantity, rows: Sequence[ReturnLot]) -> Refusal | None:
    skus = sorted({row.sku for row in rows})
    if len(skus) > 1:
        detail = f"{wish.return_id} has lot {some.lot} of {', '.join(skus)}: name the sku"
        return Refusal(code=Code.MALFORMED, detail=detail, ids=[some.lot])
    undecided = sum((row.open for row in rows), Decimal(0))
    if some.quantity == undecided:
        return None
    if skus and (no := too_exact(skus[0], some.quantity, book.decimals.get(skus[0]), some.lot or skus[0])):
        return no
    if some.quantity < undecided:
        return None
    decided = sum((row.disposed for row in rows), Decimal(0))
    detail = (
        f"{wish.return_id}: {some.quantity:f} of {some.lot or wish.sku or 'it'}, of which {undecided:f} are undecided"
        f" and {decided:f} decided"
    )
    code = Code.ALREADY_DISPOSED if decided else Code.NOT_IN_RETURN
    return Refusal(code=code, detail=detail, ids=[some.lot], blocked_by=[address_of("returns", wish.return_id)])


def _decide(book: Book, event: CloudEvent[DisposeReturn], row: ReturnLot, part: Decimal) -> LotDisposition:
    wish = event.data
    book.lots[row.key] = row._replace(disposed=row.disposed + part)
    decided = LotDisposition(
        return_id=row.return_id, sku=row.sku, lot=row.lot, location=row.location, quantity=part,
        disposition=wish.disposition, reason=wish.reason, at=book.now, actor=event.actor,
    )  # fmt: skip
    book.dispositions.append(decided)
    return decided


def lots_disposed(document: Return, event: CloudEvent[DisposeReturn], parts: Iterable[LotDisposition]) -> list[Fact]:
    """Tell what was decided, by product and place."""
    groups: dict[tuple[str, str], list[LotQuantity]] = defaultdict(list)
    for part in parts:
        groups[part.sku, part.location].append(LotQuantity(lot=part.lot, quantity=part.quantity))
    wish = event.data
    return [
        StockDisposed(
            return_id=document.return_id, hold=document.hold, sku=sku, location=location, lots=list(run),
            disposition=wish.disposition, reason=wish.reason, **by(event),
        )
        for (sku, location), lots in groups.items()
        for run in chunks(lots)
    ]  # fmt: skip
