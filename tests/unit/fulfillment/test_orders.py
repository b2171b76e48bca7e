"""Placing, amending, cancelling; demands and the answers to them."""

from decimal import Decimal
from typing import Any

import pytest

from services.fulfillment.orders.domain import Product
from shared.contracts.envelope import Fact
from shared.contracts.fulfillment import (
    AllocationRequested,
    AllocationWithdrawn,
    OrderChanged,
    OrderProductChanged,
    OrderRejected,
    UnitDeallocated,
)
from shared.contracts.problems import Code
from shared.contracts.serials import GivenUnit, SerialAllocated, Skipped
from shared.contracts.upstream import (
    Customer,
    OrderAmended,
    OrderCancelled,
    OrderLine,
    OrderLineCancelled,
    OrderPlaced,
)
from tests.unit.fulfillment.counter import LOT, SERIAL, Counter


@pytest.fixture
def counter() -> Counter:
    """Fulfillment, where products A and B are known."""
    return Counter(("A", "B"))


def line(number: str, sku: str = "A", quantity: Any = 1, serials: tuple[str, ...] = ()) -> OrderLine:
    """A line of an order."""
    return OrderLine.model_validate({"line": number, "sku": sku, "quantity": quantity, "serials": list(serials)})


def order(*lines: OrderLine, name: str = "SO-1", **more: Any) -> OrderPlaced:
    """An order of these lines, of one unit of A if none is given."""
    given = {"warehouse": "EAST", "customer": Customer(id="C"), "lines": list(lines) or [line("1")]} | more
    return OrderPlaced.model_validate({"order": name, **given})


def asked(facts: list[Fact]) -> list[AllocationRequested]:
    """The demands among facts."""
    return [fact for fact in facts if isinstance(fact, AllocationRequested)]


def given(wanted: AllocationRequested, *serials: str, **more: Any) -> SerialAllocated:
    """An answer that gives these units."""
    units = [GivenUnit(serial=serial, location="EAST/A-1") for serial in serials]
    about = {"sku": wanted.sku, "demand": wanted.demand, "order": wanted.order, "line": wanted.line, "short": 0}
    return SerialAllocated(**(about | more), given=units)


def test_a_line_that_names_serials_asks_for_them_and_for_any_others_beyond_them(counter: Counter) -> None:
    """Of five units, two named: one demand for exactly these, one for any three."""
    demands = asked(counter.take(order(line("1", quantity=5, serials=("S1", "S2")))))
    assert [(int(demand.quantity), demand.serials) for demand in demands] == [(2, ["S1", "S2"]), (3, [])]


def test_backorders_say_what_a_shortfall_means(counter: Counter) -> None:
    """Refused backorders drop what is short; allowed ones, and orders that ship complete, wait."""
    for backorders, shortfall in (("ALLOWED", "WAIT"), ("REFUSED", "DROP"), ("SHIP_COMPLETE", "WAIT")):
        (demand,) = asked(counter.take(order(name=backorders, backorders=backorders)))
        assert demand.shortfall == shortfall


def test_the_same_order_again_changes_nothing_and_another_under_its_name_is_refused(counter: Counter) -> None:
    """Told apart by all that the order says."""
    counter.take(order())
    assert counter.take(order()) == []
    assert not counter.refusals
    assert counter.codes(order(line("1", quantity=2))) == [Code.DOCUMENT_EXISTS]


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ((line("1"), line("1", "B")), Code.LINE_REPEATED),
        ((line("1", serials=("S1", "S2")),), Code.SERIAL_COUNT),
        ((line("1", serials=("S1",)), line("2", serials=("S1",))), Code.SERIAL_REPEATED),
        ((line("1", quantity="1.5"),), Code.NOT_WHOLE),
        ((line("1", "LOTS", quantity="1.25"),), Code.NOT_WHOLE),
        ((line("1", "LOTS", serials=("S1",)),), Code.NOT_SERIAL_TRACKED),
    ],
)
def test_lines_that_cannot_be_are_refused_with_their_order(lines: tuple[OrderLine, ...], code: Code) -> None:
    """Nothing is placed of an order with a line that no stock could ever fill."""
    counter = Counter(("A", "B"))
    counter.products["LOTS"] = LOT._replace(decimals=1)
    assert counter.take(order(*lines)) == []
    assert [refusal.code for refusal in counter.refusals] == [code]
    assert counter.book.orders.get("SO-1") is None


