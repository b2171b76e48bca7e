"""Amending and cancelling orders."""

from decimal import Decimal

import pytest

from services.fulfillment.orders.domain import Product
from shared.contracts.envelope import Message
from shared.contracts.fulfillment import (
    AllocationCancelled,
    AllocationRequested,
    OrderReevaluationRequested,
    OrderSerialsDeallocated,
    OrderStatusChanged,
)
from shared.contracts.problems import Code
from shared.contracts.upstream import OrderAmended, OrderCancelled, OrderLineCancelled
from tests.unit.fulfillment.in_memory import LOT, SERIAL, InMemoryFulfillment
from tests.unit.fulfillment.order_builders import allocation_requests, order_line, order_placed, serial_allocated


@pytest.fixture
def fulfillment() -> InMemoryFulfillment:
    """Fulfillment with products A and B."""
    return InMemoryFulfillment(("A", "B"))


@pytest.mark.parametrize("cancel", [OrderCancelled(order="SO-1"), OrderLineCancelled(order="SO-1", line="1")])
def test_early_cancellation_is_applied_to_its_order(fulfillment: InMemoryFulfillment, cancel: Message) -> None:
    """The order is placed as cancelled, and all its demands are cancelled (S11)."""
    assert fulfillment.handle(cancel) == []
    events = fulfillment.handle(order_placed())
    cancelled_demands = {event.demand_id for event in events if isinstance(event, AllocationCancelled)}
    assert cancelled_demands == {demand.demand_id for demand in allocation_requests(events)}
    assert [event.status for event in events if isinstance(event, OrderStatusChanged)][-1] == "CANCELLED"
    assert fulfillment.handle(cancel) == []


def test_early_amendment_reevaluates_unlocked_products(fulfillment: InMemoryFulfillment) -> None:
    """The new line is reevaluated later, under the lock of its product."""
    fulfillment.handle(OrderAmended(order="SO-1", lines=[order_line("2", "NEW")]))
    events = fulfillment.handle(order_placed())
    assert [event.sku for event in events if isinstance(event, OrderReevaluationRequested)] == ["NEW"]


def test_increase_adds_a_demand_and_decrease_replaces_all(fulfillment: InMemoryFulfillment) -> None:
    """An increase creates a demand for the difference; a decrease replaces all demands."""
    (first,) = allocation_requests(fulfillment.handle(order_placed(order_line("1", quantity=2))))
    fulfillment.handle(serial_allocated(first, "S1", open_quantity=1))
    (added_request,) = allocation_requests(
        fulfillment.handle(OrderAmended(order="SO-1", lines=[order_line("1", quantity=3)]))
    )
    assert (int(added_request.quantity), added_request.demand_id != first.demand_id) == (1, True)
    events = fulfillment.handle(OrderAmended(order="SO-1", lines=[order_line("1", quantity=2)]))
    cancelled_demands = {event.demand_id for event in events if isinstance(event, AllocationCancelled)}
    assert cancelled_demands == {first.demand_id, added_request.demand_id}
    assert [int(demand.quantity) for demand in allocation_requests(events)] == [2]


def test_decrease_of_a_full_line_releases_the_surplus(fulfillment: InMemoryFulfillment) -> None:
    """The other units stay allocated, so that no backorder takes them; listed units are released last."""
    listed_request, other_request = allocation_requests(
        fulfillment.handle(order_placed(order_line("1", quantity=3, serials=("S1",))))
    )
    fulfillment.handle(serial_allocated(listed_request, "S1"))
    fulfillment.handle(serial_allocated(other_request, "S2", "S3"))
    reduced_line = order_line("1", quantity=2, serials=("S1",))
    events = fulfillment.handle(OrderAmended(order="SO-1", lines=[reduced_line]))
    assert [(event.serials, event.reallocate) for event in events if isinstance(event, OrderSerialsDeallocated)] == [
        (["S2"], False)
    ]
    assert not [event for event in events if isinstance(event, AllocationCancelled | AllocationRequested)]


@pytest.mark.parametrize("before_order", [False, True])
def test_omitted_fields_of_an_amendment_keep_their_values(fulfillment: InMemoryFulfillment, before_order: bool) -> None:
    """An amendment without serial numbers keeps them, before and after the order; an empty list removes them."""
    amendment = OrderAmended.model_validate({"order": "SO-1", "lines": [{"line": "1", "sku": "A", "quantity": 3}]})
    if before_order:
        fulfillment.handle(amendment)
    events = fulfillment.handle(order_placed(order_line("1", quantity=2, serials=("S5", "S6"))))
    events += [] if before_order else fulfillment.handle(amendment)
    stored_line = fulfillment.uow.lines.get(("SO-1", "1"))
    assert stored_line is not None
    assert (stored_line.serials, int(stored_line.ordered)) == (("S5", "S6"), 3)
    cleared = {"order": "SO-1", "lines": [{"line": "1", "sku": "A", "quantity": 3, "serials": []}]}
    fulfillment.handle(OrderAmended.model_validate(cleared))
    assert stored_line.serials == ()


