"""Stock that pickers did not find: only the missing quantity leaves the pickable stock, until a count (S11, S20)."""

from datetime import timedelta
from typing import Any

import pytest

from shared.contracts.envelope import Message
from shared.contracts.lots import LotAdjusted, LotRejected, LotStockMissing, LotVarianceChanged
from shared.contracts.problems import Code
from tests.support.events import NOW, to_event
from tests.support.in_memory.lot_allocation import InMemoryAllocation
from tests.support.messages.lot_orders import OrderMessages

SHELF, OTHER_SHELF = "EAST/1", "EAST/2"
MESSAGES = OrderMessages()


@pytest.fixture
def lots() -> InMemoryAllocation:
    """A shelf of 10 of one lot, of which two orders have 5 each."""
    service = InMemoryAllocation()
    service.add_lot("L1", None, 1)
    service.add_stock("L1", SHELF, 10)
    service.play(MESSAGES.request_allocation(1, 5), MESSAGES.request_allocation(2, 5))
    return service


def short_pick(number: int, quantity: Any, remaining: Any = None) -> Message:
    """A report that an order misses a quantity."""
    missing = MESSAGES.lot_at_location("L1", quantity, SHELF)
    variance_id = f"V-{number}-{quantity}-{remaining}"
    return MESSAGES.deallocate(number, missing, reallocate=True, variance_id=variance_id, remaining=remaining)


def pick(number: int, quantity: Any) -> Message:
    """A pick of an order."""
    return MESSAGES.pick(number, MESSAGES.lot_at_location("L1", quantity, SHELF))


def quantities(lots: InMemoryAllocation, location: str = SHELF) -> tuple[int, ...]:
    """Quantities on hand, allocated and missing at a location."""
    balance = lots.uow.balances["A-1", "L1", location]
    return int(balance.on_hand), int(balance.allocated), int(balance.missing)


def handle_at(lots: InMemoryAllocation, minutes: int, *messages: Message) -> None:
    """Handle messages as of some minutes after the start."""
    at = lots.now + timedelta(minutes=minutes)
    lots.handle_events([to_event(message).model_copy(update={"time": at}) for message in messages])


def settlements(lots: InMemoryAllocation) -> list[tuple[str | None, int]]:
    """Settlement and missing quantity of the variances."""
    return [(variance.settlement, int(variance.missing)) for variance in lots.uow.variances]


@pytest.mark.parametrize("is_reported_first", [True, False])
def test_rest_can_be_picked_before_and_after_the_report(lots: InMemoryAllocation, is_reported_first: bool) -> None:
    """Two true messages have the same result in either order."""
    messages = [short_pick(1, 2), pick(1, 3)]
    for message in messages if is_reported_first else reversed(messages):
        lots.play(message)
    assert quantities(lots) == (7, 5, 2)
    assert not lots.events_of(LotRejected)
    lots.play(pick(2, 5))
    assert quantities(lots) == (2, 0, 2)


def test_other_orders_of_the_lot_stay_served(lots: InMemoryAllocation) -> None:
    """One order misses 1 of its 5; the other keeps all 5, and the first gets a replacement from elsewhere at once."""
    lots.add_stock("L1", OTHER_SHELF, 3)
    (allocation,) = lots.play(short_pick(1, 1))
    assert [(part.location, int(part.quantity)) for part in allocation.allocated] == [(OTHER_SHELF, 1)]
    assert quantities(lots) == (10, 9, 1)


def test_missing_stock_is_skipped_with_its_reason(lots: InMemoryAllocation) -> None:
    """The answer to a demand names what is under investigation."""
    (allocation,) = lots.play(short_pick(1, 2))
    assert [(lot.lot, int(lot.quantity), lot.reason) for lot in allocation.skipped] == [
        ("L1", 2, "under investigation")
    ]
    assert (int(allocation.open_quantity), len(allocation.allocated)) == (2, 0)


@pytest.mark.parametrize(
    ("remaining", "missing", "conflicts"), [(0, 10, 0), (3, 7, 0), (8, 2, 0), (9, 2, 1), (12, 2, 1)]
)
def test_everything_above_the_remaining_quantity_is_missing(
    lots: InMemoryAllocation, remaining: int, missing: int, conflicts: int
) -> None:
    """What the order misses is missing in any case; a remaining quantity that contradicts it is a conflict."""
    lots.play(short_pick(1, 2, remaining))
    assert quantities(lots)[2] == missing
    assert [rejected.code for rejected in lots.events_of(LotRejected)] == [Code.REMAINING_EXCEEDS_STOCK] * conflicts


