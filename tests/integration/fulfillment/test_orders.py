"""Placing, changing and allocating orders, on a real database."""

import asyncio
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from services.fulfillment.orders.domain import OrderResult
from shared.contracts.commands.fulfillment import CreateShipment, DispatchShipment
from shared.contracts.fulfillment import (
    AllocationCancelled,
    AllocationRequested,
    DispatchCheckRequested,
    OrderReevaluationRequested,
    OrderRejected,
    OrderSerialsDeallocated,
    OrderSerialsPicked,
    OrderStatusChanged,
)
from shared.contracts.lots import LotAllocated
from shared.contracts.problems import Code
from shared.contracts.upstream import OrderAmended, OrderCancelled, OrderLine, OrderLineCancelled
from shared.messaging.dispatcher import dispatch
from shared.persistence.database import Transaction, transaction
from tests.integration.fulfillment.harness import FulfillmentHarness
from tests.support.events import to_event
from tests.support.messages.reference import product_changed


async def test_order_requests_stock_and_takes_the_allocation(harness: FulfillmentHarness) -> None:
    """A placed order creates a demand; only the allocated units can be picked (S08, S20)."""
    result = await harness.handle_command(harness.order_placed("SO-1", 2))
    assert isinstance(result.body, OrderResult)
    assert result.body.status == "OPEN"
    (request,) = harness.events_of(AllocationRequested)
    assert request.quantity == 2
    assert request.shortfall == "BACKORDER"
    await harness.handle(harness.serial_allocated(request, ["S1"], open_quantity=1))
    (status_changed,) = harness.events_of(OrderStatusChanged)
    assert (status_changed.lines[0].allocated, status_changed.lines[0].backordered) == (1, 1)
    assert await harness.rejection_codes(harness.pick_command("SO-1", "S9")) == [Code.NOT_ON_PICK_LIST]
    harness.is_settled = False
    assert await harness.rejection_codes(harness.pick_command("SO-1", "S9")) == [Code.NOT_YET_AVAILABLE]
    await harness.handle(harness.serial_allocated(request, ["S2"]))
    assert await harness.rejection_codes(harness.pick_command("SO-1", "S9")) == [Code.NOT_ON_PICK_LIST]
    await harness.handle(harness.pick_command("SO-1", "S1", "S2"))
    (picked,) = harness.events_of(OrderSerialsPicked)
    assert (picked.demand_id, sorted(picked.serials), picked.location) == (
        request.demand_id,
        ["S1", "S2"],
        "EAST/STAGE",
    )


async def test_allocations_in_one_batch_publish_one_status_change(harness: FulfillmentHarness) -> None:
    """Two allocations in one transaction publish one status event with the lines of both (S08)."""
    lines = [OrderLine.model_validate({"line": str(line), "sku": harness.sku, "quantity": 1}) for line in (1, 2)]
    await harness.handle(harness.order_placed("SO-1", lines=lines))
    first, second = harness.events_of(AllocationRequested)
    await harness.handle(harness.serial_allocated(first, ["S1"]), harness.serial_allocated(second, ["S2"]))
    (status_changed,) = harness.events_of(OrderStatusChanged)
    assert [(line.line, line.allocated, line.open + line.backordered) for line in status_changed.lines] == [
        ("1", 1, 0),
        ("2", 1, 0),
    ]


async def test_duplicate_order_changes_nothing(harness: FulfillmentHarness) -> None:
    """A repeated order changes nothing; a different order with the same id is rejected."""
    await harness.allocate_order("SO-1", "S1")
    before = await harness.fetch_all(
        "SELECT * FROM order_line WHERE order_id = :order", order=harness.scoped_id("SO-1")
    )
    result = await harness.handle_command(harness.order_placed("SO-1", 1))
    assert result.body is not None
    assert not harness.events
    assert await harness.rejection_codes(harness.order_placed("SO-1", 2)) == [Code.DOCUMENT_EXISTS]
    assert before == await harness.fetch_all(
        "SELECT * FROM order_line WHERE order_id = :order", order=harness.scoped_id("SO-1")
    )


async def test_cancelled_order_releases_unpicked_units(harness: FulfillmentHarness) -> None:
    """Cancelled demands release allocated units (S11); an allocation still in flight is ignored."""
    request = await harness.allocate_order("SO-1", "S1", "S2")
    await harness.handle(harness.pick_command("SO-1", "S1"))
    await harness.handle(OrderCancelled(order=harness.scoped_id("SO-1")))
    assert [event.demand_id for event in harness.events_of(AllocationCancelled)] == [request.demand_id]
    units = await harness.fetch_all(
        "SELECT serial, status FROM allocated_unit WHERE order_id = :order", order=harness.scoped_id("SO-1")
    )
    assert [tuple(unit.values()) for unit in units] == [("S1", "PICKED")]
    await harness.handle(harness.serial_allocated(request, ["S3"]), OrderCancelled(order=harness.scoped_id("SO-1")))
    assert not harness.events


