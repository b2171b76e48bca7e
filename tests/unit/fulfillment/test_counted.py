"""Order lines of lots and of untracked products: answers, picks, short picks, unpicks, exchanges and holds."""

from datetime import timedelta
from decimal import Decimal

import pytest

from services.fulfillment.orders.domain import Product
from shared.contracts.commands.fulfillment import ExchangeStock, Pick, ShortPick, Unit, Unpick
from shared.contracts.fulfillment import (
    AllocationWithdrawn,
    OrderRejected,
    StockDeallocated,
    StockPicked,
    StockUnpicked,
)
from shared.contracts.lots import GivenLot, LotAllocated, SkippedStock
from shared.contracts.problems import Code
from shared.contracts.upstream import Customer, OrderAmended, OrderCancelled
from tests.unit.fulfillment.counted import TODAY, lots, of, pick, piles, stock, stocked, taken
from tests.unit.fulfillment.counter import Counter
from tests.unit.fulfillment.test_orders import asked, line, order


@pytest.fixture
def counter() -> Counter:
    """An order of lots, partly allocated."""
    return stocked()


def test_a_line_asks_with_its_lots_and_the_life_it_demands(counter: Counter) -> None:
    """Named lots, a single lot and the life to be left travel with the demand; part of a unit is fine (S27)."""
    wanted = line("1", "M", "1.25").model_copy(update={"lots": ["L7", "007"], "single_lot": True})
    (demand,) = asked(counter.take(order(wanted, name="SO-2", min_life_days=30)))
    assert (demand.lots, demand.single_lot, demand.min_life_days) == (["L7", "007"], True, 30)
    assert (demand.quantity, demand.tracking) == (Decimal("1.25"), "LOT")


@pytest.mark.parametrize("sku", ["A", "N"])
def test_lots_are_asked_for_only_of_what_has_them(counter: Counter, sku: str) -> None:
    """A lot of a serialised or untracked product could never be found: refused with its order."""
    wanted = line("1", sku).model_copy(update={"lots": ["L1"]})
    assert counter.codes(order(wanted, name="SO-2")) == [Code.NOT_LOT_TRACKED]


def test_an_answer_gives_piles_and_tells_what_was_passed_over(counter: Counter) -> None:
    """Each lot at its place stands in the order's hands; what was skipped is shown with its reason (S08, S27)."""
    (wanted,) = asked(counter.take(order(line("1", "M", 5), name="SO-2")))
    skipped = [SkippedStock(lot="L0", quantity=Decimal("2.50"), reason="expired")]
    facts = counter.take(lots(wanted, ("L3", "EAST/A-3", 2), short=3, skipped=skipped))
    assert not of(facts, OrderRejected)
    demand = counter.book.demands.get(wanted.demand)
    assert demand is not None
    assert (int(demand.given), demand.outcome) == (2, "2.5 of M lot L0 expired")


def test_more_than_a_line_is_short_of_is_a_disagreement(counter: Counter) -> None:
    """A line is never given more than was ordered."""
    demand = next(iter(counter.book.demands))
    more = LotAllocated(
        sku="M", demand=demand.demand, order="SO-1", line="1", short=Decimal(0),
        given=[GivenLot(lot="L3", location="EAST/A-1", quantity=Decimal("2.500001"))],
    )  # fmt: skip
    (no,) = counter.take(more)
    assert isinstance(no, OrderRejected)
    assert piles(counter) == [("L1", "ALLOCATED", "4"), ("L2", "ALLOCATED", "3.5")]


def test_an_answer_to_a_withdrawn_demand_changes_nothing(counter: Counter) -> None:
    """Its owner frees the quantities itself (S11)."""
    demand = next(iter(counter.book.demands))
    facts = counter.take(OrderCancelled(order="SO-1"))
    assert [fact.demand for fact in of(facts, AllocationWithdrawn)] == [demand.demand]
    assert piles(counter) == []
    late = LotAllocated(
        sku="M", demand=demand.demand, order="SO-1", line="1", short=Decimal(0),
        given=[GivenLot(lot="L3", location="EAST/A-1", quantity=Decimal(1))],
    )  # fmt: skip
    assert counter.take(late) == []


def test_a_part_of_a_pile_is_picked(counter: Counter) -> None:
    """The pile splits; parts picked one after the other are one pile again; the place it came from is told (S20)."""
    for quantity in ("1", "0.5"):
        facts = counter.take(pick(stock("L1", quantity)))
        (fact,) = of(facts, StockPicked)
        assert (taken(fact), fact.location) == ([("L1", "EAST/A-1", float(quantity))], "EAST/STAGE")
    assert piles(counter) == [("L1", "ALLOCATED", "2.5"), ("L1", "PICKED", "1.5"), ("L2", "ALLOCATED", "3.5")]
    assert counter.codes(pick(stock("L1", 2), stock("L1", "0.5"))) == []
    assert piles(counter) == [("L1", "PICKED", "4"), ("L2", "ALLOCATED", "3.5")]


