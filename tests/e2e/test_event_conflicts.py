"""Conflicting events: they change nothing and stay listed until a supervisor closes them."""

from shared.contracts.fulfillment import OrderSerialsPicked
from shared.contracts.receiving import ReceiptLineExpected, ReceiptSerialsReceived
from shared.contracts.serials import AllocatedUnit, SerialAllocated
from tests.e2e.serial_scenario import DOCK, SHELF, STAGE, WAREHOUSE, SerialScenario
from tests.e2e.system import SystemUnderTest
from tests.e2e.test_transitions import HIGH_VERSION, serials_snapshot
from tests.support.polling import wait_until


async def test_illegal_unit_is_rejected_alone(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """Of two units in one event only the illegal one is rejected."""
    await scenario.define_product()
    serials = await scenario.stock_units(1)
    stranger = scenario.new_id("U")
    message = ReceiptSerialsReceived(
        receipt="ASN-?",
        line="1",
        sku=scenario.sku,
        serials=[serials[0], stranger],
        versions=[HIGH_VERSION, HIGH_VERSION],
        location=DOCK,
        session="S-?",
    )
    (event,) = await system.publish(message, source="test")
    row = await system.wait_for_rejection("serials", event, "illegal_transition", "ASN-?")
    assert row["violations"][0]["ids"] == serials
    await scenario.wait_for_status([stranger], "RECEIVED")
    await scenario.wait_for_status(serials, "IN_INVENTORY")


async def test_allocation_for_a_cancelled_demand_is_ignored(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """An allocation of a cancelled demand is ignored: the serials service releases the units."""
    await scenario.define_product()
    serials = await scenario.stock_units(1)
    order = await scenario.place_order(1)
    await scenario.wait_for_allocation(order, 1)
    (request,) = await scenario.wait_for_event("fulfillment.events", order, "allocation.requested.v1")
    await scenario.cancel_order(order)
    await scenario.wait_for_status(serials, "IN_INVENTORY")
    allocation = SerialAllocated(
        sku=scenario.sku, demand_id=request["data"]["demand_id"], order=order, line="10", open_quantity=0,
        allocated=[AllocatedUnit(serial=serials[0], location=SHELF)],
    )  # fmt: skip
    await system.publish(allocation, source="test")
    await system.wait_until_quiescent()
    assert not await system.fetch_rows("fulfillment", "SELECT 1 FROM allocated_unit WHERE order_id = $1", order)
    assert (await scenario.get_unit(serials[0]))["status"] == "IN_INVENTORY"


async def test_conflict_is_listed_until_a_supervisor_closes_it(
    system: SystemUnderTest, scenario: SerialScenario
) -> None:
    """A conflict is listed as open until it is closed with a reason, and is kept afterwards."""
    await scenario.define_product()
    serials = await scenario.stock_units(1)
    message = OrderSerialsPicked(
        order="SO-?", line="1", demand_id="D-?", sku=scenario.sku, serials=serials, location=STAGE, actor="somebody"
    )
    (event,) = await system.publish(message, source="test")
    row = await system.wait_for_rejection("serials", event, "illegal_transition", "SO-?")
    assert row["actor"] == "somebody"
    assert row["raw"]["serials"] == serials

    async def open_conflicts() -> list[int]:
        rejections = await system.get_json("serials", "/rejections", open="true", document="SO-?", limit=500)
        return [rejection["id"] for rejection in rejections["items"]]

    assert row["id"] in await open_conflicts()
    response = await system.post(
        "serials", f"/rejections/{row['id']}/close", {"reason": "counted: it is on its shelf"}, actor="sue"
    )
    assert response.status_code == 200, response.text
    assert row["id"] not in await open_conflicts()
    closed_rejection = await system.get_json("serials", f"/rejections/{row['id']}")
    assert (closed_rejection["closed_by"], closed_rejection["closed_reason"]) == ("sue", "counted: it is on its shelf")
    second_close = await system.post("serials", f"/rejections/{row['id']}/close", {"reason": "again"}, actor="sue")
    assert second_close.status_code == 404


async def test_older_receiving_event_is_ignored(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """An event older than the unit's receiving version is ignored and publishes nothing."""
    await scenario.define_product()
    serials = await scenario.stock_units(1)
    before = await serials_snapshot(system, scenario.sku)
    older_event = ReceiptLineExpected(
        receipt="ASN-?", warehouse=WAREHOUSE, line="1", sku=scenario.sku, quantity=1, serials=serials, versions=[1]
    )
    (event,) = await system.publish(older_event, source="test")
    await system.wait_until_quiescent()
    assert await serials_snapshot(system, scenario.sku) == before
    assert not await system.fetch_rows("serials", "SELECT 1 FROM rejection WHERE message_id = $1", event["id"])

    async def nothing_published() -> bool:
        return not system.listener.events_of("serials.events", "ASN-?", "serial.rejected.v1", sku=scenario.sku)

    await wait_until(nothing_published)
