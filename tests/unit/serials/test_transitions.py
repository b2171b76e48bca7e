"""The one table of a unit's life."""

from itertools import product

import pytest

from services.serials.units.domain.book import Book
from services.serials.units.domain.transitions import BESIDE, STATUSES, TRANSITIONS, Change, after
from services.serials.units.domain.unit import Papers, Told
from shared.contracts.envelope import Cause
from shared.contracts.serials import Status
from tests.unit.serials.making import DAWN

TOLD = Told("ann", DAWN, Cause(source="test", id="m0"))

LEGAL = {
    (None, "planned", "EXPECTED"),
    ("EXPECTED", "planned", "EXPECTED"),
    ("EXPECTED", "expectation withdrawn", "EXPECTED"),
    (None, "received", "RECEIVED"),
    ("EXPECTED", "received", "RECEIVED"),
    ("RECEIVED", "put away", "IN_INVENTORY"),
    ("IN_INVENTORY", "allocated", "ALLOCATED"),
    ("ALLOCATED", "deallocated", "IN_INVENTORY"),
    ("ALLOCATED", "demand withdrawn", "IN_INVENTORY"),
    ("ALLOCATED", "picked", "PICKED"),
    ("PICKED", "unpicked", "IN_INVENTORY"),
    ("PICKED", "dispatched", "SHIPPED"),
    ("SHIPPED", "returned", "RECEIVED"),
}


def test_the_six_statuses() -> None:
    """The statuses are the specification's six, in its order (S04)."""
    assert STATUSES == ("EXPECTED", "RECEIVED", "IN_INVENTORY", "ALLOCATED", "PICKED", "SHIPPED")


def test_the_table_is_exactly_the_written_one() -> None:
    """The table holds the written rows, the Cancel and Return edges among them, and no other (S04, S11, S12)."""
    assert {(before, str(change), status) for (before, change), status in TRANSITIONS.items()} == LEGAL


@pytest.mark.parametrize(("status", "change"), list(product([None, *STATUSES], Change)))
def test_what_is_not_in_the_table_changes_nothing(status: Status | None, change: Change) -> None:
    """A unit takes a step only along the table, or stays where it is by a change beside the status (S04)."""
    book = Book()
    unit = book.unit("A-1", "SN-1")
    unit.status = status
    legal = (status, change) in TRANSITIONS or status in BESIDE.get(change, ())
    act = book.act(change, "A-1", TOLD, Papers())
    assert book.step(unit, act, "EAST/A-01") is legal
    assert unit.status == (after(status, change) if legal else status)
    assert [(step.from_status, step.status) for step in book.steps] == ([(status, unit.status)] if legal else [])
    assert unit.version == len(book.steps)


def test_putaway_is_the_way_in() -> None:
    """Only a putaway, a deallocation, a withdrawal or an unpick leads to IN_INVENTORY (S07, S11, S12)."""
    ways_in = {str(change) for (_, change), status in TRANSITIONS.items() if status == "IN_INVENTORY"}
    assert ways_in == {"put away", "deallocated", "demand withdrawn", "unpicked"}


def test_a_received_unit_cannot_be_allocated() -> None:
    """A unit in staging is not allocated before its putaway (S06)."""
    assert after("RECEIVED", Change.ALLOCATED) is None
