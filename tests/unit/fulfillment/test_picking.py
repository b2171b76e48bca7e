"""Picks, short picks, unpicks, exchanges and holds."""

import pytest

from shared.contracts.commands.fulfillment import Exchange, Pick, ShortPick, Unit, Unpick
from shared.contracts.fulfillment import (
    AllocationRequested,
    OrderChanged,
    UnitDeallocated,
    UnitPicked,
    UnitUnpicked,
)
from shared.contracts.problems import Code
from shared.contracts.serials import HeldUnit, SerialHeld, SerialHoldLifted
from shared.contracts.upstream import OrderAmended, OrderCancelled
from tests.unit.fulfillment.counter import Counter
from tests.unit.fulfillment.test_orders import asked, given, line, order


@pytest.fixture
def counter() -> Counter:
    """An order SO-1 of three units of A, with S1 and S2 allocated; SO-2 has S3."""
    counter = Counter(("A", "B"))
    for name, quantity, serials in (("SO-1", 3, ("S1", "S2")), ("SO-2", 1, ("S3",))):
        (demand,) = asked(counter.take(order(line("1", quantity=quantity), name=name)))
        counter.take(given(demand, *serials, short=quantity - len(serials)))
    return counter


def pick(*serials: str, order: str = "SO-1", location: str = "EAST/STAGE") -> Pick:
    """A pick of units of A."""
    return Pick(order=order, units=units(*serials), location=location)


def units(*serials: str) -> list[Unit]:
    """Units of A as scanned."""
    return [Unit(sku="A", serial=serial) for serial in serials]


def test_only_the_units_of_the_pick_list_are_picked(counter: Counter) -> None:
    """Any other serial is refused, with whose it is or where to look it up; the right ones are taken (S20)."""
    facts = counter.take(pick("S1", "S3", "S9", "S1"))
    (picked,) = [fact for fact in facts if isinstance(fact, UnitPicked)]
    assert picked.serials == ["S1"]
    said = {refusal.code: refusal.blocked_by for refusal in counter.refusals}
    assert said == {
        Code.SERIAL_REPEATED: [],
        Code.NOT_ALLOCATED_HERE: ["/orders/SO-2"],
        Code.NOT_YET_KNOWN: ["/serials/A/S9"],
    }
    assert counter.codes(pick("S1")) == [Code.ALREADY_PICKED]


def test_what_cannot_be_on_its_way_is_refused_for_good(counter: Counter) -> None:
    """An order that is short of nothing will not be given the unit in a moment (S20)."""
    assert counter.codes(pick("S9", order="SO-2")) == [Code.NOT_ALLOCATED_HERE]
    (refusal,) = counter.refusals
    assert refusal.blocked_by == ["/serials/A/S9"]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (pick("S1", order="SO-9"), Code.UNKNOWN_ORDER),
        (pick("S1", location="EAST/NO"), Code.UNKNOWN_LOCATION),
        (pick("S1", location="EAST/A-1"), Code.WRONG_LOCATION_TYPE),
        (pick("S1", location="WEST/STAGE"), Code.WRONG_WAREHOUSE),
    ],
)
def test_a_pick_is_staged_in_its_warehouse(counter: Counter, wrong: Pick, code: Code) -> None:
    """Only a dock or staging place of the order's warehouse will do (S09)."""
    assert counter.codes(wrong) == [code]


def test_a_cancelled_order_is_not_picked_and_its_picked_units_go_back_for_good(counter: Counter) -> None:
    """Cancel and pick have one winner; what was picked waits for its unpick, which wants nothing anew (S11, S12)."""
    counter.take(pick("S1"))
    counter.take(OrderCancelled(order="SO-1"))
    assert counter.codes(pick("S2")) == [Code.ORDER_CANCELLED]
    facts = counter.take(Unpick(order="SO-1", units=units("S1"), location="EAST/A-1", again=True, reason="cancelled"))
    (back,) = [fact for fact in facts if isinstance(fact, UnitUnpicked)]
    assert not back.again
    assert not asked(facts)


def test_a_short_pick_gives_back_held_and_wants_another(counter: Counter) -> None:
    """The unit is not found where it should be: held for somebody to look, its quantity open again."""
    facts = counter.take(ShortPick(order="SO-1", units=units("S1"), reason="not on the shelf"))
    (back,) = [fact for fact in facts if isinstance(fact, UnitDeallocated)]
    assert (back.serials, back.again, bool(back.hold)) == (["S1"], True, True)
    (changed,) = [fact for fact in facts if isinstance(fact, OrderChanged)]
    assert (changed.lines[0].allocated, changed.lines[0].short) == (1, 2)
    counter.take(pick("S2"))
    assert counter.codes(ShortPick(order="SO-1", units=units("S2"), reason="?")) == [Code.ALREADY_PICKED]


def test_what_a_live_line_puts_back_it_wants_again(counter: Counter) -> None:
    """A picked unit goes back to a storage place (S12), and another is sought; who wants none amends or cancels."""
    counter.take(pick("S1", "S2"))
    wrong = Unpick(order="SO-1", units=units("S1"), location="EAST/STAGE", reason="x")
    assert counter.codes(wrong) == [Code.WRONG_LOCATION_TYPE]
    back = Unpick(order="SO-1", units=units("S1"), location="EAST/A-1", reason="wrong colour")
    assert counter.codes(back.model_copy(update={"again": False})) == [Code.STILL_WANTED]
    assert [fact.again for fact in counter.take(back) if isinstance(fact, UnitUnpicked)] == [True]
    assert counter.codes(Unpick(order="SO-1", units=units("S1"), location="EAST/A-1", reason="x")) == [Code.NOT_PICKED]