def test_an_unknown_product_makes_its_line_wait_alone(counter: Counter) -> None:
    """A line for a product that is not defined waits, and is shown as waiting; the others ask."""
    facts = counter.take(order(line("1"), line("2", "NEW")))
    assert [demand.line for demand in asked(facts)] == ["1"]
    (changed,) = [fact for fact in facts if isinstance(fact, OrderChanged)]
    assert changed.status == "WAITING"
    assert [progress.waiting for progress in changed.lines] == [False, True]
    counter.products["NEW"] = SERIAL
    assert [demand.line for demand in asked(counter.take(OrderProductChanged(order="SO-1", sku="NEW")))] == ["2"]
    assert asked(counter.take(OrderProductChanged(order="SO-1", sku="NEW"))) == []


def test_a_product_tracked_otherwise_is_asked_for_at_its_new_owner(counter: Counter) -> None:
    """Its open demands are withdrawn where they are and requested anew (S02)."""
    (before,) = asked(counter.take(order()))
    counter.products["A"] = LOT
    facts = counter.take(OrderProductChanged(order="SO-1", sku="A"))
    assert [fact.demand for fact in facts if isinstance(fact, AllocationWithdrawn)] == [before.demand]
    assert [(demand.tracking, int(demand.quantity)) for demand in asked(facts)] == [("LOT", 1)]


@pytest.mark.parametrize(
    ("wish", "first", "then"), [({"single_lot": True}, SERIAL, LOT), ({"quantity": Decimal("1.5")}, SERIAL, LOT)]
)
def test_a_line_that_does_not_suit_its_product_waits(
    counter: Counter, wish: dict[str, Any], first: Product, then: Product
) -> None:
    """Before its product was known a line asked for one lot, or for half a unit: serials are not given for it (S14)."""
    assert asked(counter.take(order(line("1", "NEW").model_copy(update=wish)))) == []
    for product, demands in ((first, 0), (then, 1)):
        counter.products["NEW"] = product
        assert len(asked(counter.take(OrderProductChanged(order="SO-1", sku="NEW")))) == demands


@pytest.mark.parametrize("cancel", [OrderCancelled(order="SO-1"), OrderLineCancelled(order="SO-1", line="1")])
def test_a_cancel_that_overtakes_its_order_is_remembered(counter: Counter, cancel: Fact) -> None:
    """The order is born cancelled, and asks for nothing that it does not withdraw (S11)."""
    assert counter.take(cancel) == []
    facts = counter.take(order())
    withdrawn = {fact.demand for fact in facts if isinstance(fact, AllocationWithdrawn)}
    assert withdrawn == {demand.demand for demand in asked(facts)}
    assert [fact.status for fact in facts if isinstance(fact, OrderChanged)][-1] == "CANCELLED"
    assert counter.take(cancel) == []


def test_an_amendment_that_overtakes_its_order_looks_once_more_for_products_it_did_not_lock(counter: Counter) -> None:
    """Its new line waits; the order tells itself to look again under that product's lock."""
    counter.take(OrderAmended(order="SO-1", lines=[line("2", "NEW")]))
    facts = counter.take(order())
    assert [fact.sku for fact in facts if isinstance(fact, OrderProductChanged)] == ["NEW"]


