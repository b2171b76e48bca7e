"""Cartons, shipments and dispatches, on a real database."""

import pytest
from httpx import ASGITransport, AsyncClient

from services.fulfillment.app import app
from services.fulfillment.shipping.domain import DispatchAccepted
from shared.contracts.commands.fulfillment import (
    CancelShipment,
    CreateShipment,
    DispatchShipment,
    MoveCartonItems,
    UnitSelector,
    UnpackItems,
    UnpickItems,
)
from shared.contracts.envelope import Message
from shared.contracts.fulfillment import (
    CartonPacked,
    DispatchCheckRequested,
    OrderDispatched,
    OrderRejected,
    OrderSerialsUnpicked,
    OrderStatusChanged,
)
from shared.contracts.problems import Code
from shared.contracts.serials import (
    AffectedSerial,
    RejectedSerial,
    SerialDispatchRejected,
    SerialHoldPlaced,
    SerialHoldReleased,
)
from shared.contracts.upstream import OrderCancelled
from shared.unit_of_work import CommandResult
from tests.integration.fulfillment.harness import FulfillmentHarness
from tests.support.auth import bearer


def disturbances(order_id: str, carton_id: str, units: list[UnitSelector], shipment_id: str) -> dict[str, Message]:
    """Commands that change a shipment during its dispatch check."""
    return {
        "cancel": OrderCancelled(order=order_id),
        "unpick": UnpickItems(order=order_id, units=units, location="EAST/A-1", reason="broken"),
        "unpack": UnpackItems(order=order_id, carton=carton_id, units=units),
        "move": MoveCartonItems(order=order_id, carton=carton_id, to_carton=f"{carton_id}-2", units=units),
        "dispatch again": DispatchShipment(shipment=shipment_id),
        "cancel shipment": CancelShipment(shipment=shipment_id, reason="no truck"),
    }


def dispatch_check_id(result: CommandResult) -> str:
    """The dispatch check id of a result."""
    assert isinstance(result.body, DispatchAccepted)
    assert result.resource_path == f"/dispatch-checks/{result.body.check_id}"
    return result.body.check_id


async def check_status(harness: FulfillmentHarness, check_id: str) -> str:
    """The status of a dispatch check as the API shows it, whatever its reasons."""
    app.state.engine = harness.engine
    async with AsyncClient(transport=ASGITransport(app), base_url="http://fulfillment", headers=bearer()) as client:
        response = await client.get(f"/dispatch-checks/{check_id}")
    assert response.status_code == 200, response.text
    return str(response.json()["status"])


async def create_packed_shipment(harness: FulfillmentHarness, shipment_id: str, *orders: str) -> str:
    """Create a shipment with one packed unit per order."""
    for order in orders:
        await harness.pack_order(order, f"C-{order}", f"U-{order}")
    cartons = [harness.scoped_id(f"C-{order}") for order in orders]
    await harness.handle(CreateShipment(shipment=harness.scoped_id(shipment_id), cartons=cartons, carrier="DHL"))
    return harness.scoped_id(shipment_id)


async def test_pack_ship_dispatch(harness: FulfillmentHarness) -> None:
    """Packed units are shipped once the dispatch check is approved (S21, S10)."""
    await harness.allocate_order("SO-1", "S1", "S2")
    await harness.handle(harness.pick_command("SO-1", "S1", "S2"))
    await harness.handle(harness.pack_command("SO-1", "C-1", "S1", "S2"))
    (content,) = harness.events_of(CartonPacked)
    assert sorted(unit.serial for unit in content.units) == ["S1", "S2"]
    await harness.handle(
        CreateShipment(shipment=harness.scoped_id("SH-1"), cartons=[harness.scoped_id("C-1")], carrier="DHL")
    )
    await harness.handle_command(DispatchShipment(shipment=harness.scoped_id("SH-1")))
    (request,) = harness.events_of(DispatchCheckRequested)
    await harness.handle(*harness.approvals_for([request]))
    (dispatched,) = harness.events_of(OrderDispatched)
    assert (dispatched.check_id, dispatched.carrier, sorted(unit.serial for unit in dispatched.units)) == (
        request.check_id,
        "DHL",
        ["S1", "S2"],
    )
    (status_changed,) = harness.events_of(OrderStatusChanged)
    assert (status_changed.status, status_changed.lines[0].shipped, status_changed.lines[0].picked) == (
        "SHIPPED",
        2,
        0,
    )
    assert await harness.rejection_codes(DispatchShipment(shipment=harness.scoped_id("SH-1"))) == [Code.DISPATCHED]
    assert await harness.rejection_codes(CancelShipment(shipment=harness.scoped_id("SH-1"), reason="x")) == [
        Code.DISPATCHED
    ]
    assert await harness.rejection_codes(OrderCancelled(order=harness.scoped_id("SO-1"))) == [Code.ORDER_CLOSED]
    assert await harness.rejection_codes(harness.pack_command("SO-1", "C-1", "S1")) == [Code.DISPATCHED]


