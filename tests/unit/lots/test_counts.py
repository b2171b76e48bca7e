"""Counts are compared with the books of their time; the order of arrival does not matter."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from services.lots.balances.domain.records import DemandRef
from shared.contracts.envelope import Message
from shared.contracts.lots import LotAdjusted, LotCounted, LotMixingDetected, LotStockMissing
from shared.contracts.quantities import PackedLot, PickedLot
from shared.unit_of_work import CommandResult
from tests.support.events import NOW, to_event
from tests.support.in_memory.lots import InMemoryLots
from tests.support.messages.lot_orders import OrderMessages
from tests.support.messages.lots import BIN, DOCK, OUTBOUND, RACK, SHELF, STAGE

MESSAGES = OrderMessages("A-1")


class CountedStock(InMemoryLots):
    """The lots service with messages of different times; a hundred of lot B-1 are on the shelf."""

    def __init__(self) -> None:
        super().__init__(now=NOW)
        self.play(0, MESSAGES.receive(MESSAGES.received_lot("B-1", 100)), MESSAGES.put_away("B-1", 100))
        self.now = NOW + timedelta(hours=10)

    def play(self, minute: int, *messages: Message) -> list[CommandResult]:
        """Handle messages that occurred at a minute."""
        return self.handle_events([to_event(message, time=at(minute)) for message in messages])

    def count_at(self, minute: int, counted: Any, location: str = SHELF, lot: str = "B-1") -> Any:
        """Count at a minute; returns the result or the code of the rejection."""
        [result] = self.handle(MESSAGES.count(lot, counted, location, counted_at=at(minute)))
        return result.violations[0].code if result.violations else result.body

    def allocate_order(self, number: int, quantity: int) -> None:
        """Allocate a quantity on the shelf to an order; later orders have higher numbers."""
        demand_ref = DemandRef(MESSAGES.demand_id(number), MESSAGES.order_id(number), "1")
        self.allocate(("A-1", "B-1", SHELF), demand_ref, Decimal(quantity))

    def on_hand(self, location: str = SHELF, lot: str = "B-1") -> int:
        """The quantity on hand at a location."""
        return int(self.quantities_at(lot, location)[0])

    def shelf(self) -> tuple[int, int]:
        """The quantities on hand and allocated on the shelf."""
        on_hand, allocated = self.quantities_at("B-1", SHELF)
        return int(on_hand), int(allocated)

    def missing_by_order(self) -> list[tuple[str, int, bool]]:
        """The published missing quantities by order, and whether they were picked."""
        return [
            (affected.order.removeprefix("SO-A-1-"), int(affected.quantity), affected.location is None)
            for event in self.events_of(LotStockMissing)
            for affected in event.stock
        ]

    def variances(self) -> list[int]:
        """The variances of the counts as known at present."""
        return [int(count.variance) for count in self.counts]


def at(minute: int) -> datetime:
    """The time at a minute of the test."""
    return NOW + timedelta(minutes=minute)


def pick_of(number: int, quantity: int, location: str = OUTBOUND) -> Message:
    """The pick of a quantity on the shelf."""
    return MESSAGES.pick(number, MESSAGES.lot_at_location("B-1", quantity)).model_copy(update={"location": location})


def dispatch_of(number: int, quantity: int, location: str = OUTBOUND) -> Message:
    """The dispatch of a quantity picked to a location."""
    content = PackedLot(line="1", sku="A-1", lot="B-1", quantity=Decimal(quantity), location=location)
    return MESSAGES.dispatch(number, {}).model_copy(update={"stock": [content]})


def lost_unpick(number: int, quantity: int, location: str = OUTBOUND) -> Message:
    """The answer of fulfillment to missing picked stock."""
    lots = [PickedLot(lot="B-1", quantity=Decimal(quantity), location=location)]
    return MESSAGES.unpick(number, "B-1", quantity, location, lots=lots, lost=True)


@pytest.fixture
def stock() -> CountedStock:
    """A hundred of lot B-1 on the shelf."""
    return CountedStock()


def test_a_late_count_does_not_undo_a_pick(stock: CountedStock) -> None:
    """A count of what was there before a pick has no variance when it arrives after it (S22)."""
    stock.allocate_order(1, 40)
    stock.play(20, pick_of(1, 40))
    result = stock.count_at(10, 100)
    assert (result.status, result.books, result.variance, stock.on_hand()) == ("SETTLED", 100, 0, 60)
    assert stock.count_at(15, 97).variance == -3
    assert (stock.on_hand(), stock.variances()) == (57, [0, -3])


def test_a_late_count_does_not_undo_a_move(stock: CountedStock) -> None:
    """A count from before a move leaves both locations as they are."""
    stock.play(20, MESSAGES.move("B-1", 100, BIN))
    assert stock.count_at(10, 100).variance == 0
    assert (stock.on_hand(), stock.on_hand(BIN)) == (0, 100)


@pytest.mark.parametrize(
    ("late", "location", "counted", "expected"),
    [
        (MESSAGES.move("B-1", 30, BIN), SHELF, 70, {SHELF: 70, BIN: 30}),
        (MESSAGES.move("B-1", 30, BIN), BIN, 30, {SHELF: 70, BIN: 30}),
        (MESSAGES.adjust("B-1", 5, "SCRAPPED"), SHELF, 95, {SHELF: 95}),
        (MESSAGES.adjust("B-1", 5, "LOST"), SHELF, 95, {SHELF: 95}),
        (MESSAGES.adjust("B-1", 5, "FOUND"), SHELF, 105, {SHELF: 105}),
        (MESSAGES.receive(MESSAGES.received_lot("B-1", 7), location=DOCK), DOCK, 7, {SHELF: 100, DOCK: 7}),
        (MESSAGES.return_from_customer("B-1", 7), STAGE, 7, {SHELF: 100, STAGE: 7}),
    ],
)
def test_a_late_movement_does_not_change_the_counted_quantity(
    stock: CountedStock, late: Message, location: str, counted: int, expected: dict[str, int]
) -> None:
    """A movement from before a count that arrives after it changes its variance, so that both orders agree (S22)."""
    stock.count_at(20, counted, location)
    assert not any(result.violations for result in stock.play(10, late))
    assert {location: stock.on_hand(location) for location in expected} == expected
    assert stock.variances() == [0]
    in_order = CountedStock()
    in_order.play(10, late)
    in_order.count_at(20, counted, location)
    assert ({place: in_order.on_hand(place) for place in expected}, in_order.variances()) == (expected, [0])


def test_a_move_counted_at_both_ends_makes_no_goods(stock: CountedStock) -> None:
    """The gain at one end and the loss at the other vanish with the late move."""
    stock.count_at(20, 0)
    stock.count_at(20, 100, BIN)
    assert (stock.on_hand(), stock.on_hand(BIN), stock.variances()) == (0, 100, [-100, 100])
    stock.play(10, MESSAGES.move("B-1", 100, BIN))
    assert (stock.on_hand(), stock.on_hand(BIN), stock.variances()) == (0, 100, [0, 0])


def test_a_late_movement_takes_only_what_the_books_had(stock: CountedStock) -> None:
    """What a count found in addition was not there before it for a movement."""
    stock.count_at(20, 5, RACK)
    assert stock.play(10, MESSAGES.move("B-1", 5, BIN, RACK))[0].violations[0].code == "insufficient_stock"
    assert stock.play(30, MESSAGES.move("B-1", 5, BIN, RACK))[0].violations == ()


def test_clock_error_and_age(stock: CountedStock) -> None:
    """The time of a count is corrected by the error of the device's clock; it is neither too old nor in the future."""
    stock.play(20, MESSAGES.move("B-1", 100, BIN))
    [result] = stock.handle(MESSAGES.count("B-1", 100, counted_at=at(21), clock_error_seconds=120))
    assert (result.body.counted_at, result.body.variance) == (at(19), 0)  # type: ignore[union-attr]
    assert stock.count_at(601, 100) == "count_in_future"
    assert stock.count_at(600 - 72 * 60 - 1, 100) == "count_too_old"
    assert stock.count_at(18, 100) == "count_superseded"
    assert stock.count_at(19, 100).status == "SETTLED"
    with pytest.raises(ValidationError):
        MESSAGES.count("B-1", 100, clock_error_seconds=120)


