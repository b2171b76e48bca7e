"""What the pick looks at besides its list: the day, the life demanded, the copies of holds; and holds that come."""

from datetime import timedelta
from decimal import Decimal

import pytest

from shared.contracts.commands.fulfillment import Pick, Unit
from shared.contracts.fulfillment import (
    StockDeallocated,
    UnitDeallocated,
)
from shared.contracts.lots import HeldStock, LotHeld, LotHoldLifted
from shared.contracts.problems import Code
from shared.contracts.serials import GivenUnit, SerialAllocated
from shared.contracts.upstream import CustomerLife, LifePolicy
from tests.unit.fulfillment.counted import TODAY, lots, of, pick, piles, stock, stocked, taken
from tests.unit.fulfillment.counter import LOT, Counter
from tests.unit.fulfillment.test_orders import asked, line, order


@pytest.fixture
def counter() -> Counter:
    """An order of lots, partly allocated."""
    return stocked()


@pytest.mark.parametrize(
    ("left", "demands", "code"),
    [
        (0, (0, 0, 0), None),
        (-1, (0, 0, 0), Code.EXPIRED),
        (5, (5, 0, 0), None),
        (4, (5, 0, 0), Code.LIFE_TOO_SHORT),
        (30, (0, 30, 0), None),
        (29, (0, 30, 0), Code.LIFE_TOO_SHORT),
        (30, (0, 10, 30), None),
        (29, (0, 10, 30), Code.LIFE_TOO_SHORT),
    ],
)
@pytest.mark.parametrize("sku", ["M", "A"])
def test_the_guard_at_the_pick(sku: str, left: int, demands: tuple[int, int, int], code: Code | None) -> None:
    """Goods are good through their last day; too old ones are refused, go back, and are wanted again (S28)."""
    stop_pick, customer, demanded = demands
    counter = Counter(("A",))
    counter.products["M"] = LOT
    life = LifePolicy(stop_pick_days=stop_pick, customers=[CustomerLife(customer="C", min_life_days=customer)])
    counter.guard.lives.update({sku: life})  # type: ignore[attr-defined]
    (demand,) = asked(counter.take(order(line("1", sku, 1), min_life_days=demanded)))
    expiry = TODAY + timedelta(days=left)
    if sku == "M":
        counter.take(lots(demand, ("L1", "EAST/A-1", 1), expiry=expiry))
        scan = pick(stock("L1", 1))
    else:
        unit = GivenUnit(serial="S1", location="EAST/A-1", expiry=expiry)
        counter.take(SerialAllocated(sku="A", demand=demand.demand, order="SO-1", line="1", given=[unit], short=0))
        scan = Pick(order="SO-1", units=[Unit(sku="A", serial="S1")], location="EAST/STAGE")
    facts = counter.take(scan)
    assert [refusal.code for refusal in counter.refusals] == ([code] if code else [])
    again = [fact.again for fact in facts if isinstance(fact, StockDeallocated | UnitDeallocated)]
    assert again == ([True] if code else [])


def test_what_is_held_is_not_picked(counter: Counter) -> None:
    """By our copy of the holds, even of a hold that did not name the order: refused, given back, sought anew (S28)."""
    counter.take(LotHeld(sku="M", lot="L1", location="EAST/A-2", hold="H1", reason="wet", stock=[]))
    assert counter.codes(pick(stock("L1", 1))) == []
    counter.take(LotHeld(sku="M", lot="L1", location="EAST/A-1", hold="H2", reason="wet", stock=[]))
    facts = counter.take(pick(stock("L1", 1), stock("L2", 1)))
    assert [refusal.code for refusal in counter.refusals] == [Code.HELD]
    (back,) = of(facts, StockDeallocated)
    assert (taken(back), back.again) == ([("L1", "EAST/A-1", 3.0)], True)
    assert piles(counter) == [("L1", "PICKED", "1"), ("L2", "ALLOCATED", "2.5"), ("L2", "PICKED", "1")]


def test_without_its_warehouse_no_day_is_known(counter: Counter) -> None:
    """What expires is not picked before we know what day it is there (S28)."""
    counter.guard.days.clear()  # type: ignore[attr-defined]
    assert counter.codes(pick(stock("L1", 1))) == [Code.UNKNOWN_WAREHOUSE]
    assert ("L1", "ALLOCATED", "4") in piles(counter)


def test_a_hold_on_a_lot_sends_back_what_is_not_picked(counter: Counter) -> None:
    """What is still to pick is deallocated and wanted again; what is picked stays, marked, and is not packed."""
    counter.take(pick(stock("L1", 1)))
    held = [HeldStock(order="SO-1", line="1", demand="D1", lot="L1", quantity=Decimal(4))]
    facts = counter.take(LotHeld(sku="M", lot="L1", hold="H", reason="recall", stock=held))
    (back,) = of(facts, StockDeallocated)
    assert (taken(back), back.again) == ([("L1", "EAST/A-1", 3.0)], True)
    (pile,) = [pile for pile in counter.book.piles if pile.lot == "L1"]
    assert (pile.status, pile.held) == ("PICKED", True)
    counter.take(LotHoldLifted(sku="M", lot="L1", hold="H", reason="fine"))
    counter.take(pick(stock("L2", 1)))
    assert not pile.held


def test_a_hold_at_a_place_is_on_what_lies_there(counter: Counter) -> None:
    """What is allocated elsewhere, or picked, is not touched by a hold on a lot at one place."""
    counter.take(pick(stock("L1", 1)))
    held = [HeldStock(order="SO-1", line="1", demand="D1", lot="L1", quantity=Decimal(3), location="EAST/A-1")]
    for place, gone in (("EAST/A-9", 0), ("EAST/A-1", 1)):
        facts = counter.take(LotHeld(sku="M", lot="L1", location=place, hold=place, reason="wet", stock=held))
        assert len(of(facts, StockDeallocated)) == gone
    assert piles(counter) == [("L1", "PICKED", "1"), ("L2", "ALLOCATED", "3.5")]