async def test_shipment_of_two_orders_is_dispatched_as_a_whole(harness: FulfillmentHarness) -> None:
    """Checks and dispatch events are published per order; the last approval dispatches the shipment."""
    shipment_id = await create_packed_shipment(harness, "SH-1", "SO-1", "SO-2")
    check_id = dispatch_check_id(await harness.handle_command(DispatchShipment(shipment=shipment_id)))
    requests = harness.events_of(DispatchCheckRequested)
    assert [request.order for request in requests] == [harness.scoped_id("SO-1"), harness.scoped_id("SO-2")]
    first, second = harness.approvals_for(requests)
    await harness.handle(first)
    assert not harness.events
    await harness.handle(second)
    assert [request.order for request in harness.events_of(OrderDispatched)] == [
        harness.scoped_id("SO-1"),
        harness.scoped_id("SO-2"),
    ]
    assert await check_status(harness, check_id) == "DISPATCHED"


async def test_rejected_dispatch_can_be_requested_again(harness: FulfillmentHarness) -> None:
    """One rejection rejects the check; a new check may succeed."""
    shipment_id = await create_packed_shipment(harness, "SH-1", "SO-1", "SO-2")
    check_id = dispatch_check_id(await harness.handle_command(DispatchShipment(shipment=shipment_id)))
    request, other_request = harness.events_of(DispatchCheckRequested)
    rejection = SerialDispatchRejected(
        sku=harness.sku, check_id=check_id, shipment=shipment_id, order=request.order, orders=request.orders,
        units=[RejectedSerial(serial="U-SO-1", code="on_hold", detail="quality")],
    )  # fmt: skip
    await harness.handle(rejection, *harness.approvals_for([other_request]))
    assert not harness.events_of(OrderDispatched)
    assert await check_status(harness, check_id) == "REJECTED"
    second_check_id = dispatch_check_id(await harness.handle_command(DispatchShipment(shipment=shipment_id)))
    assert second_check_id != check_id
    await harness.handle(*harness.approvals_for(harness.events_of(DispatchCheckRequested)))
    assert await check_status(harness, second_check_id) == "DISPATCHED"


@pytest.mark.parametrize(
    "disturbance_name", ["cancel", "unpick", "unpack", "move", "dispatch again", "cancel shipment"]
)
async def test_content_changes_cancel_the_dispatch_check(harness: FulfillmentHarness, disturbance_name: str) -> None:
    """After a content change or a new check, approvals in flight change nothing."""
    shipment_id = await create_packed_shipment(harness, "SH-1", "SO-1")
    check_id = dispatch_check_id(await harness.handle_command(DispatchShipment(shipment=shipment_id)))
    approvals = harness.approvals_for(harness.events_of(DispatchCheckRequested))
    disturbance = disturbances(
        harness.scoped_id("SO-1"), harness.scoped_id("C-SO-1"), harness.scanned_units("U-SO-1"), shipment_id
    )[disturbance_name]
    assert (await harness.handle_command(disturbance)).body is not None
    await harness.handle(*approvals)
    assert not harness.events
    assert await check_status(harness, check_id) == "CANCELLED"


async def test_expired_approval_is_ignored(harness: FulfillmentHarness) -> None:
    """An approval received after its validity does not dispatch the shipment."""
    shipment_id = await create_packed_shipment(harness, "SH-1", "SO-1")
    check_id = dispatch_check_id(await harness.handle_command(DispatchShipment(shipment=shipment_id)))
    await harness.handle(*harness.approvals_for(harness.events_of(DispatchCheckRequested), minutes=-1))
    assert await check_status(harness, check_id) == "CANCELLED"