@pytest.mark.parametrize(
    ("reporter", "remaining", "released"),
    [(1, 8, []), (1, 6, [(2, 2)]), (1, 3, [(2, 5)]), (1, 2, [(2, 5), (1, 1)]), (2, 3, [(1, 5)])],
)
def test_orders_beyond_the_remaining_quantity_are_served_anew(
    lots: InMemoryAllocation, reporter: int, remaining: int, released: list[tuple[int, int]]
) -> None:
    """Whoever reports keeps what remains, to pick it; other orders are named to fulfillment, which releases them."""
    lots.play(short_pick(reporter, 2, remaining))
    missing = [(lot.order, int(lot.quantity)) for event in lots.events_of(LotStockMissing) for lot in event.stock]
    assert missing == [(MESSAGES.order_id(number), quantity) for number, quantity in released]
    assert all(lot.location == SHELF for event in lots.events_of(LotStockMissing) for lot in event.stock)


def test_released_stock_stays_missing(lots: InMemoryAllocation) -> None:
    """What fulfillment releases is not allocated again at the same location."""
    lots.play(short_pick(1, 2, 6))
    missing = MESSAGES.lot_at_location("L1", 2, SHELF)
    (allocation,) = lots.play(MESSAGES.deallocate(2, missing, reallocate=True))
    assert (quantities(lots), len(allocation.allocated)) == ((10, 6, 4), 0)


def test_second_report_of_a_shelf_does_not_double_the_variance(lots: InMemoryAllocation) -> None:
    """Two pickers miss stock of one shelf and leave the same; a later one that sees more reduces the variance."""
    lots.play(short_pick(1, 2, 6))
    lots.play(short_pick(2, 2, 6))
    assert (quantities(lots), settlements(lots)) == ((10, 6, 4), [(None, 4), ("SUPERSEDED", 0)])
    lots.play(short_pick(2, 1, 7))
    assert quantities(lots)[2] == 3
    assert not lots.events_of(LotRejected)


def test_reports_without_remaining_quantity_add_up(lots: InMemoryAllocation) -> None:
    """Each order misses stock of its own."""
    lots.play(short_pick(1, 2), short_pick(2, 1))
    assert (quantities(lots), settlements(lots)) == ((10, 7, 3), [(None, 2), (None, 1)])


def test_stock_missing_by_another_report_is_not_missing_twice(lots: InMemoryAllocation) -> None:
    """A report of what another report has put under investigation already adds nothing."""
    lots.play(short_pick(1, 2, 1))
    lots.play(short_pick(2, 5))
    assert quantities(lots) == (10, 3, 9)


@pytest.mark.parametrize(("counted", "allocated"), [(10, 10), (8, 8), (12, 10), (9, 9)])
def test_count_settles_the_variance(lots: InMemoryAllocation, counted: int, allocated: int) -> None:
    """What the count finds is allocated again at once; what it does not find is booked as a loss."""
    lots.play(short_pick(1, 2))
    lots.play(MESSAGES.count("L1", counted, SHELF))
    assert (quantities(lots), settlements(lots)) == ((counted, allocated, 0), [("COUNTED", 0)])


def test_count_from_before_the_report_does_not_settle_it(lots: InMemoryAllocation) -> None:
    """What a picker misses after the count stays under investigation."""
    lots.play(short_pick(1, 2))
    before = (quantities(lots), settlements(lots))
    lots.play(MESSAGES.count("L1", 10, SHELF, counted_at=NOW - timedelta(minutes=1)))
    assert (quantities(lots), settlements(lots)) == before
    assert settlements(lots) == [(None, 2)]


def test_count_below_the_allocated_quantity_settles_too(lots: InMemoryAllocation) -> None:
    """It ends the variance, and the order served last loses what is not there; a discrepancy ends nothing."""
    lots.play(short_pick(1, 2))
    lots.play(MESSAGES.count("L1", 7, SHELF))
    assert (quantities(lots), settlements(lots)) == ((7, 8, 0), [("COUNTED", 0)])
    [missing] = lots.events_of(LotStockMissing)
    assert [(affected.order, int(affected.quantity)) for affected in missing.stock] == [(MESSAGES.order_id(2), 1)]