async def test_messages_before_their_order_are_applied_later(harness: FulfillmentHarness) -> None:
    """Cancellations and amendments that arrive before their order are applied in sequence when it is placed (S11)."""
    order_id = harness.scoped_id("SO-1")
    new_line = OrderLine.model_validate({"line": "2", "sku": harness.sku, "quantity": 3})
    result = await harness.handle_command(OrderAmended(order=order_id, lines=[new_line]))
    assert isinstance(result.body, OrderResult)
    assert result.body.status == "UNKNOWN"
    await harness.handle_command(OrderLineCancelled(order=order_id, line="1"))
    assert await harness.rejection_codes(harness.order_placed("SO-1", 1, lines=[new_line, new_line])) == [
        Code.DUPLICATE_LINE
    ]
    await harness.handle(harness.order_placed("SO-1"))
    lines = await harness.fetch_all(
        "SELECT line, cancelled, ordered FROM order_line WHERE order_id = :order", order=order_id
    )
    assert [(row["line"], row["cancelled"], int(row["ordered"])) for row in lines] == [("1", True, 1), ("2", False, 3)]
    assert not await harness.fetch_all("SELECT 1 FROM waiting_message WHERE document = :order", order=order_id)


async def test_line_waits_for_its_product(harness: FulfillmentHarness) -> None:
    """A line awaits its undefined product and requests stock once the product is defined (S02)."""
    new_sku = harness.scoped_id("NEW")
    line = {"line": "1", "sku": new_sku, "quantity": 2}
    await harness.handle(harness.order_placed("SO-1", lines=[line]))
    (status_changed,) = harness.events_of(OrderStatusChanged)
    assert not harness.events_of(AllocationRequested)
    assert (status_changed.status, status_changed.lines[0].awaiting_product) == ("OPEN", True)
    await harness.handle(product_changed(new_sku, "SERIAL"))
    reevaluations = harness.events_of(OrderReevaluationRequested)
    assert [event.order for event in reevaluations] == [harness.scoped_id("SO-1")]
    await harness.handle(*reevaluations)
    assert [int(event.quantity) for event in harness.events_of(AllocationRequested)] == [2]
    await harness.handle(product_changed(new_sku, "SERIAL", version=2, name="Renamed"))
    assert not harness.events


async def test_tracking_change_moves_demand_to_the_new_owner(harness: FulfillmentHarness) -> None:
    """Open demands are cancelled at the serials service and requested from the lots service (S02)."""
    first_request = await harness.place_order("SO-1", 2)
    await harness.handle(product_changed(harness.sku, "LOT", version=2))
    await harness.handle(*harness.events_of(OrderReevaluationRequested))
    assert [event.demand_id for event in harness.events_of(AllocationCancelled)] == [first_request.demand_id]
    (request,) = harness.events_of(AllocationRequested)
    assert request.tracking == "LOT"
    await harness.handle(
        LotAllocated(sku=harness.sku, demand_id=request.demand_id, order=request.order, line="1", open_quantity=2)
    )
    (status_changed,) = harness.events_of(OrderStatusChanged)
    assert status_changed.lines[0].backordered == 2


async def test_product_defined_while_its_order_is_placed_is_not_missed(harness: FulfillmentHarness) -> None:
    """Order placement and product definition take the same lock, so no reevaluation is lost."""
    new_sku = harness.scoped_id("NEW")
    placed = to_event(harness.order_placed("SO-1", lines=[{"line": "1", "sku": new_sku, "quantity": 1}]))
    product = product_changed(new_sku, "SERIAL")
    async with transaction(harness.engine) as first_tx:
        await dispatch(first_tx, harness.registry, [placed])
        second_task = asyncio.create_task(harness.handle(product))
        await harness.wait_for_blocked_transaction()
    await second_task
    assert [event.order for event in harness.events_of(OrderReevaluationRequested)] == [harness.scoped_id("SO-1")]


