"""Demands and free stock: who gets what, when."""

from datetime import UTC, datetime

from services.serials.allocation.domain.demand import Demand, Demands
from services.serials.allocation.domain.serve import serve
from services.serials.units.domain.book import Book
from services.serials.units.domain.unit import Told, Unit
from shared.contracts.commands.serials import PutAway
from shared.contracts.envelope import Cause
from shared.contracts.serials import (
    SerialAllocated,
    SerialMoved,
)
from tests.unit.serials.making import SHELF, give_up, names, receive, want
from tests.unit.serials.registry import Registry, stocked

NOW = datetime(2026, 1, 5, 8, tzinfo=UTC)


def test_a_wait_is_served_by_a_later_putaway() -> None:
    """What came too late for an order is given to it when it is put away, the oldest order first (S08)."""
    registry = Registry()
    registry.hear(want("D2", 1), want("D1", 2))
    registry.hear(receive(names(2)))
    assert [unit.status for unit in registry.units.values()] == ["RECEIVED", "RECEIVED"]
    registry.hear(PutAway(sku="A-1", serials=names(2), location=SHELF))
    answers = [(it.demand, [unit.serial for unit in it.given], it.short) for it in registry.saying(SerialAllocated)]
    assert answers == [("D1", [], 2), ("D2", [], 1), ("D1", ["SN-1", "SN-2"], 0)]


def test_higher_priority_goes_first() -> None:
    """An urgent order is served before an older one."""
    registry = stocked(1)
    registry.hear(want("D1", 1), want("D2", 1, priority=9))
    assert {it.demand: len(it.given) for it in registry.saying(SerialAllocated)} == {"D2": 1, "D1": 0}


def test_named_serials_exactly() -> None:
    """A demand for particular serials gets those and no others; why the rest is missing is told."""
    registry = stocked(3)
    registry.hear(want("D1", 2, serials=["SN-2", "SN-9"]))
    [answer] = registry.saying(SerialAllocated)
    assert ([unit.serial for unit in answer.given], answer.short, answer.closed) == (["SN-2"], 1, False)
    assert [(it.reason, it.count) for it in answer.skipped] == [("unknown", 1)]


def test_drop_is_answered_once() -> None:
    """A demand that drops its shortfall gets what is there, and nothing that comes later."""
    registry = stocked(1)
    registry.hear(want("D1", 2, shortfall="DROP"))
    registry.hear(receive(["SN-7"]))
    registry.hear(PutAway(sku="A-1", serials=["SN-7"], location=SHELF))
    [answer] = registry.saying(SerialAllocated)
    assert (len(answer.given), answer.short, answer.closed) == (1, 1, True)
    assert registry.status("SN-7") == "IN_INVENTORY"


def test_withdrawing_frees_and_serves_the_next() -> None:
    """A withdrawn demand's units go back to stock and to the next in line, in the same act (S11)."""
    registry = stocked(1)
    registry.hear(want("D1", 1), want("D2", 1))
    gone = give_up("D1")
    registry.hear(gone)
    assert registry.units["A-1", "SN-1"].order == "SO-D2"
    assert [row.status for row in registry.audit[-2:]] == ["IN_INVENTORY", "ALLOCATED"]
    registry.hear(gone)
    assert registry.units["A-1", "SN-1"].order == "SO-D2"


def test_withdrawn_before_it_was_asked_for() -> None:
    """A demand whose withdrawal came first is born withdrawn."""
    registry = stocked(1)
    registry.hear(give_up("D1"))
    registry.hear(want("D1", 1))
    assert registry.status("SN-1") == "IN_INVENTORY"


def test_the_same_demand_twice() -> None:
    """A demand that is told again gets nothing twice."""
    registry = stocked(3)
    registry.hear(want("D1", 1))
    registry.hear(want("D1", 1), want("D1", 1))
    assert len(registry.saying(SerialAllocated)) == 1


def test_long_acts_are_cut() -> None:
    """An act on more units than a message may name is said in several, none lost."""
    registry = Registry()
    for start in (1, 501, 1001):
        registry.hear(receive(names(500, first=start)))
        registry.hear(PutAway(sku="A-1", serials=names(500, first=start), location=SHELF))
    registry.hear(want("D1", 1200))
    answers = registry.saying(SerialAllocated)
    assert [(len(it.given), it.short) for it in answers] == [(500, 700), (500, 200), (200, 0)]
    assert [len(it.serials) for it in registry.saying(SerialMoved) if it.status == "ALLOCATED"] == [500, 500, 200]


def test_nothing_is_given_where_nothing_came_free() -> None:
    """A demand that a message only named is left as it is, even where a unit fits it by now (S28)."""
    book, demands = Book(), Demands()
    book.adopt([Unit("A-1", "SN-1", 1, status="IN_INVENTORY", warehouse="EAST", received_at=NOW)])
    demands.adopt([Demand("D1", "OPEN", "SO-1", "1", "A-1", "EAST", "C-1", 0, NOW, "WAIT", 1, 1)])
    assert serve(book, demands, {}) == []
    book.came_free(book.unit("A-1", "SN-1"), Told("anna", NOW, Cause(source="test", id="1")))
    assert [act.demand.id for act in serve(book, demands, {})] == ["D1"]
