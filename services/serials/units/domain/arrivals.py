"""What receiving told of units: planned, expected no longer, received, come back from a customer, disposed of.

Each of its facts carries the version of receiving's own row of the unit. Only a higher one than the last is taken, so
plans and receipts of two documents may come in any order, and a repeat changes nothing.
"""

from collections.abc import Iterator, Sequence

from services.serials.units.domain import holds
from services.serials.units.domain.book import Book
from services.serials.units.domain.transitions import UNCLAIMED, Change
from services.serials.units.domain.unit import Papers, Told, Unit
from shared.contracts.envelope import CloudEvent
from shared.contracts.problems import Code
from shared.contracts.receiving import ReceiptPlanned, ReceiptWithdrawn, ReturnDisposed, UnitReceived, UnitReturned
from shared.identifiers import warehouse_of

ON_ARRIVAL = "too little life left at receipt"

Versioned = ReceiptPlanned | ReceiptWithdrawn | UnitReceived | UnitReturned


def _news(book: Book, fact: Versioned) -> Iterator[tuple[Unit, int]]:
    """Give the units of which receiving says something newer than what we took last, and its version."""
    for serial, version in zip(fact.serials, fact.versions, strict=True):
        unit = book.unit(fact.sku, serial)
        if version > unit.receiving_version:
            yield unit, version


def planned(book: Book, events: Sequence[CloudEvent[ReceiptPlanned]]) -> None:
    """Units are announced; one that another receipt expected before is taken over (S05)."""
    for event in events:
        fact = event.data
        papers = Papers(receipt=fact.receipt, line=fact.line)
        act = book.act(Change.PLANNED, fact.sku, Told.by(event), papers)
        misfits = []
        for unit, version in _news(book, fact):
            if not book.step(unit, act, None):
                misfits.append(unit)
                continue
            unit.receiving_version = version
            unit.receipt, unit.receipt_line, unit.warehouse = fact.receipt, fact.line, fact.warehouse
        book.misfit(event, Code.ILLEGAL_TRANSITION, misfits, f"receipt {fact.receipt} plans what is known already")


def withdrawn(book: Book, events: Sequence[CloudEvent[ReceiptWithdrawn]]) -> None:
    """Units are expected no longer; they stay known, on no receipt."""
    for event in events:
        fact = event.data
        papers = Papers(receipt=fact.receipt, line=fact.line)
        act = book.act(Change.EXPECTATION_WITHDRAWN, fact.sku, Told.by(event), papers, fact.reason)
        misfits = []
        for unit, version in _news(book, fact):
            if not book.step(unit, act, None):
                misfits.append(unit)
                continue
            unit.receiving_version = version
            unit.receipt = unit.receipt_line = None
        book.misfit(event, Code.ILLEGAL_TRANSITION, misfits, f"receipt {fact.receipt} no longer expects what is here")


def received(book: Book, events: Sequence[CloudEvent[UnitReceived]]) -> None:
    """Units are physically here, at a dock or staging place, with what their labels say (S06, S24).

    Those with less life left than the product's policy asks for at receipt arrive held.
    """
    for event in events:
        fact, told = event.data, Told.by(event)
        papers = Papers(receipt=fact.receipt, line=fact.line)
        act = book.act(Change.RECEIVED, fact.sku, told, papers)
        hold = book.act(Change.HELD, fact.sku, told, papers._replace(hold=fact.hold), ON_ARRIVAL) if fact.hold else None
        misfits = []
        for unit, version in _news(book, fact):
            if not book.step(unit, act, fact.location):
                misfits.append(unit)
                continue
            unit.receiving_version = version
            unit.receipt, unit.receipt_line = fact.receipt, fact.line
            unit.warehouse, unit.received_at = warehouse_of(fact.location), event.time
            unit.lot = fact.lot or None
            unit.expires(fact.expiry)
            if hold is not None:
                holds.open_on(book, unit, hold)
            holds.open_scoped(book, unit, told)
        book.misfit(event, Code.ILLEGAL_TRANSITION, misfits, f"receipt {fact.receipt} received what is known already")


def returned(book: Book, events: Sequence[CloudEvent[UnitReturned]]) -> None:
    """Shipped units came back: a new episode of the same serial, on hold until their disposition (S18)."""
    for event in events:
        fact, told = event.data, Told.by(event)
        papers = Papers(order=fact.order, customer=fact.customer, return_id=fact.return_id)
        act = book.act(Change.RETURNED, fact.sku, told, papers, fact.reason)
        hold = book.act(Change.HELD, fact.sku, told, papers._replace(hold=fact.hold), fact.reason)
        misfits = []
        for unit, version in _news(book, fact):
            if not book.step(unit, act, fact.location):
                misfits.append(unit)
                continue
            unit.receiving_version = version
            unit.let_go()
            unit.shipment, unit.return_id = None, fact.return_id
            unit.warehouse, unit.received_at = warehouse_of(fact.location), event.time
            holds.open_on(book, unit, hold)
            holds.open_scoped(book, unit, told)
        book.misfit(event, Code.ILLEGAL_TRANSITION, misfits, f"return {fact.return_id} brings what had not left")


DISPOSITIONS = {"SCRAP": Change.SCRAPPED, "SEND_BACK": Change.SENT_BACK}


def disposed(book: Book, events: Sequence[CloudEvent[ReturnDisposed]]) -> None:
    """Returned units go back to stock, are scrapped or sent back; their hold ends."""
    for event in events:
        fact, told = event.data, Told.by(event)
        under = book.held.get((fact.sku, fact.hold), {})
        units = [book.unit(fact.sku, serial) for serial in fact.serials] or list(under.values())
        papers = Papers(return_id=fact.return_id, hold=fact.hold)
        change = DISPOSITIONS.get(fact.disposition)
        misfits: list[Unit] = []
        if change is not None:
            misfits = [unit for unit in units if unit.status not in UNCLAIMED]
            units = [unit for unit in units if unit.status in UNCLAIMED]
            act = book.act(change, fact.sku, told, papers, fact.reason)
            for unit in units:
                if unit.adjustment:  # somebody at the registry was first; what is gone only loses its hold
                    continue
                book.step(unit, act, unit.location)
                unit.adjustment = "SCRAPPED" if change is Change.SCRAPPED else "SENT_BACK"
        lift = book.act(Change.HOLD_LIFTED, fact.sku, told, papers, fact.reason)
        for unit in units:
            holds.lift_from(book, unit, lift)
            book.came_free(unit, told)
        book.misfit(event, Code.ILLEGAL_TRANSITION, misfits, f"return {fact.return_id} disposes of what is not there")
