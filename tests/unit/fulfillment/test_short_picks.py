"""Short picks of lots: the missing quantity is released for investigation, the rest can be picked (S12, S20)."""

from typing import Any

import pytest

from services.fulfillment.orders.domain import Product
from shared.contracts.commands.fulfillment import MissingLot, ReportShortPick
from shared.contracts.envelope import Message
from shared.contracts.fulfillment import OrderLotsDeallocated
from shared.contracts.problems import Code
from tests.unit.fulfillment.in_memory import InMemoryFulfillment
from tests.unit.fulfillment.lot_builders import (
    allocated_lots,
    events_of,
    lot_allocated,
    lot_selector,
    pick_command,
    stocked_fulfillment,
)
from tests.unit.fulfillment.order_builders import allocation_requests, order_line, order_placed


@pytest.fixture
def fulfillment() -> InMemoryFulfillment:
    """A partially allocated order of lots."""
    return stocked_fulfillment()


def short_pick(*missing_lots: MissingLot, order_id: str = "SO-1") -> ReportShortPick:
    """A report of missing lots."""
    return ReportShortPick(order=order_id, stock=list(missing_lots), reason="one box less")


def released(events: list[Message]) -> list[tuple[Any, ...]]:
    """Lot, location, quantity and remaining quantity of the lots that are released for investigation."""
    return [
        (lot.lot, lot.location, int(lot.quantity), lot.remaining)
        for event in events_of(events, OrderLotsDeallocated)
        for lot in event.lots
        if event.variance_id and event.reallocate
    ]


def fulfillment_with_two_locations() -> InMemoryFulfillment:
    """An order SO-2 of 8 that has one lot at two locations."""
    fulfillment = stocked_fulfillment()
    (request,) = allocation_requests(fulfillment.handle(order_placed(order_line("1", "M", 8), order_id="SO-2")))
    fulfillment.handle(lot_allocated(request, ("L9", "EAST/A-8", 3), ("L9", "EAST/A-9", 5)))
    return fulfillment


@pytest.mark.parametrize("is_reported_first", [True, False])
def test_rest_can_be_picked_before_and_after_the_report(
    fulfillment: InMemoryFulfillment, is_reported_first: bool
) -> None:
    """One of four is missing: the other three stay on the pick list, whatever is reported first."""
    messages: list[Message] = [short_pick(lot_selector("L1", 1)), pick_command(lot_selector("L1", 3))]
    for message in messages if is_reported_first else reversed(messages):
        assert not fulfillment.rejection_codes(message)
    line = fulfillment.uow.lines["SO-1", "1"]
    assert (int(line.picked), line.open_quantity) == (3, line.ordered - 3 - line.allocated)
    assert [lot for lot in allocated_lots(fulfillment) if lot[0] == "L1"] == [("L1", "PICKED", "3")]


def test_missing_quantity_is_released_with_a_variance(fulfillment: InMemoryFulfillment) -> None:
    """The event names the variance and what remains; the log entry has its id."""
    events = fulfillment.handle(short_pick(lot_selector("L1", 1, remaining=3)))
    assert released(events) == [("L1", "EAST/A-1", 1, 3)]
    assert fulfillment.rejection_codes(short_pick(lot_selector("L1", 4))) == [Code.INSUFFICIENT_STOCK]


def test_remaining_quantity_applies_to_one_location() -> None:
    """With several locations, the report names one; the problem lists them, and nothing is released."""
    fulfillment = fulfillment_with_two_locations()
    for missing_lot in (lot_selector("L9", 1), lot_selector("L9", 8, remaining=0)):
        assert fulfillment.rejection_codes(short_pick(missing_lot, order_id="SO-2")) == [Code.LOCATION_REQUIRED]
        assert fulfillment.violations[0].suggested == ["EAST/A-8", "EAST/A-9"]
    events = fulfillment.handle(
        short_pick(
            lot_selector("L9", 1, location="EAST/A-8", remaining=2),
            lot_selector("L9", 2, location="EAST/A-9", remaining=0),
            order_id="SO-2",
        )
    )
    assert released(events) == [("L9", "EAST/A-8", 1, 2), ("L9", "EAST/A-9", 2, 0)]


def test_whole_allocation_can_be_missing_without_a_location() -> None:
    """If nothing of the lot is there, it is missing at all its locations."""
    fulfillment = fulfillment_with_two_locations()
    events = fulfillment.handle(short_pick(lot_selector("L9", 8), order_id="SO-2"))
    assert released(events) == [("L9", "EAST/A-8", 3, None), ("L9", "EAST/A-9", 5, None)]


def test_a_location_has_one_remaining_quantity(fulfillment: InMemoryFulfillment) -> None:
    """Two quantities for one lot and location contradict each other; the same one may be repeated."""
    first, second = lot_selector("L1", 1, remaining=3), lot_selector("L1", 1, remaining=2)
    assert fulfillment.rejection_codes(short_pick(first, second)) == [Code.DUPLICATE_LOT_IN_REQUEST]
    assert not fulfillment.rejection_codes(short_pick(second, second))


def test_remaining_quantity_has_the_decimals_of_the_product(fulfillment: InMemoryFulfillment) -> None:
    """A fraction of an indivisible unit cannot remain (S14)."""
    fulfillment.products["M"] = Product("LOT", 0)
    assert fulfillment.rejection_codes(short_pick(lot_selector("L1", 1, remaining="0.5"))) == [Code.QUANTITY_PRECISION]
