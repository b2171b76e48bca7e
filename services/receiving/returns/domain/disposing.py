"""What becomes of returned goods."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from services.receiving.receipts.domain.answers import Outcome, by, no
from services.receiving.returns.domain.counted import dispose_lots, lots_disposed
from services.receiving.returns.domain.records import Book, Return, ReturnAnswer, ReturnUnit
from shared.contracts.commands.receiving import DisposeReturn
from shared.contracts.counted import LotQuantity
from shared.contracts.envelope import CloudEvent, Fact, chunks
from shared.contracts.problems import Code, Refusal
from shared.contracts.receiving import ReturnDisposed
from shared.identifiers import address_of


def dispose(book: Book, event: CloudEvent[DisposeReturn]) -> Outcome:
    """Decide on returned goods, each once: back to stock, scrapped, or sent back; all of them where none is named."""
    wish = event.data
    document = book.returns.get(wish.return_id)
    if document is None:
        return no(Code.UNKNOWN_RETURN, f"there is no return {wish.return_id}")
    everything = not wish.serials and not wish.lots
    parts, refusals = dispose_lots(book, event)
    units, refused = _dispose_units(book, event) if wish.serials or everything else ([], [])
    if everything and not parts and not units:
        detail = f"{wish.return_id}: all of it is decided"
        return no(Code.ALREADY_DISPOSED, detail, blocked_by=[address_of("returns", wish.return_id)])
    if not parts and not units:
        return Outcome(refusals=[*refusals, *refused])
    lots = [LotQuantity(lot=part.lot, quantity=part.quantity) for part in parts]
    body = ReturnAnswer(
        return_id=wish.return_id, hold=document.hold, serials=[unit.serial for unit in units], lots=lots
    )
    events = [*_disposed(document, event, units), *lots_disposed(document, event, parts)]
    return Outcome(body, events, [*refusals, *refused])


def _dispose_units(book: Book, event: CloudEvent[DisposeReturn]) -> tuple[list[ReturnUnit], list[Refusal]]:
    wish, named = event.data, set(event.data.serials)
    units = [
        unit for unit in book.returned.values() if unit.return_id == wish.return_id and wish.sku in {None, unit.sku}
    ]
    chosen = [unit for unit in units if unit.serial in named or not (named or unit.disposition)]
    decided = [unit.serial for unit in chosen if unit.disposition]
    strange = sorted(named - {unit.serial for unit in chosen})
    open_units = [unit for unit in chosen if not unit.disposition]
    for unit in open_units:
        book.returned[unit.key] = unit._replace(
            disposition=wish.disposition, disposed_reason=wish.reason, disposed_at=book.now, disposed_by=event.actor
        )
    return open_units, _not_disposable(wish, decided, strange)


def _not_disposable(wish: DisposeReturn, decided: list[str], strange: list[str]) -> list[Refusal]:
    refusals = []
    if decided:
        detail = f"{wish.return_id}: {len(decided)} of these units are decided"
        blocked = [address_of("returns", wish.return_id)]
        refusals.append(Refusal(code=Code.ALREADY_DISPOSED, detail=detail, ids=decided, blocked_by=blocked))
    if strange:
        detail = f"{wish.return_id} does not hold {len(strange)} of these units"
        refusals.append(Refusal(code=Code.NOT_IN_RETURN, detail=detail, ids=strange))
    return refusals


def _disposed(document: Return, event: CloudEvent[DisposeReturn], units: Sequence[ReturnUnit]) -> list[Fact]:
    by_sku: dict[str, list[str]] = defaultdict(list)
    for unit in units:
        by_sku[unit.sku].append(unit.serial)
    said: dict[str, Any] = {"disposition": event.data.disposition, "reason": event.data.reason, **by(event)}
    return [
        ReturnDisposed(return_id=document.return_id, hold=document.hold, sku=sku, serials=list(run), **said)
        for sku, serials in by_sku.items()
        for run in chunks(serials)
    ]
