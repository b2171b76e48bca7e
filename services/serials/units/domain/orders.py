"""What fulfillment told of units: deallocated, picked, unpicked, dispatched; each must fit the unit's order."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeVar

from services.serials.units.domain import holds
from services.serials.units.domain.book import Book
from services.serials.units.domain.limits import LimitsOf
from services.serials.units.domain.transitions import Change, after
from services.serials.units.domain.unit import Papers, Told, Unit
from shared.contracts.envelope import CloudEvent
from shared.contracts.fulfillment import (
    AllocationWithdrawn,
    DispatchDone,
    PackedUnit,
    UnitDeallocated,
    UnitPicked,
    UnitUnpicked,
)
from shared.contracts.problems import Code
from shared.identifiers import warehouse_of


class WantedAgain(NamedTuple):
    """Units that came back and are wanted anew under their demand."""

    demand: str
    quantity: int
    told: Told


UnitFact = TypeVar("UnitFact", UnitDeallocated, UnitPicked, UnitUnpicked)


def _fitting(book: Book, event: CloudEvent[UnitFact], change: Change) -> list[Unit]:
    """Give the units that the table and their documents let change; the others are misfits."""
    fact = event.data
    ours = (fact.order, fact.line, fact.demand)
    fit, wrong_status, wrong_papers = [], [], []
    for serial in fact.serials:
        unit = book.unit(fact.sku, serial)
        if after(unit.status, change) is None:
            wrong_status.append(unit)
        elif (unit.order, unit.order_line, unit.demand) != ours:
            wrong_papers.append(unit)
        else:
            fit.append(unit)
    told = f"{change} for order {fact.order} line {fact.line}"
    book.misfit(event, Code.ILLEGAL_TRANSITION, wrong_status, told)
    book.misfit(event, Code.DOCUMENT_MISMATCH, wrong_papers, told)
    return list({unit.serial: unit for unit in fit}.values())


def _papers(fact: UnitFact) -> Papers:
    return Papers(order=fact.order, line=fact.line, demand=fact.demand)


def deallocated(book: Book, events: Sequence[CloudEvent[UnitDeallocated]]) -> list[WantedAgain]:
    """Units go back to stock, held where nobody found them; says what is wanted anew."""
    again = []
    for event in events:
        fact, told, papers = event.data, Told.by(event), _papers(event.data)
        units = _fitting(book, event, Change.DEALLOCATED)
        act = book.act(Change.DEALLOCATED, fact.sku, told, papers, fact.reason)
        for unit in units:
            book.step(unit, act, unit.location)
            unit.let_go()
        if fact.hold:
            hold = book.act(Change.HELD, fact.sku, told, papers._replace(hold=fact.hold), fact.reason)
            for unit in units:
                holds.open_on(book, unit, hold)
        for unit in units:
            book.came_free(unit, told)
        if fact.again and units:
            again.append(WantedAgain(fact.demand, len(units), told))
    return again


def picked(book: Book, events: Sequence[CloudEvent[UnitPicked]]) -> None:
    """Units were taken from their place and staged for packing (S09)."""
    for event in events:
        fact = event.data
        act = book.act(Change.PICKED, fact.sku, Told.by(event), _papers(fact))
        for unit in _fitting(book, event, Change.PICKED):
            book.step(unit, act, fact.location)
            unit.warehouse = warehouse_of(fact.location)


def unpicked(book: Book, events: Sequence[CloudEvent[UnitUnpicked]]) -> list[WantedAgain]:
    """Picked units went back to a storage place (S12); says what is wanted anew."""
    again = []
    for event in events:
        fact, told = event.data, Told.by(event)
        act = book.act(Change.UNPICKED, fact.sku, told, _papers(fact), fact.reason)
        units = _fitting(book, event, Change.UNPICKED)
        for unit in units:
            book.step(unit, act, fact.location)
            unit.let_go()
            unit.warehouse = warehouse_of(fact.location)
            book.came_free(unit, told)
        if fact.again and units:
            again.append(WantedAgain(fact.demand, len(units), told))
    return again


def released(book: Book, events: Iterable[CloudEvent[AllocationWithdrawn]]) -> None:
    """What is still allocated under a withdrawn demand goes back to stock (S11)."""
    under: dict[tuple[str, str], list[Unit]] = defaultdict(list)
    for unit in book.units.values():
        if unit.status == "ALLOCATED" and unit.demand:
            under[unit.sku, unit.demand].append(unit)
    for event in events:
        fact, told = event.data, Told.by(event)
        papers = Papers(order=fact.order, line=fact.line, demand=fact.demand)
        act = book.act(Change.DEMAND_WITHDRAWN, fact.sku, told, papers, fact.reason)
        for unit in under.pop((fact.sku, fact.demand), ()):
            book.step(unit, act, unit.location)
            unit.let_go()
            book.came_free(unit, told)


def dispatched(book: Book, events: Sequence[CloudEvent[DispatchDone]], limits: LimitsOf) -> None:
    """Units left with a shipment (S10): even what was held or expired meanwhile, whose customer is to be called."""
    for event in events:
        for sku, content in by_sku(event.data.units).items():
            _dispatched(book, event, sku, content, limits)


def by_sku(content: Sequence[PackedUnit]) -> dict[str, list[PackedUnit]]:
    """Part what a dispatch names by product."""
    parts: dict[str, list[PackedUnit]] = defaultdict(list)
    for packed in content:
        parts[packed.sku].append(packed)
    return parts


def _dispatched(
    book: Book, event: CloudEvent[DispatchDone], sku: str, content: Sequence[PackedUnit], limits: LimitsOf
) -> None:
    fact, told = event.data, Told.by(event)
    papers = Papers(
        order=fact.order, shipment=fact.shipment, customer=fact.customer, customer_name=fact.customer_name or None,
        contact=fact.contact or None,
    )  # fmt: skip
    acts: dict[str, int] = {}
    wrong_status, wrong_papers, held = [], [], []
    too_late: dict[tuple[Code, str], list[Unit]] = defaultdict(list)
    for packed in content:
        unit = book.unit(sku, packed.serial)
        if after(unit.status, Change.DISPATCHED) is None:
            wrong_status.append(unit)
        elif (unit.order, unit.order_line) != (fact.order, packed.line):
            wrong_papers.append(unit)
        else:
            if packed.line not in acts:
                acts[packed.line] = book.act(Change.DISPATCHED, sku, told, papers._replace(line=packed.line))
            # As it left, not as it is told of: a message may lie overnight.
            limit = limits.get(unit.pool)
            if limit and (late := limit.at(event.time).to_leave(unit, fact.customer)):
                too_late[late].append(unit)
            book.step(unit, acts[packed.line], None)
            unit.shipment, unit.customer, unit.warehouse = fact.shipment, fact.customer, None
            if unit.holds:
                held.append(unit)
    left = f"shipment {fact.shipment} of order {fact.order}"
    book.misfit(event, Code.ILLEGAL_TRANSITION, wrong_status, f"dispatched with {left}")
    book.misfit(event, Code.DOCUMENT_MISMATCH, wrong_papers, f"dispatched with {left}")
    book.misfit(event, Code.HELD, held, f"left with {left} although on hold, call customer {fact.customer}")
    for (code, why), units in too_late.items():
        book.misfit(event, code, units, f"left with {left} although {why}, call customer {fact.customer}")