async def test_hold_after_pick_stops_dispatch(harness: FulfillmentHarness) -> None:
    """A held unit is not dispatched, even if approved; after the release of the hold it is."""
    shipment_id = await create_packed_shipment(harness, "SH-1", "SO-1")
    check_id = dispatch_check_id(await harness.handle_command(DispatchShipment(shipment=shipment_id)))
    approvals = harness.approvals_for(harness.events_of(DispatchCheckRequested))
    affected = AffectedSerial(serial="U-SO-1", order=harness.scoped_id("SO-1"), line="1", demand_id="D-1")
    await harness.handle(
        SerialHoldPlaced(sku=harness.sku, hold_id=harness.scoped_id("H"), reason="recall", units=[affected])
    )
    await harness.handle(*approvals)
    assert await check_status(harness, check_id) == "REJECTED"
    assert await harness.rejection_codes(DispatchShipment(shipment=shipment_id)) == [Code.ON_HOLD]
    await harness.handle(
        SerialHoldReleased(sku=harness.sku, hold_id=harness.scoped_id("H"), reason="released", serials=["U-SO-1"])
    )
    check_id = dispatch_check_id(await harness.handle_command(DispatchShipment(shipment=shipment_id)))
    await harness.handle(*harness.approvals_for(harness.events_of(DispatchCheckRequested)))
    assert await check_status(harness, check_id) == "DISPATCHED"


async def test_only_complete_packed_shipments_are_checked(harness: FulfillmentHarness) -> None:
    """Unpacked or cancelled picked units block the dispatch until they are packed or unpicked."""
    await harness.pack_order("SO-1", "C-1", "S1")
    await harness.handle(CreateShipment(shipment=harness.scoped_id("SH-1"), cartons=[harness.scoped_id("C-1")]))
    await harness.handle(
        UnpackItems(order=harness.scoped_id("SO-1"), carton=harness.scoped_id("C-1"), units=harness.scanned_units("S1"))
    )
    assert await harness.rejection_codes(DispatchShipment(shipment=harness.scoped_id("SH-1"))) == [
        Code.NOT_FULLY_PACKED
    ]
    await harness.handle(harness.pack_command("SO-1", "C-1", "S1"), OrderCancelled(order=harness.scoped_id("SO-1")))
    assert await harness.rejection_codes(DispatchShipment(shipment=harness.scoped_id("SH-1"))) == [
        Code.CANCELLED_ITEMS_PRESENT
    ]
    await harness.handle(
        UnpickItems(
            order=harness.scoped_id("SO-1"), units=harness.scanned_units("S1"), location="EAST/A-1", reason="cancelled"
        )
    )
    (unpicked,) = harness.events_of(OrderSerialsUnpicked)
    assert not unpicked.reallocate
    assert harness.events_of(CartonPacked)[0].units == []
    assert await harness.rejection_codes(DispatchShipment(shipment=harness.scoped_id("SH-1"))) == [
        Code.NOT_FULLY_PACKED
    ]


async def test_ship_complete_order_is_dispatched_as_a_whole(harness: FulfillmentHarness) -> None:
    """A ship-complete order is picked once fully allocated, and dispatched once fully packed."""
    request = await harness.place_order("SO-1", 2, backorders="SHIP_COMPLETE")
    await harness.handle(harness.serial_allocated(request, ["S1"], open_quantity=1))
    assert await harness.rejection_codes(harness.pick_command("SO-1", "S1")) == [Code.NOT_RELEASED]
    await harness.handle(harness.serial_allocated(request, ["S2"]))
    await harness.handle(harness.pick_command("SO-1", "S1"), harness.pack_command("SO-1", "C-1", "S1"))
    await harness.handle(CreateShipment(shipment=harness.scoped_id("SH-1"), cartons=[harness.scoped_id("C-1")]))
    assert await harness.rejection_codes(DispatchShipment(shipment=harness.scoped_id("SH-1"))) == [
        Code.NOT_FULLY_PACKED
    ]