def test_a_loss_that_has_left_is_a_discrepancy(stock: CountedStock) -> None:
    """A variance that the stock of today does not cover is kept, and settled by a later count."""
    stock.play(20, MESSAGES.move("B-1", 95, BIN))
    result = stock.count_at(10, 90)
    assert (result.status, result.code, stock.on_hand(), stock.on_hand(BIN)) == (
        "DISCREPANCY",
        "insufficient_stock",
        5,
        95,
    )
    assert [event.status for event in stock.events_of(LotCounted)] == ["DISCREPANCY"]
    stock.count_at(30, 5)
    assert [count.status for count in stock.counts] == ["SUPERSEDED", "SETTLED"]


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


def test_an_unpick_from_before_the_count(stock: CountedStock) -> None:
    """Both the stage that it left and the shelf keep what was counted there."""
    stock.allocate_order(1, 15)
    stock.play(5, pick_of(1, 15))
    stock.count_at(20, 0, OUTBOUND)
    stock.count_at(20, 100)
    lots = [PickedLot(lot="B-1", quantity=Decimal(15), location=OUTBOUND)]
    stock.play(10, MESSAGES.unpick(1, "B-1", 15, SHELF, lots=lots))
    assert (stock.on_hand(), stock.on_hand(OUTBOUND), stock.variances()) == (100, 0, [0, 0])
    assert [int(row.quantity) for row in stock.uow.picked] == [0]


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
    lots = [PickedLot(lot="B-1", quantity=Decimal(15), location=OUTBOUND)]
    stock.play(10, MESSAGES.unpick(1, "B-1", 15, SHELF, lots=lots))
    [mixed] = stock.events_of(LotMixingDetected)
    assert (mixed.location, mixed.lots, stock.on_hand()) == (SHELF, ["B-1", "B-2"], 15)
    assert (stock.count_at(20, 14).variance, stock.count_at(20, 9, SHELF, "B-2").variance) == (-1, -1)
