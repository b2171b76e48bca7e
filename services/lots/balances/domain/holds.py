"""Holds: stop a lot, everywhere or at one place, from being allocated, picked and dispatched, and let it go again."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

from services.lots.balances.domain.answers import hold_now
from services.lots.balances.domain.book import Book
from services.lots.balances.domain.refusals import Outcome, known, named, undefined
from services.lots.balances.domain.stock import NOTHING, Hold, HoldKind, Lot, Told
from shared.contracts.commands.lots import HoldLot, LiftLot
from shared.contracts.envelope import CloudEvent, Fact, chunks
from shared.contracts.lots import HeldStock, LotHeld, LotHoldLifted
from shared.contracts.problems import Code, Refusal
from shared.identifiers import address_of


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
    for again in book.on(lot.sku, lot.lot):
        if (again.hold, again.location) == (name, location):
            again.waiting += waiting
            again.changed = True
            return []
    opened = Hold(
        hold=name, sku=lot.sku, lot=lot.lot, location=location, kind=kind, reason=told.reason, role=role,
        return_id=return_id, waiting=waiting, opened_by=told.actor, opened_at=told.occurred, changed=True,
    )  # fmt: skip
    book.put_hold(opened)
    book.no_longer_free(opened)
    had = list(chunks(_had(book, opened))) or [()]
    return [
        LotHeld(
            actor=told.actor, cause=told.cause, sku=lot.sku, lot=lot.lot, location=location, hold=name, role=role,
            reason=told.reason, stock=list(run),
        )
        for run in had
    ]  # fmt: skip


def _had(book: Book, hold: Hold) -> Iterator[HeldStock]:
    """Name what orders have of it; where a picked quantity came from is not kept, so a place's hold names none."""
    for row in book.reserved_of[hold.lot_key]:
        if row.quantity > 0 and hold.covers(row.location):
            yield HeldStock(
                lot=row.lot, quantity=row.quantity, order=row.order_id, line=row.line, demand=row.demand,
                location=row.location,
            )  # fmt: skip
    for had in book.picked_of[hold.lot_key]:
        if had.quantity > 0 and hold.location is None:
            yield HeldStock(lot=had.lot, quantity=had.quantity, order=had.order_id, line=had.line, demand=had.demand)


def close(book: Book, hold: Hold, told: Told) -> LotHoldLifted:
    """Lift a hold; what lies where it held, as far as it is loaded, may be free now."""
    hold.lifted_by, hold.lifted_at, hold.lifted_reason = told.actor, told.occurred, told.reason
    hold.waiting, hold.changed = NOTHING, True
    for balance in book.of_lot[hold.lot_key]:
        if hold.location in {None, balance.location}:
            book.came_free(balance, told)
    return LotHoldLifted(
        actor=told.actor, cause=told.cause, sku=hold.sku, lot=hold.lot, location=hold.location, hold=hold.hold,
        reason=told.reason,
    )  # fmt: skip


def close_all(book: Book, holds: Iterable[Hold], told: Told) -> list[Fact]:
    """Lift holds, said lot by lot and place by place, however they were loaded."""
    return [close(book, it, told) for it in sorted(holds, key=lambda it: (it.lot, it.location or "", it.hold))]


def hold(book: Book, requests: Sequence[CloudEvent[HoldLot]]) -> list[Outcome]:
    """Open the holds asked for."""
    return [_hold(book, request) for request in requests]


def _hold(book: Book, request: CloudEvent[HoldLot]) -> Outcome:
    asked = request.data
    if (asked.sku, asked.hold) in book.named:
        return Outcome.refused(Code.HOLD_EXISTS, f"hold {asked.hold} on {asked.sku} exists already", asked.hold)
    lot = known(book, asked.sku, asked.lot)
    if isinstance(lot, Outcome):
        return lot
    if asked.location and (no := undefined(book, asked.location)):
        return no
    told = Told.by(request)
    said = open_on(book, lot, asked.hold, "ASKED", told, location=asked.location, role=asked.role)
    return Outcome(hold_now(book, asked.sku, asked.hold), said)


def lift(book: Book, requests: Sequence[CloudEvent[LiftLot]]) -> list[Outcome]:
    """Close holds, at every lot and place that they are on; all that lies there must be loaded."""
    return [_lift(book, request) for request in requests]


ENDS: Mapping[HoldKind, tuple[Code, str]] = {
    "RETURN": (Code.DISPOSITION_OPEN, "ends with the disposition of return"),
    "EXPIRED": (Code.DATES_DECIDE, "ends with a correction of the expiry:"),
    "EXPIRY_DIFFERS": (Code.DATES_DECIDE, "ends with a correction of the expiry:"),
}
"""Holds that are not lifted by hand, and how they end."""


def _lift(book: Book, request: CloudEvent[LiftLot]) -> Outcome:
    asked, told = request.data, Told.by(request)
    its = [it for it in book.named.get((asked.sku, asked.hold), ()) if it.open and asked.lot in {None, it.lot}]
    if not its:
        on = named(asked.sku, asked.lot) if asked.lot else asked.sku
        return Outcome.refused(Code.UNKNOWN_HOLD, f"no open hold {asked.hold} on {on}", asked.hold)
    for it in its:
        if it.kind in ENDS:
            code, how = ENDS[it.kind]
            detail = f"hold {asked.hold} on {named(it.sku, it.lot)} {how} {it.return_id or it.reason}"
            blocked_by = [address_of("returns", it.return_id)] if it.return_id else []
            return Outcome(refusal=Refusal(code=code, detail=detail, ids=[asked.hold], blocked_by=blocked_by))
    said = close_all(book, its, told)
    return Outcome(hold_now(book, asked.sku, asked.hold), said)