async def test_carton_and_shipment_rules(harness: FulfillmentHarness) -> None:
    """A carton has one order and one shipment, a picked unit one carton, a shipment one warehouse (S21).

    A cancelled shipment releases its cartons for another one.
    """
    await harness.pack_order("SO-1", "C-1", "S1")
    await harness.pack_order("SO-2", "C-2", "S2")
    await harness.pack_order("SO-3", "C-3", "S3", warehouse="WEST", location="WEST/STAGE")
    await harness.allocate_order("SO-4", "S4")
    carton_ids = [harness.scoped_id(f"C-{number}") for number in (1, 2)]
    assert await harness.rejection_codes(harness.pack_command("SO-1", "C-2", "S1")) == [
        Code.CARTON_BELONGS_TO_OTHER_ORDER
    ]
    assert await harness.rejection_codes(harness.pack_command("SO-1", "C-9", "S1")) == [Code.ALREADY_PACKED]
    assert await harness.rejection_codes(harness.pack_command("SO-4", "C-4", "S4", "S1", "S9")) == [Code.NOT_PICKED] * 3
    assert await harness.rejection_codes(
        UnpackItems(order=harness.scoped_id("SO-4"), carton="none", units=harness.scanned_units("S4"))
    ) == [Code.CARTON_NOT_FOUND]
    assert await harness.rejection_codes(
        UnpackItems(order=harness.scoped_id("SO-1"), carton=carton_ids[0], units=harness.scanned_units("S2"))
    ) == [Code.NOT_IN_CARTON]
    assert await harness.rejection_codes(CreateShipment(shipment="none", cartons=["none"])) == [Code.CARTON_NOT_FOUND]
    assert await harness.rejection_codes(
        CreateShipment(shipment=harness.scoped_id("SH-1"), cartons=carton_ids, orders=[harness.scoped_id("SO-1")])
    ) == [Code.DOCUMENT_MISMATCH]
    mixed_warehouses = [*carton_ids, harness.scoped_id("C-3")]
    assert await harness.rejection_codes(
        CreateShipment(shipment=harness.scoped_id("SH-1"), cartons=mixed_warehouses)
    ) == [Code.WRONG_WAREHOUSE]
    await harness.handle(CreateShipment(shipment=harness.scoped_id("SH-1"), cartons=carton_ids))
    assert await harness.rejection_codes(CreateShipment(shipment=harness.scoped_id("SH-1"), cartons=carton_ids)) == [
        Code.DOCUMENT_EXISTS
    ]
    assert await harness.rejection_codes(
        CreateShipment(shipment=harness.scoped_id("SH-2"), cartons=carton_ids[:1])
    ) == [Code.CARTON_IN_OTHER_SHIPMENT]
    assert await harness.rejection_codes(
        DispatchShipment(shipment=harness.scoped_id("SH-1"), orders=[harness.scoped_id("SO-1")])
    ) == [Code.DOCUMENT_MISMATCH]
    assert await harness.rejection_codes(DispatchShipment(shipment="none")) == [Code.SHIPMENT_NOT_FOUND]
    await harness.handle(CancelShipment(shipment=harness.scoped_id("SH-1"), reason="another truck"))
    assert await harness.rejection_codes(DispatchShipment(shipment=harness.scoped_id("SH-1"))) == [
        Code.SHIPMENT_CANCELLED
    ]
    await harness.handle(CreateShipment(shipment=harness.scoped_id("SH-2"), cartons=carton_ids))
    result = await harness.handle_command(DispatchShipment(shipment=harness.scoped_id("SH-2")))
    assert result.body is not None


async def test_answers_without_a_matching_check_are_conflicts(harness: FulfillmentHarness) -> None:
    """An approval of an unknown check, or of units outside the check, is recorded as a conflict."""
    shipment_id = await create_packed_shipment(harness, "SH-1", "SO-1")
    await harness.handle_command(DispatchShipment(shipment=shipment_id))
    (approval,) = harness.approvals_for(harness.events_of(DispatchCheckRequested))
    for wrong in ({"check_id": "unknown"}, {"serials": ["U-SO-9"]}, {"serials": ["U-SO-1", "U-SO-1"]}):
        await harness.handle(approval.model_copy(update=wrong))
        (rejection,) = harness.events_of(OrderRejected)
        assert (rejection.kind, rejection.code) == ("EVENT_CONFLICT", Code.DOCUMENT_MISMATCH)
    await harness.handle(approval)
    assert harness.events_of(OrderDispatched)
