"""Counts of locations where picked or allocated stock stands."""

from decimal import Decimal

import pytest

from shared.contracts.envelope import Message
from shared.contracts.lot_balances import LotAdjusted
from shared.contracts.lots import LotMixingDetected
from shared.contracts.quantities import ScannedPickedLot
from tests.support.messages.lots import BIN, OUTBOUND, RACK, SHELF, STAGE
from tests.unit.lots.counted_stock import MESSAGES, CountedStock, dispatch_of, lost_unpick, pick_of


@pytest.fixture
def stock() -> CountedStock:
    """A hundred of lot B-1 on the shelf."""
    return CountedStock()


def test_picked_stock_is_counted_where_it_stands(stock: CountedStock) -> None:
    """A count of the packing stage lists the stock of orders, which is part of what is counted (S22)."""
    stock.allocate_order(1, 15)
    stock.play(10, pick_of(1, 15))
    result = stock.count_at(20, 15, OUTBOUND)
    assert (result.variance, stock.on_hand(OUTBOUND)) == (0, 0)
    assert [(picked.order, picked.line, picked.quantity) for picked in result.picked] == [
        (MESSAGES.order_id(1), "1", 15)
    ]
    assert stock.count_at(30, 18, OUTBOUND).variance == 3
    assert stock.on_hand(OUTBOUND) == 3


def test_picked_stock_that_is_not_found_is_taken_from_the_last_order(stock: CountedStock) -> None:
    """Stock on hand covers a loss first, then the orders served last; their unpick as lost changes nothing more."""
    for number in (1, 2):
        stock.allocate_order(number, 10)
        stock.play(10, pick_of(number, 10))
    stock.count_at(20, 22, OUTBOUND)
    result = stock.count_at(30, 7, OUTBOUND)
    assert (result.variance, stock.on_hand(OUTBOUND)) == (-15, 0)
    assert stock.missing_by_order() == [("2", 10, True), ("1", 3, True)]
    assert stock.count_at(35, 7, OUTBOUND).variance == 0, "missing stock is not missed twice"
    stock.play(40, lost_unpick(2, 10), lost_unpick(1, 3))
    assert [int(row.quantity) for row in stock.uow.picked] == [7, 0]
    assert stock.count_at(50, 7, OUTBOUND).variance == 0
    assert [event.quantity for event in stock.events_of(LotAdjusted) if event.adjustment == "LOST"] == [10, 3]


def test_a_pick_that_arrives_after_the_count_of_its_stage(stock: CountedStock) -> None:
    """What the count found in addition becomes the picked stock."""
    stock.allocate_order(1, 15)
    stock.count_at(20, 15, OUTBOUND)
    assert stock.on_hand(OUTBOUND) == 15
    stock.play(10, pick_of(1, 15))
    assert (stock.on_hand(OUTBOUND), stock.variances(), stock.on_hand()) == (0, [0], 85)


def test_an_empty_stage_counted_before_the_pick_arrives(stock: CountedStock) -> None:
    """Picked stock that the count did not find is missing as soon as its pick arrives."""
    stock.allocate_order(1, 15)
    stock.count_at(20, 0, OUTBOUND)
    stock.play(10, pick_of(1, 15))
    assert stock.missing_by_order() == [("1", 15, True)]
    stock.play(30, lost_unpick(1, 15))
    assert stock.count_at(40, 0, OUTBOUND).variance == 0


def test_a_dispatch_that_arrives_after_the_count_of_its_stage(stock: CountedStock) -> None:
    """What had left with a shipment is missed until the dispatch arrives, then the stock on hand is back."""
    stock.allocate_order(1, 15)
    stock.play(5, pick_of(1, 15))
    stock.count_at(10, 20, OUTBOUND)
    stock.count_at(20, 5, OUTBOUND)
    assert (stock.on_hand(OUTBOUND), stock.missing_by_order()) == (0, [("1", 10, True)])
    stock.play(15, dispatch_of(1, 15))
    assert (stock.on_hand(OUTBOUND), stock.variances()) == (5, [5, 0])


def test_a_dispatch_of_what_the_count_did_not_find(stock: CountedStock) -> None:
    """What left in addition was there: a gain of the count."""
    stock.allocate_order(1, 15)
    stock.play(5, pick_of(1, 15))
    stock.count_at(10, 3, OUTBOUND)
    stock.play(15, dispatch_of(1, 15))
    assert (stock.on_hand(OUTBOUND), stock.variances()) == (0, [0])


def test_an_unpick_from_before_the_count(stock: CountedStock) -> None:
    """Both the stage that it left and the shelf keep what was counted there."""
    stock.allocate_order(1, 15)
    stock.play(5, pick_of(1, 15))
    stock.count_at(20, 0, OUTBOUND)
    stock.count_at(20, 100)
    lots = [ScannedPickedLot(lot="B-1", quantity=Decimal(15), location=OUTBOUND)]
    stock.play(10, MESSAGES.unpick(1, "B-1", 15, SHELF, lots=lots))
    assert (stock.on_hand(), stock.on_hand(OUTBOUND), stock.variances()) == (100, 0, [0, 0])
    assert [int(row.quantity) for row in stock.uow.picked] == [0]


