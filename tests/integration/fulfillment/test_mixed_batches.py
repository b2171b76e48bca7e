"""Messages of several types in one transaction see the effects of those before them."""

from datetime import timedelta

from shared.contracts.commands.fulfillment import (
    CreateShipment,
    DispatchShipment,
    MoveCartonItems,
    ReportShortPick,
)
from shared.contracts.fulfillment import (
    CartonPacked,
    DispatchCheckRequested,
    OrderStatusChanged,
)
from shared.contracts.lot_corrections import LotDatesCorrected
from shared.contracts.upstream import OrderAmended, OrderCancelled, OrderLine
from shared.persistence.database import Transaction
from tests.integration.fulfillment.harness import FulfillmentHarness
from tests.integration.fulfillment.lot_harness import LotHarness


async def test_changed_order_and_carton_are_published_once(harness: FulfillmentHarness) -> None:
    """The status and the content show the state after the last message that changed them."""
    await harness.allocate_order("SO-1", "S1", "S2")
    outcome = await harness.handle(
        harness.pick_command("SO-1", "S1"), harness.pack_command("SO-1", "C-1", "S1"),
        harness.pick_command("SO-1", "S2"), harness.pack_command("SO-1", "C-1", "S2"),
    )  # fmt: skip
    assert outcome.error_codes() == []
    (content,) = harness.events_of(CartonPacked)
    assert sorted(unit.serial for unit in content.units) == ["S1", "S2"]
    (status_changed,) = harness.events_of(OrderStatusChanged)
    assert [(line.allocated, line.packed) for line in status_changed.lines] == [(0, 2)]
    assert harness.events[-1] is status_changed


async def test_no_status_of_an_order_command_is_hidden(harness: FulfillmentHarness) -> None:
    """An order that is placed and cancelled in one transaction publishes both statuses."""
    line = {"line": "1", "sku": harness.scoped_id("NEW"), "quantity": 1}
    await harness.handle(harness.order_placed("SO-1", lines=[line]), OrderCancelled(order=harness.scoped_id("SO-1")))
    statuses = [event.status for event in harness.events_of(OrderStatusChanged)]
    assert statuses == ["OPEN", "CANCELLED"]


async def test_shipped_unit_is_not_on_the_pick_list(harness: FulfillmentHarness) -> None:
    """Commands after the dispatch find the unit as shipped and the order as complete (S19)."""
    await harness.pack_order("SO-1", "C-1", "S1")
    shipment, carton = harness.scoped_id("SH-1"), harness.scoped_id("C-1")
    await harness.handle(CreateShipment(shipment=shipment, cartons=[carton]))
    await harness.handle(DispatchShipment(shipment=shipment))
    order = harness.scoped_id("SO-1")
    outcome = await harness.handle(
        *harness.approvals_for(harness.events_of(DispatchCheckRequested)),
        harness.pick_command("SO-1", "S1"),
        MoveCartonItems(order=order, carton=carton, to_carton=f"{carton}-2", units=harness.scanned_units("S1")),
        OrderCancelled(order=order),
    )
    assert outcome.error_codes() == ["not_on_pick_list", "dispatched", "order_closed"]
    rows = await harness.fetch_all("SELECT status FROM allocated_unit WHERE order_id = :order", order=order)
    assert [row["status"] for row in rows] == ["SHIPPED"]


async def test_released_unit_is_allocated_again(harness: FulfillmentHarness) -> None:
    """A unit that a short pick releases may be allocated to another order in the same transaction."""
    await harness.allocate_order("SO-1", "S1")
    request = await harness.place_order("SO-2")
    outcome = await harness.handle(
        ReportShortPick(order=harness.scoped_id("SO-1"), units=harness.scanned_units("S1"), reason="missing"),
        harness.serial_allocated(request, ["S1"]),
        harness.pick_command("SO-2", "S1"),
    )
    assert outcome.error_codes() == []
    rows = await harness.fetch_all(
        "SELECT order_id, demand_id, status FROM allocated_unit WHERE sku = :sku", sku=harness.sku
    )
    assert [tuple(row.values()) for row in rows] == [(harness.scoped_id("SO-2"), request.demand_id, "PICKED")]


async def test_corrected_expiry_applies_to_the_next_pick(lot_harness: LotHarness) -> None:
    """A pick after a correction uses the corrected date, and one before it does not (S28)."""
    harness, order = lot_harness.harness, lot_harness.harness.scoped_id("SO-1")
    request = await lot_harness.place_order("SO-1", 5)
    await harness.handle(lot_harness.lot_allocated(request, ("L1", 5)))
    yesterday = Transaction.clock().date() - timedelta(days=2)
    outcome = await harness.handle(
        lot_harness.pick_command("SO-1", ("L1", 2)),
        LotDatesCorrected(sku=lot_harness.sku, lot="L1", expiry=yesterday, orders=[order], reason="label checked"),
        lot_harness.pick_command("SO-1", ("L1", 3)),
    )
    assert [result.body is None for result in outcome.results] == [False, True]
    assert outcome.error_codes() == ["expired"]


async def test_early_change_is_applied_in_the_transaction_of_its_order(harness: FulfillmentHarness) -> None:
    """A change that precedes its order in one batch is applied when the order is placed, and only once (S11)."""
    order = harness.scoped_id("SO-1")
    new_line = OrderLine.model_validate({"line": "2", "sku": harness.sku, "quantity": 3})
    await harness.handle(OrderAmended(order=order, lines=[new_line]), harness.order_placed("SO-1"))
    await harness.handle(harness.order_placed("SO-1"))
    rows = await harness.fetch_all("SELECT line FROM order_line WHERE order_id = :order ORDER BY line", order=order)
    assert [row["line"] for row in rows] == ["1", "2"]
    assert not await harness.fetch_all("SELECT 1 FROM waiting_message WHERE document = :order", order=order)
