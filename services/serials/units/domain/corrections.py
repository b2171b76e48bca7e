"""The expiry of units was read wrongly: corrected with a reason, which lifts the hold of what has not expired.

Serials and lot numbers are never corrected (S17, S25).
"""

from collections.abc import Sequence
from datetime import date

from services.serials.units.domain import holds
from services.serials.units.domain.book import Book
from services.serials.units.domain.limits import LimitsOf
from services.serials.units.domain.refusals import Outcome, repeated, sort_out
from services.serials.units.domain.transitions import Change
from services.serials.units.domain.unit import Papers, Told, Unit
from shared.contracts.commands.serials import Correct
from shared.contracts.envelope import CloudEvent
from shared.contracts.problems import Code, Refusal
from shared.stock.expiry import is_expired

EXPIRED = "EXPIRED-"
"""What the ids of holds on what has expired begin with."""


def expired_hold(warehouse: str, expiry: date) -> str:
    """Name the hold on what expired on a day in a warehouse."""
    return f"{EXPIRED}{expiry}-{warehouse}"


def correct(book: Book, requests: Sequence[CloudEvent[Correct]], limits: LimitsOf) -> list[Outcome]:
    """Correct the expiry of units, wherever they are; what is good again may be had again."""
    return [_correct(book, request, limits) for request in requests]


def _correct(book: Book, request: CloudEvent[Correct], limits: LimitsOf) -> Outcome:
    asked, told = request.data, Told.by(request)
    if twice := repeated(asked.serials):
        return Outcome.refused(twice)
    if asked.expiry is None and any(it.life.expiry_required for (sku, _), it in limits.items() if sku == asked.sku):
        detail = f"units of {asked.sku} are not without an expiry date: hold them until the date is known"
        return Outcome.refused(Refusal(code=Code.EXPIRY_MISSING, detail=detail, ids=list(asked.serials)))
    fit, refusals = sort_out((book.unit(asked.sku, serial) for serial in asked.serials), lambda _: None)
    acts: dict[date | None, int] = {}
    for unit in fit:
        if unit.expiry not in acts:
            reason = f"{asked.reason} (expiry {unit.expiry or 'none'}, now {asked.expiry or 'none'})"
            acts[unit.expiry] = book.act(Change.CORRECTED, asked.sku, told, Papers(), reason)
        book.step(unit, acts[unit.expiry], unit.location)
        if unit.expiry != asked.expiry:
            unit.expires(asked.expiry)
    for unit in fit:
        limit = limits.get(unit.pool)
        if limit is None or not is_expired(unit.expiry, limit.day):
            _good_again(book, unit, told, asked.reason)
        book.came_free(unit, told)
    return Outcome(min(acts.values(), default=None), fit, refusals)


def _good_again(book: Book, unit: Unit, told: Told, reason: str) -> None:
    names = [hold for (_, hold), units in book.held.items() if hold.startswith(EXPIRED) and unit.key in units]
    for hold in names:
        holds.lift_from(book, unit, book.act(Change.HOLD_LIFTED, unit.sku, told, Papers(hold=hold), reason))
