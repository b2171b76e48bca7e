"""Duplicates have no effect: messages, replayed topics, commands and repeated announcements."""

import json
from datetime import UTC, datetime, timedelta

from shared.contracts.commands.serials import PutAwaySerials
from shared.contracts.upstream import AsnCancelled, OrderCancelled
from tests.e2e.invariants import state_fingerprint
from tests.e2e.serial_scenario import OTHER_SHELF, SHELF, SerialScenario
from tests.e2e.system import SystemUnderTest
from tests.support.polling import wait_until


async def test_duplicate_message_is_processed_once(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A CloudEvent delivered three times places one order."""
    await scenario.define_product()
    await scenario.stock_units(3)
    order = scenario.order_command(1)
    event = system.cloud_event_of(order)
    for _ in range(3):
        await system.send_record("oms.orders", event, order.order)
    await scenario.wait_for_allocation(order.order, 1)
    await system.wait_until_quiescent()
    requests = system.listener.events_of("fulfillment.events", order.order, "allocation.requested.v1")
    assert len(requests) == 1
    assert len(await scenario.wait_for_picks(order.order, 1)) == 1


async def test_duplicate_message_a_day_later_is_processed_once(
    system: SystemUnderTest, scenario: SerialScenario
) -> None:
    """A message delivered again a day later, with another time, has no effect."""
    await scenario.define_product()
    await scenario.stock_units(3)
    order = scenario.order_command(1)
    yesterday = datetime.now(UTC) - timedelta(days=1)
    event = system.cloud_event_of(order, time=yesterday)
    await system.send_record("oms.orders", event, order.order)
    await scenario.wait_for_allocation(order.order, 1)
    await system.send_record("oms.orders", system.cloud_event_of(order, id_=event["id"]), order.order)
    await system.wait_until_quiescent()
    assert len(system.listener.events_of("fulfillment.events", order.order, "allocation.requested.v1")) == 1


async def test_duplicate_order_under_another_id_is_placed_once(
    system: SystemUnderTest, scenario: SerialScenario
) -> None:
    """An equal order under a new message id has no effect; a different order of that number is rejected."""
    await scenario.define_product()
    await scenario.stock_units(3)
    order = scenario.order_command(1)
    await system.publish(order)
    await scenario.wait_for_allocation(order.order, 1)
    await system.publish(order)
    other = order.model_copy(update={"priority": 9})
    (event,) = await system.publish(other)
    await system.wait_for_rejection("fulfillment", event, "document_exists", order.order)
    assert len(system.listener.events_of("fulfillment.events", order.order, "allocation.requested.v1")) == 1


async def test_equal_ids_of_two_sources_are_two_messages(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A CloudEvent is identified by source and id together."""
    await scenario.define_product()
    serials = await scenario.stock_units(2)
    first_order, second_order = scenario.order_command(1), scenario.order_command(1)
    for source, order in (("oms-1", first_order), ("oms-2", second_order)):
        await system.send_record(
            "oms.orders", system.cloud_event_of(order, id_=scenario.token, source=source), order.order
        )
    allocated = [
        *await scenario.wait_for_allocation(first_order.order, 1),
        *await scenario.wait_for_allocation(second_order.order, 1),
    ]
    assert sorted(allocated) == sorted(serials)


async def test_duplicate_command_is_executed_once(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A repeated Idempotency-Key and body returns the same response, marked as replayed."""
    await scenario.define_product()
    serials = scenario.new_serials(1)
    await scenario.receive(serials)
    await scenario.wait_for_status(serials, "RECEIVED")
    body = {"sku": scenario.sku, "serials": serials, "location": SHELF}
    first = await system.post("serials", "/putaways", body, key=scenario.token)
    repeated = await system.post("serials", "/putaways", body, key=scenario.token)
    assert first.status_code == repeated.status_code == 200
    assert first.json() == repeated.json()
    assert repeated.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert (await scenario.get_unit(serials[0]))["version"] == 3


async def test_idempotency_key_with_another_body_is_rejected(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A repeated Idempotency-Key with another body is a 422 and has no effect."""
    await scenario.define_product()
    serials = scenario.new_serials(2)
    await scenario.receive(serials)
    await scenario.wait_for_status(serials, "RECEIVED")
    body = {"sku": scenario.sku, "serials": serials[:1], "location": SHELF}
    assert (await system.post("serials", "/putaways", body, key=scenario.token)).status_code == 200
    response = await system.post("serials", "/putaways", body | {"serials": serials[1:]}, key=scenario.token)
    assert (response.status_code, response.json()["code"]) == (422, "idempotency_key_reused")
    await scenario.wait_for_status(serials[1:], "RECEIVED")


async def test_rejected_command_can_be_retried_with_its_key(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A rejected command can be retried under its key once the cause is removed."""
    await scenario.define_product()
    serials = scenario.new_serials(1)
    body = {"sku": scenario.sku, "serials": serials, "location": SHELF}
    assert (await system.post("serials", "/putaways", body, key=scenario.token)).status_code in (404, 409)
    await scenario.receive(serials)
    await scenario.wait_for_status(serials, "RECEIVED")
    response = await system.post("serials", "/putaways", body, key=scenario.token)
    assert response.status_code == 200, response.text
    await scenario.wait_for_status(serials, "IN_INVENTORY")


async def test_idempotency_keys_are_per_actor(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """Equal keys of two actors are two commands."""
    await scenario.define_product()
    serials = await scenario.stock_units(1)
    body = {"sku": scenario.sku, "serials": serials, "location": OTHER_SHELF}
    assert (await system.post("serials", "/moves", body, key=scenario.token, actor="ann")).status_code == 200
    assert (
        await system.post("serials", "/moves", body | {"location": SHELF}, key=scenario.token, actor="ben")
    ).status_code == 200
    assert (await scenario.get_unit(serials[0]))["location"] == SHELF


async def test_serials_of_a_cancelled_asn_can_be_announced_again(
    system: SystemUnderTest, scenario: SerialScenario
) -> None:
    """Serials of a cancelled ASN can be announced again and are received as the same units."""
    await scenario.define_product()
    serials = scenario.new_serials(2)
    first = await scenario.announce_asn(serials)
    await system.publish(AsnCancelled(receipt=first))
    await scenario.wait_for_event("receiving.events", first, "receipt.closed.v1", status="CANCELLED")
    second = await scenario.announce_asn(serials)
    await system.execute(scenario.scan_command(second, serials))
    await scenario.confirm_session(second)
    await scenario.wait_for_status(serials, "RECEIVED")
    unit = await scenario.get_unit(serials[0])
    assert unit["receipt"] == second
    rows = await system.fetch_rows("serials", "SELECT 1 FROM serial WHERE sku = $1", scenario.sku)
    assert len(rows) == 2


async def test_replay_of_all_orders_changes_nothing(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A replay of the whole oms.orders topic, dated a day later, changes no state."""
    await scenario.define_product()
    await scenario.stock_units(4)
    shipped, cancelled, open_order = [await scenario.place_order(1) for _ in range(3)]
    await scenario.ship(shipped, await scenario.wait_for_allocation(shipped, 1))
    await scenario.wait_for_allocation(cancelled, 1)
    await system.publish(OrderCancelled(order=cancelled))
    await scenario.wait_for_event("fulfillment.events", cancelled, "order.status_changed.v1", status="CANCELLED")
    await scenario.wait_for_allocation(open_order, 1)
    await system.wait_until_quiescent()
    before = await state_fingerprint(system)
    replayed = await system.all_records("oms.orders")
    assert len(replayed) > 3
    for record in replayed:
        replayed_value = record.value
        try:
            event = json.loads(record.value or b"")
            event["time"] = (datetime.now(UTC) + timedelta(days=1)).isoformat()
            replayed_value = json.dumps(event).encode()
        except (ValueError, TypeError):
            pass  # malformed records are sent unchanged
        await system.producer.send("oms.orders", replayed_value, key=record.key)
    await system.producer.flush()
    await system.wait_until_quiescent()
    assert await state_fingerprint(system) == before


async def test_duplicate_putaway_over_kafka_is_executed_once(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A command delivered twice is executed once; under a new id it is rejected."""
    await scenario.define_product()
    serials = scenario.new_serials(1)
    await scenario.receive(serials)
    await scenario.wait_for_status(serials, "RECEIVED")
    putaway = PutAwaySerials(sku=scenario.sku, serials=serials, location=SHELF)
    event = system.cloud_event_of(putaway)
    for _ in range(2):
        await system.send_record("serials.commands", event, scenario.sku)
    await scenario.wait_for_status(serials, "IN_INVENTORY")
    (repeated,) = await system.publish(putaway)
    await system.wait_for_rejection("serials", repeated, "illegal_transition", scenario.sku)

    async def moved_once() -> bool:
        return (
            len(
                system.listener.events_of(
                    "serials.events", scenario.sku, "serial.state_changed.v1", status="IN_INVENTORY"
                )
            )
            == 1
        )

    await wait_until(moved_once)
    assert (await scenario.get_unit(serials[0]))["version"] == 3