def test_found_stock_ends_the_variance_first(lots: InMemoryAllocation) -> None:
    """Missing stock is still on hand by the books: only what is found beyond it is added."""
    lots.play(short_pick(1, 2))
    (allocation,) = lots.play(MESSAGES.adjust("L1", 3, "FOUND", SHELF))
    assert (quantities(lots), settlements(lots)) == ((11, 10, 0), [("FOUND", 0)])
    assert allocation.open_quantity == 0
    assert [event.quantity for event in lots.events_of(LotAdjusted)] == [1]


def test_missing_stock_can_be_written_off(lots: InMemoryAllocation) -> None:
    """A loss takes missing stock first; scrapping needs goods that are there."""
    lots.play(short_pick(1, 2))
    assert lots.rejection_codes(MESSAGES.adjust("L1", 1, "SCRAPPED", SHELF)) == [Code.INSUFFICIENT_STOCK]
    lots.play(MESSAGES.adjust("L1", 1, "LOST", SHELF))
    assert (quantities(lots), settlements(lots)) == ((9, 8, 1), [(None, 1)])
    assert lots.rejection_codes(MESSAGES.adjust("L1", 2, "LOST", SHELF)) == [Code.INSUFFICIENT_STOCK]
    lots.play(MESSAGES.adjust("L1", 1, "LOST", SHELF))
    assert (quantities(lots), settlements(lots)) == ((8, 8, 0), [("LOST", 0)])


def test_all_but_the_missing_stock_can_be_moved(lots: InMemoryAllocation) -> None:
    """The missing quantity is not there to be moved, and the text says why."""
    lots.play(short_pick(1, 2), MESSAGES.cancel_allocation(1), MESSAGES.cancel_allocation(2))
    (result,) = lots.handle(MESSAGES.move("L1", 9, OTHER_SHELF, SHELF))
    assert result.violations[0].detail == (
        "9 of A-1 lot L1 at EAST/1 requested: 10 on hand, 8 available, 0 allocated, 2 under investigation"
    )
    lots.play(MESSAGES.move("L1", 8, OTHER_SHELF, SHELF))
    assert (quantities(lots), quantities(lots, OTHER_SHELF)) == ((2, 0, 2), (8, 0, 0))


@pytest.mark.parametrize(("pick_minute", "missing"), [(1, 5), (3, 7)])
@pytest.mark.parametrize("is_report_first", [True, False])
def test_pick_before_the_report_is_part_of_its_difference(
    lots: InMemoryAllocation, pick_minute: int, missing: int, is_report_first: bool
) -> None:
    """3 remain after a pick of 2: 5 are missing; a later pick takes from the remaining, whatever arrives first."""
    steps = [(2, short_pick(1, 2, 3)), (pick_minute, pick(2, 2))]
    for minute, message in steps if is_report_first else reversed(steps):
        handle_at(lots, minute, message)
    assert (quantities(lots)[0], quantities(lots)[2]) == (8, missing)


def test_late_unpick_before_the_report_adds_to_its_difference(lots: InMemoryAllocation) -> None:
    """Stock that returned to the shelf before the report is part of what remains."""
    lots.play(pick(1, 2))
    handle_at(lots, 2, short_pick(2, 1, 4))
    handle_at(lots, 1, MESSAGES.unpick(1, "L1", 2, SHELF))
    assert (quantities(lots)[0], quantities(lots)[2]) == (10, 6)


def test_pick_of_what_is_not_believed_there_reduces_the_variance(lots: InMemoryAllocation) -> None:
    """A pick proves that the goods are there: the missing quantity never exceeds the quantity on hand."""
    lots.play(short_pick(1, 5, 0))
    lots.play(pick(2, 5))
    assert quantities(lots) == (5, 0, 5)


def test_each_change_is_published(lots: InMemoryAllocation) -> None:
    """Downstream systems see the quantity under investigation after each change."""
    lots.play(short_pick(1, 2))
    lots.play(MESSAGES.adjust("L1", 1, "FOUND", SHELF))
    lots.play(MESSAGES.count("L1", 9, SHELF))
    assert [event.missing for event in lots.events_of(LotVarianceChanged)] == [2, 1, 0]


def test_variance_names_order_and_reason(lots: InMemoryAllocation) -> None:
    """The list shows who misses what, and why."""
    lots.play(short_pick(1, 2, 3))
    (variance,) = lots.uow.variances
    assert (variance.order_id, variance.reason) == (MESSAGES.order_id(1), "short pick")
    assert [variance.quantity, variance.missing, variance.remaining] == [2, 7, 3]
    assert variance.settled_at is None
