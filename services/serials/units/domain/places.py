"""Where units lie: put away from staging into storage, moved between places of one kind."""

from collections.abc import Mapping, Sequence

from services.serials.units.domain.book import Book
from services.serials.units.domain.refusals import Outcome, repeated, sort_out
from services.serials.units.domain.transitions import UNCLAIMED, Change
from services.serials.units.domain.unit import Papers, Told, Unit
from shared.contracts.commands.serials import Move, PutAway
from shared.contracts.envelope import CloudEvent
from shared.contracts.problems import Code, Refusal
from shared.contracts.reference import LocationType
from shared.contracts.serials import Status
from shared.identifiers import warehouse_of

Types = Mapping[str, LocationType]
"""The type of each location that is defined."""

KIND_OF_PLACE: Mapping[Status, frozenset[LocationType]] = {
    "RECEIVED": frozenset({"DOCK", "STAGING"}),
    "IN_INVENTORY": frozenset({"STORAGE"}),
}
"""Where a unit of a status may lie (S06, S07)."""


def unknown(location: str, types: Types) -> Refusal | None:
    """Refuse a place that nobody defined."""
    if location in types:
        return None
    return Refusal(code=Code.UNKNOWN_LOCATION, detail=f"location {location} is not defined", ids=[location])


def misplaced(unit: Unit, location: str, kind: LocationType, status: Status) -> Code | None:
    """Say why a unit in a status may not lie there."""
    if unit.warehouse != warehouse_of(location):
        return Code.WRONG_WAREHOUSE
    return None if kind in KIND_OF_PLACE[status] else Code.WRONG_LOCATION_TYPE


def named(refusals: Sequence[Refusal], location: str, types: Types) -> list[Refusal]:
    """Say of units that are refused for the place which that is."""
    where = f"{location} is a {types[location]} place in {warehouse_of(location)}"
    about = {Code.WRONG_WAREHOUSE, Code.WRONG_LOCATION_TYPE}
    return [
        no.model_copy(update={"detail": f"{no.detail}; {where}"}) if no.code in about else no for no in refusals
    ]  # fmt: skip


def claimed(unit: Unit) -> Code | None:
    """Say why nobody but its order may touch a unit."""
    if unit.status not in UNCLAIMED:
        return Code.ILLEGAL_TRANSITION if unit.status == "SHIPPED" else Code.NOT_FREE
    return Code.ADJUSTED if unit.adjustment else None


def put_away(book: Book, requests: Sequence[CloudEvent[PutAway]], types: Types) -> list[Outcome]:
    """Store received units; from then on an order may have them (S07)."""
    return [_put_away(book, request, types) for request in requests]


def _put_away(book: Book, request: CloudEvent[PutAway], types: Types) -> Outcome:
    asked, told = request.data, Told.by(request)
    if no := unknown(asked.location, types) or repeated(asked.serials):
        return Outcome.refused(no)

    def why(unit: Unit) -> Code | None:
        if unit.status != "RECEIVED":
            return Code.ILLEGAL_TRANSITION
        return claimed(unit) or misplaced(unit, asked.location, types[asked.location], "IN_INVENTORY")

    fit, refusals = sort_out((book.unit(asked.sku, serial) for serial in asked.serials), why)
    act = book.act(Change.PUT_AWAY, asked.sku, told, Papers())
    for unit in fit:
        book.step(unit, act, asked.location)
        book.came_free(unit, told)
    return Outcome(act, fit, named(refusals, asked.location, types))


def move(book: Book, requests: Sequence[CloudEvent[Move]], types: Types) -> list[Outcome]:
    """Move units that no order has to another place of the same kind (S36)."""
    return [_move(book, request, types) for request in requests]


def _move(book: Book, request: CloudEvent[Move], types: Types) -> Outcome:
    asked = request.data
    if no := unknown(asked.location, types) or repeated(asked.serials):
        return Outcome.refused(no)

    def why(unit: Unit) -> Code | None:
        return claimed(unit) or misplaced(unit, asked.location, types[asked.location], unit.status or "RECEIVED")

    fit, refusals = sort_out((book.unit(asked.sku, serial) for serial in asked.serials), why)
    act = book.act(Change.MOVED, asked.sku, Told.by(request), Papers())
    for unit in fit:
        book.step(unit, act, asked.location)
    return Outcome(act, fit, named(refusals, asked.location, types))
