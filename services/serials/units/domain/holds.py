"""Holds: stop units from being allocated, picked and dispatched, and let them go again.

A hold is no status. A unit is held while any hold on it is open; each has an id, by which it is lifted. A hold on a lot
number is opened on the units that are here, and on each that arrives.
"""

from collections.abc import Sequence

from services.serials.units.domain.book import Book
from services.serials.units.domain.refusals import Outcome, repeated, sort_out
from services.serials.units.domain.scopes import Scope
from services.serials.units.domain.transitions import BESIDE, Change
from services.serials.units.domain.unit import HoldRow, Papers, Told, Unit
from shared.contracts.commands.serials import Hold, Lift
from shared.contracts.envelope import CloudEvent
from shared.contracts.problems import Code, Refusal
from shared.identifiers import address_of


def open_on(book: Book, unit: Unit, act: int) -> None:
    """Open the act's hold on a unit; the same hold twice on one unit is one."""
    hold = book.acts[act].papers.hold or ""
    if unit.key not in book.held.setdefault((unit.sku, hold), {}):
        book.step(unit, act, unit.location)
        unit.holds += 1
        book.held[unit.sku, hold][unit.key] = unit
        if of_return := book.acts[act].papers.return_id:
            book.of_returns[unit.sku, hold] = of_return
        book.opened.append(HoldRow(hold, unit, act))


def open_scoped(book: Book, unit: Unit, told: Told) -> None:
    """Open the holds that what arrives is under: of its lot number, of a recall that names it."""
    for scope in book.scopes.values():
        if scope.touches(unit):
            open_on(book, unit, book.scoped_act(scope, told))
            if scope.recall and not scope.closed:
                book.watch(unit, scope)


def lift_from(book: Book, unit: Unit, act: int) -> None:
    """Lift the act's hold from a unit, if it is open on it."""
    hold = book.acts[act].papers.hold or ""
    if book.held.get((unit.sku, hold), {}).pop(unit.key, None) is not None:
        book.step(unit, act, unit.location)
        unit.holds -= 1
        book.lifted.append(HoldRow(hold, unit, act))


def hold(book: Book, requests: Sequence[CloudEvent[Hold]]) -> list[Outcome]:
    """Open the holds asked for, on the units that are in the house."""
    return [_hold(book, request) for request in requests]


def _hold(book: Book, request: CloudEvent[Hold]) -> Outcome:
    asked = request.data
    key = asked.sku, asked.hold
    if key in {*book.held, *((sku, hold) for sku, hold, _ in (*book.scopes, *book.scopes_over))}:
        detail = f"hold {asked.hold} on {asked.sku} exists already"
        return Outcome.refused(Refusal(code=Code.HOLD_EXISTS, detail=detail, ids=[asked.hold]))
    if twice := repeated(asked.serials):
        return Outcome.refused(twice)
    act = book.act(Change.HELD, asked.sku, Told.by(request), Papers(hold=asked.hold), asked.reason)
    if asked.lot:
        scope = Scope(sku=asked.sku, hold=asked.hold, reason=asked.reason, lots=frozenset([asked.lot]))
        book.open_scope(scope, act)
        fit = [unit for unit in book.units.values() if scope.touches(unit) and not _why_not(unit)]
        refusals: list[Refusal] = []
    else:
        fit, refusals = sort_out((book.unit(asked.sku, serial) for serial in asked.serials), _why_not)
    for unit in fit:
        open_on(book, unit, act)
    return Outcome(act, fit, refusals)


def _why_not(unit: Unit) -> Code | None:
    return None if unit.status in BESIDE[Change.HELD] else Code.ILLEGAL_TRANSITION


def lift(book: Book, requests: Sequence[CloudEvent[Lift]]) -> list[Outcome]:
    """Close holds on all their units; those under no other are free again."""
    return [_lift(book, request) for request in requests]


def _lift(book: Book, request: CloudEvent[Lift]) -> Outcome:
    asked, told = request.data, Told.by(request)
    units = list(book.held.get((asked.sku, asked.hold), {}).values())
    scopes = [scope for scope in book.scopes.values() if (scope.sku, scope.hold) == (asked.sku, asked.hold)]
    if not units and not scopes:
        detail = f"no open hold {asked.hold} on {asked.sku}"
        return Outcome.refused(Refusal(code=Code.UNKNOWN_HOLD, detail=detail, ids=[asked.hold]))
    if of_return := book.of_returns.get((asked.sku, asked.hold)):
        detail = f"hold {asked.hold} is that of return {of_return}, and ends with its disposition"
        address = address_of("returns", of_return)
        refusal = Refusal(code=Code.DISPOSITION_OPEN, detail=detail, ids=[asked.hold], blocked_by=[address])
        return Outcome.refused(refusal)
    act = book.act(Change.HOLD_LIFTED, asked.sku, told, Papers(hold=asked.hold), asked.reason)
    for scope in scopes:
        book.lifted_scopes.append((book.scopes.pop(scope.key), act))
    for unit in units:
        lift_from(book, unit, act)
        book.came_free(unit, told)
    return Outcome(act, units, [])
