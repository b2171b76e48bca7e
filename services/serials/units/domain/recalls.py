"""A recall of a product: what of it is known is held, unless it is a mock one, and named with where it is (S46)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from services.serials.units.domain import holds
from services.serials.units.domain.book import Book
from services.serials.units.domain.scopes import Scope
from services.serials.units.domain.transitions import BESIDE, Change
from services.serials.units.domain.unit import Papers, Told, Unit
from shared.contracts.envelope import CloudEvent, chunks
from shared.contracts.lots import RecallOpened
from shared.contracts.serials import RecalledUnit, SerialRecalled


class Shipped(NamedTuple):
    """When a unit left, and whom to call about it."""

    at: datetime
    customer_name: str
    contact: str


class Touched(NamedTuple):
    """What a recall touches, and the units of it that are under its hold."""

    event: CloudEvent[RecallOpened]
    units: Sequence[Unit]
    held: frozenset[str]


def opened(book: Book, events: Sequence[CloudEvent[RecallOpened]]) -> list[Touched]:
    """Hold what recalls touch, and what arrives of it later; a mock one only finds."""
    return [_opened(book, event) for event in events]


def _opened(book: Book, event: CloudEvent[RecallOpened]) -> Touched:
    fact, scope = event.data, Scope.of_recall(event.data)
    units = sorted((unit for unit in book.units.values() if scope.touches(unit)), key=lambda unit: unit.serial)
    if fact.mock:
        return Touched(event, units, frozenset())
    act = book.act(Change.HELD, fact.sku, Told.by(event), Papers(hold=fact.hold), fact.reason)
    book.open_scope(scope, act)
    for unit in units:
        book.watch(unit, scope)
        if unit.status in BESIDE[Change.HELD]:
            holds.open_on(book, unit, act)
    return Touched(event, units, frozenset(unit.serial for unit in book.held.get((fact.sku, fact.hold), {}).values()))


def answered(touched: Iterable[Touched], shipped: Mapping[int | None, Shipped]) -> list[SerialRecalled]:
    """Name what recalls touch in runs, the last marked; an answer without units is an answer."""
    facts = []
    for event, units, held in touched:
        named = [recalled(unit, unit.serial in held, shipped.get(unit.id)) for unit in units]
        runs = list(chunks(named)) or [()]
        facts += [
            SerialRecalled(
                actor=event.actor, cause=event.cause, recall=event.data.recall, sku=event.data.sku, units=list(run),
                last=place == len(runs),
            )
            for place, run in enumerate(runs, start=1)
        ]  # fmt: skip
    return facts


def recalled(unit: Unit, held: bool, shipped: Shipped | None) -> RecalledUnit:
    """Name a unit with where it is: with us, with an order, or with a customer."""
    told = RecalledUnit(
        serial=unit.serial, lot=unit.lot, status=unit.status or "EXPECTED", adjustment=unit.adjustment, held=held,
        location=unit.location, order=unit.order, shipment=unit.shipment, customer=unit.customer,
    )  # fmt: skip
    if unit.status != "SHIPPED" or shipped is None:
        return told
    more = {"shipped_at": shipped.at, "customer_name": shipped.customer_name, "contact": shipped.contact}
    return told.model_copy(update=more)


class News(NamedTuple):
    """A recall that watches a unit of a book, and whether the unit is under its hold."""

    recall: str
    unit: Unit
    held: bool


def said_again(book: Book, news: Iterable[News], shipped: Mapping[int | None, Shipped]) -> list[SerialRecalled]:
    """Say where recalled units are now, after what became of them in a book."""
    last = {id(step.unit): book.acts[step.act].told for step in book.steps}
    together: dict[tuple[str, str], list[News]] = {}
    for one in news:
        together.setdefault((one.recall, one.unit.sku), []).append(one)
    return [
        SerialRecalled(
            actor=last[id(run[-1].unit)].actor, cause=last[id(run[-1].unit)].cause, recall=recall, sku=sku,
            units=[recalled(one.unit, one.held, shipped.get(one.unit.id)) for one in run],
        )
        for (recall, sku), some in together.items()
        for run in chunks(some)
    ]  # fmt: skip