@pytest.mark.parametrize("first", ["pick", "cancel"])
async def test_concurrent_cancel_and_pick(harness: FulfillmentHarness, first: str) -> None:
    """The order lock serialises both: picked units remain, a cancelled order cannot be picked (S11, S09)."""
    await harness.allocate_order("SO-1", "S1")
    commands = {"pick": harness.pick_command("SO-1", "S1"), "cancel": OrderCancelled(order=harness.scoped_id("SO-1"))}
    async with transaction(harness.engine) as first_tx:
        await dispatch(first_tx, harness.registry, [to_event(commands.pop(first))])
        (other,) = commands.values()
        second_task = asyncio.create_task(harness.handle_command(other))
        await harness.wait_for_blocked_transaction()
    result = await second_task
    units = await harness.fetch_all(
        "SELECT status FROM allocated_unit WHERE order_id = :order", order=harness.scoped_id("SO-1")
    )
    if first == "pick":
        assert result.body is not None
        assert [unit["status"] for unit in units] == ["PICKED"]
    else:
        assert [violation.code for violation in result.violations] == [Code.ORDER_CANCELLED]
        assert units == []


async def test_allocation_without_a_demand_is_a_conflict(harness: FulfillmentHarness) -> None:
    """An allocation for an unknown order or demand changes nothing and is recorded as a conflict."""
    request = await harness.place_order("SO-1")
    for wrong in ({"order": harness.scoped_id("SO-9")}, {"demand_id": "old"}):
        await harness.handle(harness.serial_allocated(request, ["S1"]).model_copy(update=wrong))
        (rejection,) = harness.events_of(OrderRejected)
        assert rejection.kind == "EVENT_CONFLICT"
    rows = await harness.fetch_all("SELECT kind FROM rejection WHERE raw->>'sku' = :sku", sku=harness.sku)
    assert [row["kind"] for row in rows] == ["EVENT_CONFLICT"] * 2
    await harness.handle(harness.serial_allocated(request, ["S1"]))
    assert not harness.events_of(OrderSerialsDeallocated)


async def test_order_log_is_append_only(harness: FulfillmentHarness) -> None:
    """The order log records actor and action; the service role cannot change or delete entries (S22)."""
    await harness.allocate_order("SO-1", "S1")
    await harness.handle(OrderCancelled(order=harness.scoped_id("SO-1"), actor="ann", reason="changed my mind"))
    log = await harness.fetch_all(
        "SELECT action, actor, detail->>'reason' AS reason FROM order_log WHERE order_id = :order ORDER BY id",
        order=harness.scoped_id("SO-1"),
    )
    assert [row["action"] for row in log] == ["PLACED", "ALLOCATED", "CANCELLED"]
    assert (log[-1]["actor"], log[-1]["reason"]) == ("ann", "changed my mind")
    for forbidden in ("UPDATE order_log SET actor = 'x'", "DELETE FROM order_log", "TRUNCATE order_log"):
        with pytest.raises(ProgrammingError, match="permission denied"):
            async with transaction(harness.engine) as tx:
                await tx.execute(text(forbidden))


async def test_shipped_serials_are_not_requested_again(harness: FulfillmentHarness) -> None:
    """If one of three listed units is shipped, a new priority requests only the other two."""
    line = OrderLine.model_validate({"line": "1", "sku": harness.sku, "quantity": 3, "serials": ["S1", "S2", "S3"]})
    request = await harness.place_order("SO-1", lines=[line])
    await harness.handle(harness.serial_allocated(request, ["S1"], open_quantity=2))
    await harness.handle(harness.pick_command("SO-1", "S1"), harness.pack_command("SO-1", "C-1", "S1"))
    await harness.handle(CreateShipment(shipment=harness.scoped_id("SH-1"), cartons=[harness.scoped_id("C-1")]))
    await harness.handle(DispatchShipment(shipment=harness.scoped_id("SH-1")))
    await harness.handle(*harness.approvals_for(harness.events_of(DispatchCheckRequested)))
    await harness.handle(OrderAmended(order=harness.scoped_id("SO-1"), priority=9))
    (new_request,) = harness.events_of(AllocationRequested)
    assert (int(new_request.quantity), sorted(new_request.serials)) == (2, ["S2", "S3"])


async def test_a_pick_has_the_time_of_its_command(harness: FulfillmentHarness) -> None:
    """A pick that arrives late was done when its sender says; states have the time of their publication (S22)."""
    await harness.allocate_order("SO-1", "A1")
    picked_at = Transaction.clock() - timedelta(minutes=10)
    result = await harness.handle_events([to_event(harness.pick_command("SO-1", "A1"), time=picked_at)])
    times = {event["type"]: datetime.fromisoformat(event["time"]) for event in result.events}
    assert times["order.serials_picked.v1"] == picked_at
    assert times["order.status_changed.v1"] > picked_at + timedelta(minutes=9)