LOTS = [ScannedPickedLot(lot="B-1", quantity=Decimal(15), location=OUTBOUND)]
LATE_FACTS = {
    "pick": ([], pick_of(1, 15), {SHELF: 85, OUTBOUND: 15}),
    "unpick": ([pick_of(1, 15)], MESSAGES.unpick(1, "B-1", 15, SHELF, lots=LOTS), {SHELF: 100, OUTBOUND: 0}),
    "dispatch": ([pick_of(1, 15)], dispatch_of(1, 15), {SHELF: 85, OUTBOUND: 0}),
    "disposition": (
        [MESSAGES.return_from_customer("B-1", 15), MESSAGES.adjust("B-1", 20, "FOUND", STAGE)],
        MESSAGES.dispose_return("B-1", 15, disposition="SCRAP"),
        {SHELF: 100, STAGE: 20},
    ),
}


@pytest.mark.parametrize(("earlier", "late", "expected"), LATE_FACTS.values(), ids=LATE_FACTS)
def test_a_late_fact_changes_the_first_count_after_it(
    stock: CountedStock, earlier: list[Message], late: Message, expected: dict[str, int]
) -> None:
    """It leaves the counts before and after it, and what stands there, as in order of time (S22)."""
    stock.allocate_order(1, 15)
    stock.play(5, *earlier)
    for minute in (20, 25):
        for location, counted in expected.items():
            stock.count_at(minute, counted, location)
    stock.play(10, late)
    standing = {
        location: stock.on_hand(location) + sum(row.quantity for row in stock.uow.picked if row.location == location)
        for location in expected
    }
    assert (standing, stock.variances()) == (expected, [0, 0, 0, 0])
    assert not any(row.missing for row in stock.uow.picked)


def test_a_count_below_the_allocated_quantity_is_taken(stock: CountedStock) -> None:
    """The excess is unavailable at once, and the orders served last lose it (S11, S22)."""
    for number, quantity in ((1, 50), (2, 30)):
        stock.allocate_order(number, quantity)
    result = stock.count_at(20, 60)
    assert (result.variance, stock.shelf()) == (-40, (60, 80))
    assert stock.missing_by_order() == [("2", 20, False)]
    assert stock.rejection_codes(MESSAGES.move("B-1", 1, BIN)) == ["insufficient_stock"]
    stock.play(30, MESSAGES.deallocate(2, MESSAGES.lot_at_location("B-1", 20)))
    assert stock.shelf() == (60, 60)


def test_a_pick_before_the_release_is_a_fact(stock: CountedStock) -> None:
    """It takes what the count had left for others; what it takes in addition was there: a gain of the count."""
    for number, quantity in ((1, 60), (2, 40)):
        stock.allocate_order(number, quantity)
    stock.count_at(20, 60)
    stock.play(30, pick_of(2, 40))
    assert (stock.on_hand(), stock.missing_by_order()) == (20, [("2", 40, False), ("1", 40, False)])
    stock.play(40, pick_of(1, 60))
    assert (stock.on_hand(), stock.variances()) == (0, [0])


def test_a_pick_from_before_a_count_below_the_allocated_quantity(stock: CountedStock) -> None:
    """The count had the pick in it: nothing is lost."""
    stock.allocate_order(1, 100)
    stock.count_at(20, 0)
    stock.play(10, pick_of(1, 100))
    assert (stock.shelf(), stock.variances()) == ((0, 0), [0])


def test_returned_stock_without_a_disposition_cannot_be_counted_away(stock: CountedStock) -> None:
    """Its disposition decides on it first."""
    stock.play(10, MESSAGES.return_from_customer("B-1", 5))
    result = stock.count_at(20, 2, STAGE)
    assert (result.status, result.code, stock.on_hand(STAGE)) == ("DISCREPANCY", "disposition_pending", 5)


def test_another_lot_at_a_storage_location_is_a_discrepancy(stock: CountedStock) -> None:
    """It is kept and not booked; at a staging location, where lots may mix, it is booked (S30)."""
    stock.play(5, MESSAGES.receive(MESSAGES.received_lot("B-2", 10)))
    result = stock.count_at(20, 4, SHELF, "B-2")
    assert (result.status, result.code, stock.on_hand(SHELF, "B-2")) == ("DISCREPANCY", "mixed_lots_not_allowed", 0)
    assert stock.count_at(20, 0, SHELF, "B-2").status == "SETTLED"
    assert stock.count_at(20, 4, RACK, "B-2").status == "SETTLED"
    assert (stock.on_hand(RACK, "B-2"), stock.count_at(20, 1, STAGE, "B-2").status) == (4, "SETTLED")


def test_an_unpick_to_a_location_with_another_lot_is_a_fact(stock: CountedStock) -> None:
    """It is taken in and reported, and both lots can be counted there (S12, S30)."""
    stock.allocate_order(1, 15)
    stock.play(5, pick_of(1, 15), MESSAGES.move("B-1", 85, RACK))
    stock.play(6, MESSAGES.receive(MESSAGES.received_lot("B-2", 10)), MESSAGES.put_away("B-2", 10))
    lots = [ScannedPickedLot(lot="B-1", quantity=Decimal(15), location=OUTBOUND)]
    stock.play(10, MESSAGES.unpick(1, "B-1", 15, SHELF, lots=lots))
    [mixed] = stock.events_of(LotMixingDetected)
    assert (mixed.location, mixed.lots, stock.on_hand()) == (SHELF, ["B-1", "B-2"], 15)
    assert (stock.count_at(20, 14).variance, stock.count_at(20, 9, SHELF, "B-2").variance) == (-1, -1)
