"""Placing orders; demands and allocations."""

from decimal import Decimal
from typing import Any

import pytest

from services.fulfillment.orders.domain import Product
from shared.contracts.fulfillment import (
    AllocationCancelled,
    OrderReevaluationRequested,
    OrderRejected,
    OrderStatusChanged,
)
from shared.contracts.problems import Code
from shared.contracts.serials import SkippedSerials
from shared.contracts.upstream import OrderAmended, OrderCancelled, OrderLine
from tests.unit.fulfillment.in_memory import LOT, SERIAL, InMemoryFulfillment
from tests.unit.fulfillment.order_builders import allocation_requests, order_line, order_placed, serial_allocated


@pytest.fixture
def fulfillment() -> InMemoryFulfillment:
    """Fulfillment with products A and B."""
    return InMemoryFulfillment(("A", "B"))


def test_listed_serials_and_the_remainder_are_separate_demands(fulfillment: InMemoryFulfillment) -> None:
    """Of 5 units with 2 listed serial numbers: one demand for these 2, one for any 3."""
    demands = allocation_requests(fulfillment.handle(order_placed(order_line("1", quantity=5, serials=("S1", "S2")))))
    assert [(int(demand.quantity), demand.serials) for demand in demands] == [(2, ["S1", "S2"]), (3, [])]


def test_backorder_policy_sets_the_shortfall(fulfillment: InMemoryFulfillment) -> None:
    """Without backorders the shortfall is cancelled; otherwise, and for ship-complete orders, it is backordered."""
    for backorders, shortfall in (("ALLOWED", "BACKORDER"), ("NOT_ALLOWED", "CANCEL"), ("SHIP_COMPLETE", "BACKORDER")):
        (demand,) = allocation_requests(fulfillment.handle(order_placed(order_id=backorders, backorders=backorders)))
        assert demand.shortfall == shortfall


def test_duplicate_order_changes_nothing_and_a_different_one_is_rejected(fulfillment: InMemoryFulfillment) -> None:
    """Orders are compared by their whole content."""
    fulfillment.handle(order_placed())
    assert fulfillment.handle(order_placed()) == []
    assert not fulfillment.violations
    assert fulfillment.rejection_codes(order_placed(order_line("1", quantity=2))) == [Code.DOCUMENT_EXISTS]


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ((order_line("1"), order_line("1", "B")), Code.DUPLICATE_LINE),
        ((order_line("1", serials=("S1", "S2")),), Code.TOO_MANY_SERIALS),
        ((order_line("1", serials=("S1",)), order_line("2", serials=("S1",))), Code.DUPLICATE_SERIAL_IN_REQUEST),
        ((order_line("1", quantity="1.5"),), Code.QUANTITY_PRECISION),
        ((order_line("1", "LOTS", quantity="1.25"),), Code.QUANTITY_PRECISION),
        ((order_line("1", "LOTS", serials=("S1",)),), Code.NOT_SERIAL_TRACKED),
    ],
)
def test_invalid_lines_reject_the_order(lines: tuple[OrderLine, ...], code: Code) -> None:
    """An order with an invalid line is not placed (S14)."""
    fulfillment = InMemoryFulfillment(("A", "B"))
    fulfillment.products["LOTS"] = LOT._replace(decimals=1)
    assert fulfillment.handle(order_placed(*lines)) == []
    assert [violation.code for violation in fulfillment.violations] == [code]
    assert fulfillment.uow.orders.get("SO-1") is None


def test_unknown_product_blocks_only_its_line(fulfillment: InMemoryFulfillment) -> None:
    """A line of an undefined product awaits it; the other lines request stock."""
    events = fulfillment.handle(order_placed(order_line("1"), order_line("2", "NEW")))
    assert [demand.line for demand in allocation_requests(events)] == ["1"]
    (status_changed,) = [event for event in events if isinstance(event, OrderStatusChanged)]
    assert (status_changed.status, [line.open for line in status_changed.lines]) == ("OPEN", [1, 1])
    assert [line.awaiting_product for line in status_changed.lines] == [False, True]
    fulfillment.products["NEW"] = SERIAL
    assert [
        demand.line
        for demand in allocation_requests(fulfillment.handle(OrderReevaluationRequested(order="SO-1", sku="NEW")))
    ] == ["2"]
    assert allocation_requests(fulfillment.handle(OrderReevaluationRequested(order="SO-1", sku="NEW"))) == []


