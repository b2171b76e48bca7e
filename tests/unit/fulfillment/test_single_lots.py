"""A line from one lot alone: until some of it is picked another lot may serve it, as a whole; then that lot alone."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from shared.contracts.commands.fulfillment import ShortPick, Unpick
from shared.contracts.envelope import Fact
from shared.contracts.fulfillment import AllocationRequested, AllocationWithdrawn, StockDeallocated, StockUnpicked
from shared.contracts.lots import HeldStock, LotHeld
from shared.contracts.problems import Code
from shared.contracts.upstream import OrderAmended
from tests.unit.fulfillment.counted import TODAY, lots, of, pick, piles, stock, taken
from tests.unit.fulfillment.counter import LOT, Counter
from tests.unit.fulfillment.test_orders import asked, line, order

SINGLE = {"single_lot": True}


@pytest.fixture
def counter() -> Counter:
    """An order of 5 of M from one lot: 3 of L1 at A-1 and 2 at A-2 are allocated."""
    counter = Counter()
    counter.products["M"] = LOT
    (demand,) = asked(counter.take(order(wish(5))))
    counter.take(lots(demand, ("L1", "EAST/A-1", 3), ("L1", "EAST/A-2", 2)))
    return counter


def wish(quantity: Any) -> Any:
    """The line, with another quantity."""
    return line("1", "M", quantity).model_copy(update=SINGLE)


def missing(*parts: Any) -> ShortPick:
    """What is not to be found."""
    return ShortPick(order="SO-1", stock=list(parts), reason="gone")


def asked_as_a_whole(facts: list[Fact], quantity: int) -> AllocationRequested:
    """Nothing is wanted again of what went back, the rest is freed, and after that all is asked for, of any lot."""
    assert not any(fact.again for fact in of(facts, StockDeallocated))
    kinds = [type(it) for it in facts if isinstance(it, StockDeallocated | AllocationWithdrawn | AllocationRequested)]
    assert kinds[-2:] == [AllocationWithdrawn, AllocationRequested]
    (whole,) = asked(facts)
    assert (int(whole.quantity), whole.lots, whole.single_lot) == (quantity, [], True)
    return whole


def test_a_short_pick_of_a_part(counter: Counter) -> None:
    """The part goes back held, the rest with it, and the line is asked for as a whole of whatever lot has it (S27)."""
    facts = counter.take(missing(stock("L1", 1, location="EAST/A-1")))
    (back,) = of(facts, StockDeallocated)
    assert (taken(back), bool(back.hold)) == ([("L1", "EAST/A-1", 1.0)], True)
    whole = asked_as_a_whole(facts, 5)
    assert piles(counter) == []
    counter.take(lots(whole, ("L2", "EAST/A-1", 5)))
    assert piles(counter) == [("L2", "ALLOCATED", "5")]


def test_what_was_amended_to_less_is_gone_whole(counter: Counter) -> None:
    """With the surplus given back and all the rest not found, another lot will do for what is wanted now (S27)."""
    (back,) = of(counter.take(OrderAmended(order="SO-1", lines=[wish(3)])), StockDeallocated)
    assert not back.again
    rest = [stock(pile.lot, pile.quantity, location=pile.location) for pile in counter.book.piles]
    asked_as_a_whole(counter.take(missing(*rest)), 3)


def test_what_the_pick_refuses(counter: Counter) -> None:
    """Held at one of its places, the lot is no longer picked at the other: the line is asked for as a whole (S28)."""
    counter.take(LotHeld(sku="M", lot="L1", location="EAST/A-2", hold="H1", reason="wet", stock=[]))
    facts = counter.take(pick(stock("L1", 2, location="EAST/A-2")))
    assert [refusal.code for refusal in counter.refusals] == [Code.HELD]
    asked_as_a_whole(facts, 5)


def test_expired_at_both_its_places(counter: Counter) -> None:
    """What is refused together goes back together, once (S28)."""
    counter.guard = counter.guard._replace(days={"EAST": TODAY + timedelta(days=101)})
    facts = counter.take(pick(stock("L1", 4)))
    assert [refusal.code for refusal in counter.refusals] == [Code.EXPIRED, Code.EXPIRED]
    asked_as_a_whole(facts, 5)
    assert counter.book.lines.get(("SO-1", "1")).allocated == 0  # type: ignore[union-attr]


def test_a_hold_at_one_place(counter: Counter) -> None:
    """A hold on a part of what is allocated leaves nothing of the rest to wait beside (S27, S28)."""
    held = HeldStock(lot="L1", quantity=Decimal(2), order="SO-1", line="1", demand="D1", location="EAST/A-2")
    facts = counter.take(LotHeld(sku="M", lot="L1", location="EAST/A-2", hold="H1", reason="wet", stock=[held]))
    asked_as_a_whole(facts, 5)


def test_once_picked_only_that_lot_will_do(counter: Counter) -> None:
    """Picked in the same message, or before: what is missing is wanted under the demand that has the lot (S27)."""
    counter.take(LotHeld(sku="M", lot="L1", location="EAST/A-2", hold="H1", reason="wet", stock=[]))
    facts = counter.take(pick(stock("L1", 2, location="EAST/A-2"), stock("L1", 1, location="EAST/A-1")))
    (back,) = of(facts, StockDeallocated)
    assert (taken(back), back.again, asked(facts)) == ([("L1", "EAST/A-2", 2.0)], True, [])
    facts = counter.take(missing(stock("L1", 1)))
    assert ([fact.again for fact in of(facts, StockDeallocated)], asked(facts)) == ([True], [])
    assert piles(counter) == [("L1", "ALLOCATED", "1"), ("L1", "PICKED", "1")]


def test_what_is_refused_is_refused_twice(counter: Counter) -> None:
    """A lot that the pick refused is not on its list any more, nor is it what to take instead (S28)."""
    counter.take(LotHeld(sku="M", lot="L1", location=None, hold="H1", reason="wet", stock=[]))
    counter.take(pick(stock("L1", 1, location="EAST/A-1"), stock("L1", 1, location="EAST/A-1")))
    assert [refusal.code for refusal in counter.refusals] == [Code.HELD, Code.NOT_YET_KNOWN]
    assert [refusal.suggested for refusal in counter.refusals] == [[], []]


def test_all_put_back_another_lot_will_do(counter: Counter) -> None:
    """With nothing picked any more, what is still allocated goes back too, and the line asks anew (S12, S27)."""
    counter.take(pick(stock("L1", 2)))
    put_back = Unpick(order="SO-1", stock=[stock("L1", 1)], location="EAST/A-1", reason="torn")
    facts = counter.take(put_back)
    assert ([fact.again for fact in of(facts, StockUnpicked)], asked(facts)) == ([True], [])
    facts = counter.take(put_back)
    assert [fact.again for fact in of(facts, StockUnpicked)] == [False]
    asked_as_a_whole(facts, 5)


def test_what_has_left_counts_as_picked(counter: Counter) -> None:
    """More of a line of which some has left is asked for of the lot that left (S27)."""
    counter.take(pick(stock("L1", 5)))
    (shipped,) = counter.book.lines
    shipped.picked, shipped.shipped = Decimal(0), Decimal(5)
    for pile in list(counter.book.piles):
        pile.status, pile.shipment = "SHIPPED", "SH-1"
    counter.take(OrderAmended(order="SO-1", lines=[line("2", "M", 1)]))
    (more,) = asked(counter.take(OrderAmended(order="SO-1", lines=[wish(7)])))
    assert (int(more.quantity), more.lots) == (2, ["L1"])