def test_another_lot_is_refused_with_the_one_to_take(counter: Counter) -> None:
    """A wrong lot, more than is to pick, no lot at all: refused, saying which lot to take (S02, S20)."""
    for wrong in ("L9", "", "l1", "01"):
        assert counter.codes(pick(stock(wrong, 1))) == [Code.NOT_ALLOCATED_HERE]
        assert counter.refusals[0].suggested == ["L1", "L2"]
    assert "EAST/A-1" in counter.refusals[0].detail
    assert counter.codes(pick(stock("L1", "4.000001"))) == [Code.NOT_ENOUGH]
    assert counter.codes(pick(stock("L1", 3), stock("L1", 3))) == [Code.NOT_ENOUGH]
    counter.take(pick(stock("L1", 1), stock("L2", "3.5")))
    assert counter.codes(pick(stock("L1", 1, location="EAST/A-2"))) == [Code.ALREADY_PICKED]
    assert counter.codes(pick(stock("L1", 1, sku="Q"))) == [Code.NOT_ALLOCATED_HERE]
    assert counter.codes(pick(stock("L1", 1, line="9"))) == [Code.UNKNOWN_LINE]


def test_what_may_be_under_way_is_not_known_yet(counter: Counter) -> None:
    """With nothing on its list and a demand open the order may be given the lot in a moment."""
    counter.take(order(line("1", "M", 1), name="SO-2"))
    assert counter.codes(pick(stock("L1", 1), order="SO-2")) == [Code.NOT_YET_KNOWN]


def test_serials_are_picked_by_serial_and_lots_by_lot(counter: Counter) -> None:
    """No pick of a tracked product without its serials or lot (S02)."""
    counter.take(order(line("1", "A", 1), name="SO-2"))
    assert counter.codes(pick(stock("L1", 1, sku="A"), order="SO-2")) == [Code.NOT_COUNTED]
    unit = Pick(order="SO-1", units=[Unit(sku="M", serial="S1")], location="EAST/STAGE")
    assert counter.codes(unit) == [Code.NOT_SERIAL_TRACKED]


def test_a_short_pick_gives_back_held(counter: Counter) -> None:
    """What is missing goes back with a hold on the lot at that place; the rest can be picked (S20)."""
    facts = counter.take(ShortPick(order="SO-1", stock=[stock("L1", 1)], reason="one box less"))
    (back,) = of(facts, StockDeallocated)
    assert (taken(back), back.again, bool(back.hold)) == ([("L1", "EAST/A-1", 1.0)], True, True)
    assert counter.codes(ShortPick(order="SO-1", stock=[stock("L1", 4)], reason="?")) == [Code.NOT_ENOUGH]


def test_an_unpick_puts_a_part_back(counter: Counter) -> None:
    """A part of what was picked lies in a storage place again: wanted again, unless its order is cancelled."""
    counter.take(pick(stock("L1", 4)))
    back = Unpick(order="SO-1", stock=[stock("L1", 1)], location="EAST/A-1", reason="torn")
    assert counter.codes(back.model_copy(update={"again": False})) == [Code.STILL_WANTED]
    (fact,) = of(counter.take(back), StockUnpicked)
    assert (taken(fact), fact.location, fact.again) == ([("L1", None, 1.0)], "EAST/A-1", True)
    counter.take(OrderCancelled(order="SO-1"))
    rest = Unpick(order="SO-1", stock=[stock("L1", 3)], location="EAST/A-1", again=False, reason="cancelled")
    assert [fact.again for fact in of(counter.take(rest), StockUnpicked)] == [False]
    assert counter.codes(rest) == [Code.NOT_PICKED]


def test_an_exchange_of_a_lot(counter: Counter) -> None:
    """So much goes back for good, as much of the lot named is asked for; what it does not have is wanted of any."""
    facts = counter.take(ExchangeStock(order="SO-1", stock=stock("L1", 3), instead="L5", reason="customer asked"))
    (back,), (demand,) = of(facts, StockDeallocated), asked(facts)
    assert (taken(back), back.again) == ([("L1", "EAST/A-1", 3.0)], False)
    assert (demand.lots, demand.shortfall, int(demand.quantity)) == (["L5"], "DROP", 3)
    facts = counter.take(lots(demand, ("L5", "EAST/A-5", 2), short=1, closed=True))
    (rest,) = asked(facts)
    assert (int(rest.quantity), rest.lots, rest.shortfall) == (1, [], "WAIT")
    assert ("L5", "ALLOCATED", "2") in piles(counter)