def test_what_is_wanted_again_of_a_withdrawn_demand_is_asked_for_anew(counter: Counter) -> None:
    """A picked unit whose demand an amendment has withdrawn comes back, and a new demand stands beside it."""
    counter.take(pick("S1"))
    counter.take(OrderAmended(order="SO-1", lines=[line("1", quantity=2)]))
    facts = counter.take(Unpick(order="SO-1", units=units("S1"), location="EAST/A-1", reason="wrong"))
    assert [fact.again for fact in facts if isinstance(fact, UnitUnpicked)] == [False]
    assert [int(demand.quantity) for demand in asked(facts)] == [1]
    assert counter.codes(OrderAmended(order="SO-1", lines=[line("1", quantity=2)])) == []


def test_less_than_was_picked_cannot_be_wanted(counter: Counter) -> None:
    """The quantity of a line stays at least what was picked of it."""
    counter.take(pick("S1", "S2"))
    assert counter.codes(OrderAmended(order="SO-1", lines=[line("1", quantity=1)])) == [Code.BELOW_PICKED]


def exchange(serial: str, instead: str, order: str = "SO-1") -> Exchange:
    """A supervisor wants another unit."""
    return Exchange(order=order, unit=Unit(sku="A", serial=serial), instead=instead, reason="older first")


def test_an_exchange_gives_back_for_good_and_asks_by_name(counter: Counter) -> None:
    """The unit is not wanted again, or it would be served once more; the other is wanted by name, or dropped."""
    facts = counter.take(exchange("S1", "S7"))
    (back,) = [fact for fact in facts if isinstance(fact, UnitDeallocated)]
    (demand,) = asked(facts)
    assert (back.serials, back.again) == (["S1"], False)
    assert (demand.serials, demand.shortfall, int(demand.quantity)) == (["S7"], "DROP", 1)
    counter.take(given(demand, "S7", closed=True))
    assert counter.take(pick("S7"))


def test_an_exchange_that_fails_asks_for_any_unit_again(counter: Counter) -> None:
    """The named unit was not free after all: the line's quantity is wanted as before."""
    (demand,) = asked(counter.take(exchange("S1", "S7")))
    facts = counter.take(given(demand, short=1, closed=True))
    (again,) = asked(facts)
    assert (again.serials, again.shortfall) == ([], "WAIT")


def test_an_exchange_for_what_is_not_free_is_refused_at_once(counter: Counter) -> None:
    """What our own orders have, what is picked or of another order, is not given up for nothing."""
    assert counter.codes(exchange("S1", "S3")) == [Code.NOT_FREE]
    assert counter.refusals[0].blocked_by == ["/orders/SO-2"]
    assert counter.codes(exchange("S3", "S7")) == [Code.NOT_ALLOCATED_HERE]
    counter.take(pick("S1"))
    assert counter.codes(exchange("S1", "S7")) == [Code.ALREADY_PICKED]


def test_a_hold_sends_back_what_is_not_picked_yet(counter: Counter) -> None:
    """An allocated unit is deallocated, its quantity wanted again; a picked one stays, marked; others are no news."""
    counter.take(pick("S1"))
    held = [
        HeldUnit(serial="S1", status="PICKED", order="SO-1", line="1"),
        HeldUnit(serial="S2", status="ALLOCATED", order="SO-1", line="1"),
        HeldUnit(serial="S9", status="IN_INVENTORY"),
    ]
    facts = counter.take(SerialHeld(sku="A", hold="H", reason="recall", units=held))
    (back,) = [fact for fact in facts if isinstance(fact, UnitDeallocated)]
    assert (back.serials, back.again, back.hold) == (["S2"], True, None)
    assert not [fact for fact in facts if isinstance(fact, AllocationRequested)]


@pytest.mark.parametrize("meant", ["SO-1", None])
def test_news_of_a_hold_that_was_lifted_before_another_order_got_the_unit_changes_nothing(
    counter: Counter, meant: str | None
) -> None:
    """In one batch the allocation to the next order may be taken before the hold that came earlier: they agree."""
    held = HeldUnit(serial="S3", status="ALLOCATED" if meant else "IN_INVENTORY", order=meant)
    assert not counter.take(SerialHeld(sku="A", hold="H", reason="looked at", units=[held]))
    assert not counter.take(SerialHoldLifted(sku="A", hold="H", reason="it is fine", serials=["S3"]))
    assert not counter.codes(pick("S3", order="SO-2"))


def test_a_unit_that_left_before_and_came_back_may_just_have_been_given(counter: Counter) -> None:
    """Its return is the registry's business: while the order waits for units, it is not known yet, not refused."""
    counter.book.gone["A", "S7"] = "SO-0"
    assert counter.codes(pick("S7")) == [Code.NOT_YET_KNOWN]
    assert counter.refusals[0].blocked_by == ["/orders/SO-0"]