def test_invalid_amendment_is_rejected_as_a_whole(fulfillment: InMemoryFulfillment) -> None:
    """Another product on a line, a cancelled line or a cancelled order rejects the whole amendment."""
    fulfillment.handle(order_placed(order_line("1"), order_line("2", "B")))
    fulfillment.handle(OrderLineCancelled(order="SO-1", line="2"))
    lines = [order_line("1", "B"), order_line("2", "B", 3), order_line("3")]
    assert fulfillment.rejection_codes(OrderAmended(order="SO-1", lines=lines)) == [
        Code.DOCUMENT_MISMATCH,
        Code.ORDER_CANCELLED,
    ]
    assert fulfillment.rejection_codes(OrderLineCancelled(order="SO-1", line="9")) == [Code.LINE_NOT_FOUND]
    fulfillment.handle(OrderCancelled(order="SO-1"))
    assert fulfillment.rejection_codes(OrderAmended(order="SO-1", lines=[order_line("3")])) == [Code.ORDER_CANCELLED]


def test_amendment_of_a_partly_shipped_and_cancelled_order_is_refused_as_closed(
    fulfillment: InMemoryFulfillment,
) -> None:
    """An order that shipped something before its cancellation is CLOSED_SHORT, not cancelled (S11)."""
    fulfillment.handle(order_placed(order_line("1", quantity=2)))
    order, line = fulfillment.uow.orders["SO-1"], fulfillment.uow.lines["SO-1", "1"]
    line.shipped = Decimal(1)
    fulfillment.handle(OrderCancelled(order="SO-1"))
    assert order.status == "CLOSED_SHORT"
    amendment = OrderAmended(order="SO-1", lines=[order_line("1", quantity=3)])
    assert fulfillment.rejection_codes(amendment) == [Code.ORDER_CLOSED]
    assert "is CLOSED_SHORT and cannot be changed" in fulfillment.violations[0].detail


@pytest.mark.parametrize("product", [SERIAL, LOT._replace(decimals=0)])
def test_line_with_an_invalid_fraction_requests_stock_after_amendment(product: Product) -> None:
    """A line with a fraction of an indivisible unit waits until it is amended (S14)."""
    fulfillment = InMemoryFulfillment()
    fulfillment.handle(order_placed(order_line("1", sku="N", quantity="1.5")))
    fulfillment.products["N"] = product
    assert not allocation_requests(fulfillment.handle(OrderReevaluationRequested(order="SO-1", sku="N")))
    (demand,) = allocation_requests(
        fulfillment.handle(OrderAmended(order="SO-1", lines=[order_line("1", sku="N", quantity=2)]))
    )
    assert int(demand.quantity) == 2
    assert fulfillment.uow.orders.get("SO-1").status == "OPEN"  # type: ignore[union-attr]


def test_priority_change_rerequests_only_unallocated_lines(fulfillment: InMemoryFulfillment) -> None:
    """A line with allocated units keeps them; a line without is requested again with the new priority."""
    full_request, short_request = allocation_requests(
        fulfillment.handle(order_placed(order_line("1"), order_line("2", "B")))
    )
    fulfillment.handle(serial_allocated(full_request, "S1"))
    events = fulfillment.handle(OrderAmended(order="SO-1", priority=9))
    assert [(demand.line, demand.priority) for demand in allocation_requests(events)] == [("2", 9)]
    assert [event.demand_id for event in events if isinstance(event, AllocationCancelled)] == [short_request.demand_id]


@pytest.mark.parametrize("quantity", [3, 4])
def test_priority_change_applies_to_amended_lines(quantity: int) -> None:
    """All open demands have the new priority."""
    fulfillment = InMemoryFulfillment()
    (first_request,) = allocation_requests(fulfillment.handle(order_placed(order_line("1", quantity=3))))
    events = fulfillment.handle(OrderAmended(order="SO-1", priority=9, lines=[order_line("1", quantity=quantity)]))
    cancelled_demands = {event.demand_id for event in events if isinstance(event, AllocationCancelled)}
    open_requests = [demand for demand in allocation_requests(events) if demand.demand_id not in cancelled_demands]
    assert first_request.demand_id in cancelled_demands
    assert [(int(demand.quantity), demand.priority) for demand in open_requests] == [(quantity, 9)]


def test_partly_allocated_line_keeps_its_units_on_priority_change(fulfillment: InMemoryFulfillment) -> None:
    """The line keeps its units, so that no backorder takes them."""
    (first_request,) = allocation_requests(fulfillment.handle(order_placed(order_line("1", quantity=3))))
    fulfillment.handle(serial_allocated(first_request, "S1", open_quantity=2))
    events = fulfillment.handle(OrderAmended(order="SO-1", priority=9))
    assert not [event for event in events if isinstance(event, AllocationCancelled | AllocationRequested)]
