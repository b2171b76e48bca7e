"""One announced unit reaches every service and topic, also through kills and replays."""

from tests.e2e import handlers
from tests.e2e.invariants import state_fingerprint
from tests.e2e.serial_scenario import SerialScenario
from tests.e2e.system import SystemUnderTest


async def test_announced_unit_is_expected_everywhere(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A serial of an ASN passes from the ERP topic through receiving to serials: EXPECTED (S05)."""
    await scenario.define_product()
    (serial,) = serials = scenario.new_serials(1)
    receipt = await scenario.announce_asn(serials)
    (expected_event,) = await scenario.wait_for_event("receiving.events", receipt, "receipt.line_expected.v1")
    assert expected_event["data"]["serials"] == serials
    (state_changed,) = await scenario.wait_for_event(
        "serials.events", scenario.sku, "serial.state_changed.v1", serials=serials
    )
    assert (state_changed["data"].get("from_status"), state_changed["data"]["status"]) == (None, "EXPECTED")
    assert state_changed["data"]["cause"] == {"source": expected_event["source"], "id": expected_event["id"]}
    assert (await scenario.get_unit(serial))["status"] == "EXPECTED"
    for service in ("serials", "fulfillment", "lots"):
        rows = await system.fetch_rows(service, "SELECT tracking FROM product WHERE sku = $1", scenario.sku)
        assert [row["tracking"] for row in rows] == ["SERIAL"], service


async def test_killed_services_replay_their_topics(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """All services are killed and replay their topics from the beginning: the state is unchanged."""
    await scenario.define_product()
    serials = await scenario.stock_units(3)
    waiting, picked = await scenario.place_order(1), await scenario.place_order(1)
    await scenario.pick(picked, await scenario.wait_for_allocation(picked, 1))
    await scenario.wait_for_allocation(waiting, 1)
    await system.wait_until_quiescent()
    before = await state_fingerprint(system)
    for service in system.services:
        system.services[service].kill()
    for service in system.services:
        await system.reset_offsets(service, handlers.topics_of(service))
    await system.start(*system.services)
    await system.wait_until_quiescent()
    assert await state_fingerprint(system) == before
    order = await scenario.place_order(1)
    assert set(await scenario.wait_for_allocation(order, 1)) < set(serials)


async def test_work_continues_after_kills(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """Orders placed while services are killed are allocated in the end, each unit once (S08)."""
    await scenario.define_product()
    serials = await scenario.stock_units(20)
    orders = []
    for number in range(20):
        orders.append(await scenario.place_order(1))
        if number == 5:
            system.services["serials"].kill()
        if number == 10:
            system.services["fulfillment"].kill()
            await system.start("serials", "fulfillment")
    allocated = [serial for order in orders for serial in await scenario.wait_for_allocation(order, 1)]
    assert sorted(allocated) == sorted(serials)
