"""Placing, amending and cancelling orders; demands and allocations."""

from decimal import Decimal
from typing import Any

import pytest

from services.fulfillment.orders.domain import Product
from shared.contracts.envelope import Message
from shared.contracts.fulfillment import (
    AllocationCancelled,
    AllocationRequested,
    OrderReevaluationRequested,
    OrderRejected,
    OrderSerialsDeallocated,
    OrderStatusChanged,
)
from shared.contracts.problems import Code
from shared.contracts.serials import AllocatedUnit, SerialAllocated, SkippedSerials
from shared.contracts.upstream import (
    Customer,
    OrderAmended,
    OrderCancelled,
    OrderLine,
    OrderLineCancelled,
    OrderPlaced,
)
from tests.unit.fulfillment.in_memory import LOT, SERIAL, InMemoryFulfillment


@pytest.fixture
def fulfillment() -> InMemoryFulfillment:
    """Fulfillment with products A and B."""
    return InMemoryFulfillment(("A", "B"))


def order_line(line_id: str, sku: str = "A", quantity: Any = 1, serials: tuple[str, ...] = ()) -> OrderLine:
    """An order line."""
    return OrderLine.model_validate({"line": line_id, "sku": sku, "quantity": quantity, "serials": list(serials)})


def order_placed(*lines: OrderLine, order_id: str = "SO-1", **overrides: Any) -> OrderPlaced:
    """An order of the given lines, by default of one unit of A."""
    defaults = {
        "warehouse": "EAST",
        "customer": Customer(id="C"),
        "lines": list(lines) or [order_line("1")],
    } | overrides
    return OrderPlaced.model_validate({"order": order_id, **defaults})


def allocation_requests(events: list[Message]) -> list[AllocationRequested]:
    """The allocation requests among events."""
    return [event for event in events if isinstance(event, AllocationRequested)]


def serial_allocated(request: AllocationRequested, *serials: str, **overrides: Any) -> SerialAllocated:
    """An allocation of the given serial numbers."""
    allocated = [AllocatedUnit(serial=serial, location="EAST/A-1") for serial in serials]
    fields = {
        "sku": request.sku,
        "demand_id": request.demand_id,
        "order": request.order,
        "line": request.line,
        "open_quantity": 0,
    }
    return SerialAllocated(**(fields | overrides), allocated=allocated)


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
    assert fulfillment.violation_codes(order_placed(order_line("1", quantity=2))) == [Code.DOCUMENT_EXISTS]


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
    """An order with an invalid line is not placed."""
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
    assert status_changed.status == "AWAITING_PRODUCT"
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
    ("criteria", "first", "second"), [({"single_lot": True}, SERIAL, LOT), ({"quantity": Decimal("1.5")}, SERIAL, LOT)]
)
def test_line_unsuitable_for_its_product_waits(
    fulfillment: InMemoryFulfillment, criteria: dict[str, Any], first: Product, second: Product
) -> None:
    """A single-lot line or a fraction of a unit does not request serial-tracked stock (S14)."""
    assert (
        allocation_requests(fulfillment.handle(order_placed(order_line("1", "NEW").model_copy(update=criteria)))) == []
    )
    for product, expected_count in ((first, 0), (second, 1)):
        fulfillment.products["NEW"] = product
        assert (
            len(allocation_requests(fulfillment.handle(OrderReevaluationRequested(order="SO-1", sku="NEW"))))
            == expected_count
        )


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


def test_priority_change_rerequests_only_unallocated_lines(fulfillment: InMemoryFulfillment) -> None:
    """A line with allocated units keeps them; a line without is requested again with the new priority."""
    full_request, short_request = allocation_requests(
        fulfillment.handle(order_placed(order_line("1"), order_line("2", "B")))
    )
    fulfillment.handle(serial_allocated(full_request, "S1"))
    events = fulfillment.handle(OrderAmended(order="SO-1", priority=9))
    assert [(demand.line, demand.priority) for demand in allocation_requests(events)] == [("2", 9)]
    assert [event.demand_id for event in events if isinstance(event, AllocationCancelled)] == [short_request.demand_id]


def test_invalid_amendment_is_rejected_as_a_whole(fulfillment: InMemoryFulfillment) -> None:
    """Another product on a line, a cancelled line or a cancelled order rejects the whole amendment."""
    fulfillment.handle(order_placed(order_line("1"), order_line("2", "B")))
    fulfillment.handle(OrderLineCancelled(order="SO-1", line="2"))
    lines = [order_line("1", "B"), order_line("2", "B", 3), order_line("3")]
    assert fulfillment.violation_codes(OrderAmended(order="SO-1", lines=lines)) == [
        Code.DOCUMENT_MISMATCH,
        Code.ORDER_CANCELLED,
    ]
    assert fulfillment.violation_codes(OrderLineCancelled(order="SO-1", line="9")) == [Code.LINE_NOT_FOUND]
    fulfillment.handle(OrderCancelled(order="SO-1"))
    assert fulfillment.violation_codes(OrderAmended(order="SO-1", lines=[order_line("3")])) == [Code.ORDER_CANCELLED]


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


def test_order_with_cancelled_shortfall_is_complete(fulfillment: InMemoryFulfillment) -> None:
    """A final allocation with a cancelled shortfall completes the order."""
    (demand,) = allocation_requests(
        fulfillment.handle(order_placed(order_line("1", quantity=2), backorders="NOT_ALLOWED"))
    )
    (status_changed,) = fulfillment.handle(serial_allocated(demand, open_quantity=2, final=True))
    assert isinstance(status_changed, OrderStatusChanged)
    assert (status_changed.status, status_changed.lines[0].open_quantity) == ("COMPLETE", 2)


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
