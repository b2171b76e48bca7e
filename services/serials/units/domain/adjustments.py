"""Units scrapped, lost or found again, and entries that were wrong: kept in history, out of every order's reach."""

from collections.abc import Mapping, Sequence

from services.serials.units.domain.book import Book
from services.serials.units.domain.places import KIND_OF_PLACE, Types, claimed, named, unknown
from services.serials.units.domain.refusals import Outcome, repeated, sort_out
from services.serials.units.domain.transitions import UNCLAIMED, Change
from services.serials.units.domain.unit import Papers, Told, Unit
from shared.contracts.commands.serials import Adjust
from shared.contracts.envelope import CloudEvent
from shared.contracts.problems import Code
from shared.contracts.serials import Adjustment
from shared.identifiers import warehouse_of

CHANGES: Mapping[Adjustment, Change] = {
    "SCRAPPED": Change.SCRAPPED,
    "LOST": Change.LOST,
    "FOUND": Change.FOUND,
    "VOID": Change.VOID,
    "SENT_BACK": Change.SENT_BACK,
}


def adjust(book: Book, requests: Sequence[CloudEvent[Adjust]], types: Types) -> list[Outcome]:
    """Adjust units that no order has; what is found again may be had again."""
    return [_adjust(book, request, types) for request in requests]


def _adjust(book: Book, request: CloudEvent[Adjust], types: Types) -> Outcome:
    asked, told = request.data, Told.by(request)
    found = asked.adjustment == "FOUND"
    elsewhere = asked.location if found else None
    if no := (elsewhere and unknown(elsewhere, types)) or repeated(asked.serials):
        return Outcome.refused(no)

    def why(unit: Unit) -> Code | None:
        return _why_not_found(unit, elsewhere, types) if found else claimed(unit)

    fit, refusals = sort_out((book.unit(asked.sku, serial) for serial in asked.serials), why)
    act = book.act(CHANGES[asked.adjustment], asked.sku, told, Papers(), asked.reason)
    for unit in fit:
        book.step(unit, act, elsewhere or unit.location)
        unit.adjustment = None if found else asked.adjustment
        unit.warehouse = warehouse_of(elsewhere) if elsewhere else unit.warehouse
        book.came_free(unit, told)
    return Outcome(act, fit, named(refusals, elsewhere, types) if elsewhere else refusals)


def _why_not_found(unit: Unit, elsewhere: str | None, types: Types) -> Code | None:
    """What was never missing is not found, and a void entry stays void: there was no such unit."""
    if unit.status not in UNCLAIMED or unit.adjustment in {None, "VOID"}:
        return Code.ILLEGAL_TRANSITION
    if elsewhere and types[elsewhere] not in KIND_OF_PLACE[unit.status]:
        return Code.WRONG_LOCATION_TYPE
    return None
