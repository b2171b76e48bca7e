"""Counts are compared with the books of their time; the order of arrival does not matter."""

import pytest
from pydantic import ValidationError

from shared.contracts.envelope import Message
from shared.contracts.lot_balances import LotCounted
from tests.support.messages.lots import BIN, DOCK, RACK, SHELF, STAGE
from tests.unit.lots.counted_stock import MESSAGES, CountedStock, at, pick_of


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
    """A movement that arrives after later counts changes the variance of the first of them (S22)."""
    for minute in (20, 25, 25):
        stock.count_at(minute, counted, location)
    assert not any(result.violations for result in stock.play(10, late))
    assert {location: stock.on_hand(location) for location in expected} == expected
    assert stock.variances() == [0, 0, 0]
    in_order = CountedStock()
    in_order.play(10, late)
    in_order.count_at(20, counted, location)
    assert ({place: in_order.on_hand(place) for place in expected}, in_order.variances()) == (expected, [0])


def test_two_late_movements_with_a_count_after_each(stock: CountedStock) -> None:
    """The second movement finds in the books of its time what the first had left there (S22)."""
    stock.count_at(12, 43)
    stock.count_at(16, 0)
    for minute, quantity, location in ((10, 57, BIN), (14, 43, RACK)):
        assert stock.play(minute, MESSAGES.move("B-1", quantity, location))[0].violations == ()
        assert stock.on_hand() == 0
    assert (stock.on_hand(BIN), stock.on_hand(RACK), stock.variances()) == (57, 43, [0, 0])


def test_a_late_movement_between_counts_at_one_time(stock: CountedStock) -> None:
    """The first of the counts has the movement in its variance; the others only differ from it."""
    stock.count_at(12, 43)
    stock.count_at(12, 40)
    stock.play(10, MESSAGES.move("B-1", 57, BIN))
    assert (stock.on_hand(), stock.variances()) == (40, [0, -3])


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