def test_a_part_of_a_unit_is_not_parted(counter: Counter) -> None:
    """Half a bottle is neither exchanged, picked nor missing; all that an order has goes, whatever it is (S14, S20)."""
    counter.products["M"] = Product("LOT", 0)
    for act in (
        ExchangeStock(order="SO-1", stock=stock("L1", "0.5"), instead="L5", reason="customer asked"),
        pick(stock("L1", "0.5")),
        ShortPick(order="SO-1", stock=[stock("L1", "0.5")], reason="gone"),
    ):
        assert counter.codes(act) == [Code.NOT_WHOLE]
    (wanted,) = asked(counter.take(order(line("1", "M", 3), name="SO-2")))
    counter.take(lots(wanted, ("L9", "EAST/A-9", "1.5"), short=1))
    assert counter.codes(pick(stock("L9", 1), order="SO-2")) == []
    assert counter.codes(pick(stock("L9", "0.5"), order="SO-2")) == []


def test_another_customer_may_demand_more_life(counter: Counter) -> None:
    """The owner of the lots is asked anew for whom it is; another contact of the same one changes nothing (S28)."""
    same = Customer(id="C", contact="+1 555 0100")
    assert asked(counter.take(OrderAmended(order="SO-1", customer=same))) == []
    facts = counter.take(OrderAmended(order="SO-1", customer=Customer(id="BIG")))
    (demand,) = asked(facts)
    assert (demand.customer, int(demand.quantity), len(of(facts, AllocationWithdrawn))) == ("BIG", 10, 1)


def test_an_exchange_that_cannot_be(counter: Counter) -> None:
    """For the same lot, of more than is there, of what is picked, for a cancelled order: refused at once."""

    def codes(lot: str, quantity: int, instead: str = "L5") -> list[str]:
        return counter.codes(ExchangeStock(order="SO-1", stock=stock(lot, quantity), instead=instead, reason="why not"))

    assert codes("L1", 1, "L1") == [Code.NOT_FREE]
    assert codes("L1", 5) == [Code.NOT_ENOUGH]
    assert codes("L9", 1) == [Code.NOT_ALLOCATED_HERE]
    counter.take(pick(stock("L1", 4), stock("L2", "3.5")))
    assert codes("L1", 1) == [Code.ALREADY_PICKED]
    counter.take(OrderCancelled(order="SO-1"))
    assert codes("L1", 1) == [Code.ORDER_CANCELLED]


def test_a_line_of_a_single_lot_is_exchanged_whole(counter: Counter) -> None:
    """A part of another lot would make two of it; all of it may be exchanged (S27)."""
    wanted = line("1", "M", 5).model_copy(update={"single_lot": True})
    (demand,) = asked(counter.take(order(wanted, name="SO-2")))
    counter.take(lots(demand, ("L1", "EAST/A-1", 5)))
    part = ExchangeStock(order="SO-2", stock=stock("L1", 2), instead="L5", reason="customer asked")
    assert counter.codes(part) == [Code.LOTS_MIXED]
    (whole,) = asked(counter.take(part.model_copy(update={"stock": stock("L1", 5)})))
    assert (whole.lots, whole.single_lot, int(whole.quantity)) == (["L5"], True, 5)


def test_less_of_a_full_line_gives_back_what_expires_last(counter: Counter) -> None:
    """The pile that is last to expire is spared first, and splits (S27)."""
    (demand,) = asked(counter.take(order(line("1", "M", 5), name="SO-2")))
    counter.take(lots(demand, ("L1", "EAST/A-1", 2), expiry=TODAY + timedelta(days=3), short=3))
    counter.take(lots(demand, ("L2", "EAST/A-2", 3)))
    facts = counter.take(OrderAmended(order="SO-2", lines=[line("1", "M", "3.5")]))
    (back,) = of(facts, StockDeallocated)
    assert (taken(back), back.again) == ([("L2", "EAST/A-2", 1.5)], False)


def test_more_of_a_single_lot_is_asked_for_as_a_whole(counter: Counter) -> None:
    """What is not picked is given back to be served from one lot; once some is picked, that lot alone will do."""
    single = {"single_lot": True}
    (demand,) = asked(counter.take(order(line("1", "M", 2).model_copy(update=single), name="SO-2")))
    counter.take(lots(demand, ("L1", "EAST/A-1", 2)))
    facts = counter.take(OrderAmended(order="SO-2", lines=[line("1", "M", 3).model_copy(update=single)]))
    (whole,) = asked(facts)
    assert (int(whole.quantity), whole.lots, len(of(facts, AllocationWithdrawn))) == (3, [], 1)
    counter.take(lots(whole, ("L2", "EAST/A-1", 3)))
    counter.take(pick(stock("L2", 1), order="SO-2"))
    (rest,) = asked(counter.take(OrderAmended(order="SO-2", lines=[line("1", "M", 4).model_copy(update=single)])))
    assert (int(rest.quantity), rest.lots, rest.single_lot) == (3, ["L2"], True)


def test_another_life_demanded_asks_anew(counter: Counter) -> None:
    """What is not picked is asked for once more, or it would be served as it is, refused, and served again (S28)."""
    facts = counter.take(OrderAmended(order="SO-1", min_life_days=200))
    (demand,) = asked(facts)
    assert (int(demand.quantity), demand.min_life_days, len(of(facts, AllocationWithdrawn))) == (10, 200, 1)
    assert piles(counter) == []