def test_more_is_asked_for_beside_what_stands_and_less_anew(counter: Counter) -> None:
    """More of a line opens another demand for the difference; less withdraws and asks for the rest."""
    (first,) = asked(counter.take(order(line("1", quantity=2))))
    counter.take(given(first, "S1", short=1))
    (more,) = asked(counter.take(OrderAmended(order="SO-1", lines=[line("1", quantity=3)])))
    assert (int(more.quantity), more.demand != first.demand) == (1, True)
    facts = counter.take(OrderAmended(order="SO-1", lines=[line("1", quantity=2)]))
    withdrawn = {fact.demand for fact in facts if isinstance(fact, AllocationWithdrawn)}
    assert withdrawn == {first.demand, more.demand}
    assert [int(demand.quantity) for demand in asked(facts)] == [2]


def test_less_of_a_full_line_gives_back_what_is_too_much(counter: Counter) -> None:
    """The others stay allocated: withdrawn whole, they could go to whoever waits. Named units are the last to go."""
    named, others = asked(counter.take(order(line("1", quantity=3, serials=("S1",)))))
    counter.take(given(named, "S1"))
    counter.take(given(others, "S2", "S3"))
    less = line("1", quantity=2, serials=("S1",))
    facts = counter.take(OrderAmended(order="SO-1", lines=[less]))
    assert [(fact.serials, fact.again) for fact in facts if isinstance(fact, UnitDeallocated)] == [(["S2"], False)]
    assert not [fact for fact in facts if isinstance(fact, AllocationWithdrawn | AllocationRequested)]


@pytest.mark.parametrize("early", [False, True])
def test_what_an_amendment_leaves_out_stays(counter: Counter, early: bool) -> None:
    """More of a line that names serials: the names stand, before its order as after it; an empty list drops them."""
    more = OrderAmended.model_validate({"order": "SO-1", "lines": [{"line": "1", "sku": "A", "quantity": 3}]})
    if early:
        counter.take(more)
    facts = counter.take(order(line("1", quantity=2, serials=("S5", "S6"))))
    facts += [] if early else counter.take(more)
    stands = counter.book.lines.get(("SO-1", "1"))
    assert stands is not None
    assert (stands.serials, int(stands.ordered)) == (("S5", "S6"), 3)
    none = {"order": "SO-1", "lines": [{"line": "1", "sku": "A", "quantity": 3, "serials": []}]}
    counter.take(OrderAmended.model_validate(none))
    assert stands.serials == ()


def test_a_new_priority_is_asked_with_anew_by_lines_that_have_nothing(counter: Counter) -> None:
    """A line that has units keeps them and its turn; one that has none asks again, more urgently."""
    full, short = asked(counter.take(order(line("1"), line("2", "B"))))
    counter.take(given(full, "S1"))
    facts = counter.take(OrderAmended(order="SO-1", priority=9))
    assert [(demand.line, demand.priority) for demand in asked(facts)] == [("2", 9)]
    assert [fact.demand for fact in facts if isinstance(fact, AllocationWithdrawn)] == [short.demand]


def test_amendments_that_do_not_fit_are_refused_whole(counter: Counter) -> None:
    """Another product on a line, a cancelled line, a cancelled order: nothing of the amendment is done."""
    counter.take(order(line("1"), line("2", "B")))
    counter.take(OrderLineCancelled(order="SO-1", line="2"))
    change = [line("1", "B"), line("2", "B", 3), line("3")]
    assert counter.codes(OrderAmended(order="SO-1", lines=change)) == [Code.DOCUMENT_MISMATCH, Code.ORDER_CANCELLED]
    assert counter.codes(OrderLineCancelled(order="SO-1", line="9")) == [Code.UNKNOWN_LINE]
    counter.take(OrderCancelled(order="SO-1"))
    assert counter.codes(OrderAmended(order="SO-1", lines=[line("3")])) == [Code.ORDER_CANCELLED]


