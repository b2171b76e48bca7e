"""What becomes of returned units."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from services.receiving.receipts.domain.answers import Outcome, by, no
from services.receiving.returns.domain.records import Book, Return, ReturnAnswer, ReturnUnit
from shared.contracts.commands.receiving import DisposeReturn
from shared.contracts.envelope import CloudEvent, Fact, chunks
from shared.contracts.problems import Code, Refusal
from shared.contracts.receiving import ReturnDisposed


def dispose(book: Book, event: CloudEvent[DisposeReturn]) -> Outcome:
    """Decide on returned units, each once: back to stock, scrapped, or sent back."""
    wish = event.data
    document = book.returns.get(wish.return_id)
    if document is None:
        return no(Code.UNKNOWN_RETURN, f"there is no return {wish.return_id}")
    units = {
        (unit.sku, unit.serial): unit
        for unit in book.returned.values()
        if unit.return_id == wish.return_id and wish.sku in {None, unit.sku}
    }
    named = set(wish.serials)
    chosen = [unit for unit in units.values() if unit.serial in named or not (named or unit.disposition)]
    decided = [unit.serial for unit in chosen if unit.disposition]
    strange = sorted(named - {unit.serial for unit in chosen})
    refusals = _not_disposable(wish, decided, strange, nothing=not chosen and not named)
    open_units = [unit for unit in chosen if not unit.disposition]
    if not open_units:
        return Outcome(refusals=refusals)
    for unit in open_units:
        book.returned[unit[:3]] = unit._replace(
            disposition=wish.disposition, disposed_reason=wish.reason, disposed_at=book.now, disposed_by=event.actor
        )
    events = _disposed(document, event, open_units)
    body = ReturnAnswer(return_id=wish.return_id, hold=document.hold, serials=[unit.serial for unit in open_units])
    return Outcome(body, events, refusals)


def _not_disposable(wish: DisposeReturn, decided: list[str], strange: list[str], *, nothing: bool) -> list[Refusal]:
    refusals = []
    if decided or nothing:
        detail = f"{wish.return_id}: {len(decided) or 'all'} of these units are decided"
        blocked = [f"/returns/{wish.return_id}"]
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
