"""Operations above the message limit: split into messages of 500 units."""

from shared.contracts.commands.fulfillment import PackItems, PickItems
from shared.contracts.commands.receiving import CloseReceipt
from shared.contracts.commands.serials import PutAwaySerials
from shared.contracts.envelope import chunks
from tests.e2e import invariants
from tests.e2e.serial_scenario import SHELF, STAGE, SerialScenario
from tests.e2e.system import SystemUnderTest
from tests.support.polling import wait_until

UNIT_COUNT = 1_100


async def wait_for_all(system: SystemUnderTest, scenario: SerialScenario, status: str) -> None:
    """Wait until every unit of the product has a status."""

    async def all_have_status() -> bool:
        query = "SELECT status::text, count(*) FROM serial_state WHERE sku = $1 GROUP BY 1"
        rows = await system.fetch_rows("serials", query, scenario.sku)
        assert [(row["status"], row["count"]) for row in rows] == [(status, UNIT_COUNT)], rows
        return True

    await wait_until(all_have_status)


async def test_1100_units_from_receipt_to_shipment(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """1 100 units are received, ordered, picked, packed and shipped as one shipment (S21)."""
    await scenario.define_product()
    serials = [f"{scenario.token}-{number:04}" for number in range(UNIT_COUNT)]
    receipt = await scenario.announce_asn([], quantity=UNIT_COUNT)
    for chunk in chunks(serials):
        await system.execute(scenario.scan_command(receipt, chunk))
    assert (await scenario.confirm_session(receipt))["units"] == UNIT_COUNT
    await wait_for_all(system, scenario, "RECEIVED")
    await system.execute(CloseReceipt(receipt=receipt))
    for chunk in chunks(serials):
        await system.publish(PutAwaySerials(sku=scenario.sku, serials=list(chunk), location=SHELF))
    await wait_for_all(system, scenario, "IN_INVENTORY")
    order = await scenario.place_order(UNIT_COUNT)
    assert sorted(await scenario.wait_for_allocation(order, UNIT_COUNT)) == serials
    for chunk in chunks(serials):
        await system.execute(PickItems(order=order, units=scenario.scanned_units(chunk), location=STAGE))
    await wait_for_all(system, scenario, "PICKED")
    cartons = []
    for chunk in chunks(serials):
        cartons.append(scenario.new_id("CT"))
        await system.execute(PackItems(order=order, carton=cartons[-1], units=scenario.scanned_units(chunk)))
    outcome = await scenario.dispatch(await scenario.create_shipment(*cartons))
    assert (outcome["status"], outcome["requested_count"], outcome["approved_count"]) == (
        "DISPATCHED",
        UNIT_COUNT,
        UNIT_COUNT,
    )
    await wait_for_all(system, scenario, "SHIPPED")
    assert len(system.listener.events_of("fulfillment.events", order, "order.dispatched.v1")) == 3
    await system.wait_until_quiescent()
    await invariants.assert_invariants(system, [scenario.sku])


async def test_cancelling_a_large_order_releases_its_units(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """1 100 units of a cancelled order are released, and a waiting order gets its share (S11)."""
    await scenario.define_product()
    receipt = await scenario.announce_asn([], quantity=UNIT_COUNT)
    serials = [f"{scenario.token}-{number:04}" for number in range(UNIT_COUNT)]
    for chunk in chunks(serials):
        await system.execute(scenario.scan_command(receipt, chunk))
    await scenario.confirm_session(receipt)
    await wait_for_all(system, scenario, "RECEIVED")
    first, second = await scenario.place_order(UNIT_COUNT), await scenario.place_order(600)
    for chunk in chunks(serials):
        await scenario.put_away(chunk)
    await wait_for_all(system, scenario, "ALLOCATED")
    await scenario.cancel_order(first)
    assert len(await scenario.wait_for_allocation(second, 600)) == 600
    await system.wait_until_quiescent()
    await invariants.assert_invariants(system, [scenario.sku])