def test_an_answer_to_a_withdrawn_demand_changes_nothing(counter: Counter) -> None:
    """Its owner frees the units itself when it hears of the withdrawal (S11)."""
    (demand,) = asked(counter.take(order()))
    counter.take(OrderCancelled(order="SO-1"))
    assert counter.take(given(demand, "S1")) == []
    assert counter.book.units.get(("A", "S1")) is None


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"order": "SO-9"}, Code.UNKNOWN_ORDER),
        ({"demand": "never"}, Code.DOCUMENT_MISMATCH),
        ({"line": "2"}, Code.DOCUMENT_MISMATCH),
        ({"sku": "B"}, Code.DOCUMENT_MISMATCH),
    ],
)
def test_answers_that_nobody_asked_for_are_disagreements(counter: Counter, wrong: dict[str, str], code: Code) -> None:
    """They change nothing, and are shown."""
    (demand,) = asked(counter.take(order()))
    (no,) = counter.take(given(demand, "S1", **wrong))
    assert isinstance(no, OrderRejected)
    assert (no.kind, no.code) == ("DISAGREEMENT", code)
    assert counter.book.units.get(("A", "S1")) is None


def test_more_than_was_asked_for_and_what_another_order_has_are_disagreements(counter: Counter) -> None:
    """A unit is in one order's hands, and a line is never given more than it ordered."""
    (first,) = asked(counter.take(order()))
    (other,) = asked(counter.take(order(name="SO-2")))
    counter.take(given(first, "S1"))
    for answer in (given(other, "S1"), given(other, "S2", "S3"), given(other, "S2", "S2")):
        assert [fact.kind for fact in counter.take(answer) if isinstance(fact, OrderRejected)] == ["DISAGREEMENT"]
    assert counter.take(given(other, "S2", skipped=[Skipped(reason="on hold", count=1)]))


def test_an_order_whose_shortfall_is_dropped_is_complete_without_it(counter: Counter) -> None:
    """Nothing more will come of it."""
    (demand,) = asked(counter.take(order(line("1", quantity=2), backorders="REFUSED")))
    (changed,) = counter.take(given(demand, short=2, closed=True))
    assert isinstance(changed, OrderChanged)
    assert (changed.status, changed.lines[0].short) == ("COMPLETE", 2)


@pytest.mark.parametrize("product", [SERIAL, LOT._replace(decimals=0)])
def test_a_line_that_waits_for_a_whole_quantity_asks_once_it_is_amended(product: Product) -> None:
    """Half a unit of a product that turns out to be counted in whole ones waits; amended, it is asked for (S14)."""
    counter = Counter()
    counter.take(order(line("1", sku="N", quantity="1.5")))
    counter.products["N"] = product
    assert not asked(counter.take(OrderProductChanged(order="SO-1", sku="N")))
    (demand,) = asked(counter.take(OrderAmended(order="SO-1", lines=[line("1", sku="N", quantity=2)])))
    assert int(demand.quantity) == 2
    assert counter.book.orders.get("SO-1").status == "OPEN"  # type: ignore[union-attr]


@pytest.mark.parametrize("quantity", [3, 4])
def test_a_new_priority_is_asked_with_for_lines_that_the_message_repeats(quantity: int) -> None:
    """An order sent once more with another priority: what is open stands under the new one, and under no other."""
    counter = Counter()
    (old,) = asked(counter.take(order(line("1", quantity=3))))
    facts = counter.take(OrderAmended(order="SO-1", priority=9, lines=[line("1", quantity=quantity)]))
    over = {fact.demand for fact in facts if isinstance(fact, AllocationWithdrawn)}
    standing = [demand for demand in asked(facts) if demand.demand not in over]
    assert old.demand in over
    assert [(int(demand.quantity), demand.priority) for demand in standing] == [(quantity, 9)]


def test_a_line_that_has_a_part_keeps_it_whatever_the_priority(counter: Counter) -> None:
    """Withdrawn to be asked for more urgently, its units would be free, and could go to whoever waits."""
    (old,) = asked(counter.take(order(line("1", quantity=3))))
    counter.take(given(old, "S1", short=2))
    facts = counter.take(OrderAmended(order="SO-1", priority=9))
    assert not [fact for fact in facts if isinstance(fact, AllocationWithdrawn | AllocationRequested)]