def test_tracking_change_moves_demand_to_the_new_owner(fulfillment: InMemoryFulfillment) -> None:
    """Open demands are cancelled and requested again with the new tracking (S02)."""
    (first_request,) = allocation_requests(fulfillment.handle(order_placed()))
    fulfillment.products["A"] = LOT
    events = fulfillment.handle(OrderReevaluationRequested(order="SO-1", sku="A"))
    assert [event.demand_id for event in events if isinstance(event, AllocationCancelled)] == [first_request.demand_id]
    assert [(demand.tracking, int(demand.quantity)) for demand in allocation_requests(events)] == [("LOT", 1)]


@pytest.mark.parametrize(
    ("criteria", "first", "second"),
    [
        ({"single_lot": True}, SERIAL, LOT),
        ({"lots": ["L1"]}, SERIAL, LOT),
        ({"quantity": Decimal("1.5")}, SERIAL, LOT),
    ],
)
def test_line_unsuitable_for_its_product_waits(
    fulfillment: InMemoryFulfillment, criteria: dict[str, Any], first: Product, second: Product
) -> None:
    """A line with lot criteria or a fraction of a unit does not request serial-tracked stock (S14)."""
    assert (
        allocation_requests(fulfillment.handle(order_placed(order_line("1", "NEW").model_copy(update=criteria)))) == []
    )
    for product, expected_count in ((first, 0), (second, 1)):
        fulfillment.products["NEW"] = product
        assert (
            len(allocation_requests(fulfillment.handle(OrderReevaluationRequested(order="SO-1", sku="NEW"))))
            == expected_count
        )


def test_allocation_for_a_cancelled_demand_changes_nothing(fulfillment: InMemoryFulfillment) -> None:
    """The serials service releases the units itself when it receives the cancellation (S11)."""
    (demand,) = allocation_requests(fulfillment.handle(order_placed()))
    fulfillment.handle(OrderCancelled(order="SO-1"))
    assert fulfillment.handle(serial_allocated(demand, "S1")) == []
    assert fulfillment.uow.units.get(("A", "S1")) is None


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"order": "SO-9"}, Code.ORDER_NOT_FOUND),
        ({"demand_id": "unknown"}, Code.DOCUMENT_MISMATCH),
        ({"line": "2"}, Code.DOCUMENT_MISMATCH),
        ({"sku": "B"}, Code.DOCUMENT_MISMATCH),
    ],
)
def test_allocations_without_a_demand_are_conflicts(
    fulfillment: InMemoryFulfillment, wrong: dict[str, str], code: Code
) -> None:
    """They change nothing and are recorded as conflicts."""
    (demand,) = allocation_requests(fulfillment.handle(order_placed()))
    (rejection,) = fulfillment.handle(serial_allocated(demand, "S1", **wrong))
    assert isinstance(rejection, OrderRejected)
    assert (rejection.kind, rejection.code) == ("EVENT_CONFLICT", code)
    assert fulfillment.uow.units.get(("A", "S1")) is None


def test_overallocation_and_foreign_units_are_conflicts(fulfillment: InMemoryFulfillment) -> None:
    """A unit belongs to one order, and a line is never allocated more than ordered."""
    (first,) = allocation_requests(fulfillment.handle(order_placed()))
    (other,) = allocation_requests(fulfillment.handle(order_placed(order_id="SO-2")))
    fulfillment.handle(serial_allocated(first, "S1"))
    for allocation in (
        serial_allocated(other, "S1"),
        serial_allocated(other, "S2", "S3"),
        serial_allocated(other, "S2", "S2"),
    ):
        assert [event.kind for event in fulfillment.handle(allocation) if isinstance(event, OrderRejected)] == [
            "EVENT_CONFLICT"
        ]
    assert fulfillment.handle(serial_allocated(other, "S2", skipped=[SkippedSerials(reason="on hold", count=1)]))


def test_order_without_backorders_of_which_nothing_is_delivered_is_closed_short(
    fulfillment: InMemoryFulfillment,
) -> None:
    """The answer drops the quantity that no stock is left for; the order cannot be changed any more."""
    (demand,) = allocation_requests(
        fulfillment.handle(order_placed(order_line("1", quantity=2), backorders="NOT_ALLOWED"))
    )
    (status_changed,) = fulfillment.handle(serial_allocated(demand, open_quantity=2, final=True))
    assert isinstance(status_changed, OrderStatusChanged)
    assert (status_changed.status, status_changed.lines[0].dropped) == ("CLOSED_SHORT", 2)
    amendment = OrderAmended(order="SO-1", lines=[order_line("1", quantity=3)])
    assert fulfillment.rejection_codes(amendment) == [Code.ORDER_CLOSED]
