"""Holds: stop a lot, everywhere or at one place, from being allocated, picked and dispatched, and let it go again."""

from collections.abc import Iterator
from decimal import Decimal

from services.lots.balances.domain.book import Book
from services.lots.balances.domain.refusals import Outcome, named, written
from services.lots.balances.domain.stock import NOTHING, Balance, Hold, HoldKind, Lot, Told
from shared.contracts.envelope import Fact, chunks
from shared.contracts.lots import HeldStock, LotHeld, LotHoldLifted
from shared.contracts.problems import Code, Refusal


def open_on(
    book: Book,
    lot: Lot,
    name: str,
    kind: HoldKind,
    told: Told,
    *,
    location: str | None = None,
    role: str = "",
    return_id: str | None = None,
    waiting: Decimal = NOTHING,
) -> list[Fact]:
    """Open a hold, with what orders have of the lot: reserved and picked of it must be loaded. Twice is once."""
    for known in book.on(lot.sku, lot.lot):
        if (known.hold, known.location) == (name, location):
            known.waiting += waiting
            known.changed = True
            return []
    hold = Hold(
        name, lot.sku, lot.lot, location, kind, told.reason, role, return_id, waiting, told.actor, told.occurred,
        changed=True,
    )  # fmt: skip
    book.holds.setdefault((lot.sku, lot.lot), []).append(hold)
    book.hold_ids.add((lot.sku, name))
    for pool in book.freed.values():
        for held in [at for at in pool if at[0] == lot.lot and hold.covers(at[1])]:
            del pool[held]
    had = list(chunks(_had(book, hold))) or [()]
    return [
        LotHeld(
            actor=told.actor, cause=told.cause, sku=lot.sku, lot=lot.lot, location=location, hold=name, role=role,
            reason=told.reason, stock=list(run),
        )
        for run in had
    ]  # fmt: skip


def _had(book: Book, hold: Hold) -> Iterator[HeldStock]:
    """Name what orders have of it; where a picked quantity came from is not kept, so a place's hold names none."""
    for row in book.reserved.values():
        if (row.sku, row.lot) == (hold.sku, hold.lot) and row.quantity > 0 and hold.covers(row.location):
            yield HeldStock(
                lot=row.lot, quantity=row.quantity, order=row.order_id, line=row.line, demand=row.demand,
                location=row.location,
            )  # fmt: skip
    for had in book.picked.values():
        if (had.sku, had.lot) == (hold.sku, hold.lot) and had.quantity > 0 and hold.location is None:
            yield HeldStock(lot=had.lot, quantity=had.quantity, order=had.order_id, line=had.line, demand=had.demand)


def close(book: Book, hold: Hold, told: Told) -> LotHoldLifted:
    """Lift a hold; what lies where it held, as far as it is loaded, may be free now."""
    hold.lifted_by, hold.lifted_at, hold.lifted_reason = told.actor, told.occurred, told.reason
    hold.waiting, hold.changed = NOTHING, True
    for balance in book.balances.values():
        if (balance.sku, balance.lot) == (hold.sku, hold.lot) and hold.location in {None, balance.location}:
            book.came_free(balance, told)
    return LotHoldLifted(
        actor=told.actor, cause=told.cause, sku=hold.sku, lot=hold.lot, location=hold.location, hold=hold.hold,
        reason=told.reason,
    )  # fmt: skip


def undecided(book: Book, balance: Balance, quantity: Decimal) -> Outcome | None:
    """Refuse to take away what came back from customers and waits for its disposition."""
    waits = [hold for hold in book.on(balance.sku, balance.lot, balance.location) if hold.waiting > 0]
    waiting = sum((hold.waiting for hold in waits), NOTHING)
    if quantity <= balance.free - waiting:
        return None
    returns = sorted({hold.return_id for hold in waits if hold.return_id})
    detail = (
        f"{written(waiting)} of {named(balance.sku, balance.lot)} at {balance.location} wait for the disposition of "
        f"return {', '.join(returns)}"
    )
    refusal = Refusal(
        code=Code.DISPOSITION_OPEN, detail=detail, ids=[balance.lot or balance.sku],
        blocked_by=[f"/returns/{name}" for name in returns],
    )  # fmt: skip
    return Outcome(refusal=refusal)
