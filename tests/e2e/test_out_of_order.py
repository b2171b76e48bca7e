"""Messages in the wrong order: postponed and shown as waiting, or rejected; the final state is equal."""

from shared.contracts.commands.serials import PutAwaySerials
from shared.contracts.upstream import (
    AsnAnnounced,
    AsnCancelled,
    AsnLine,
    OrderAmended,
    OrderCancelled,
    OrderLine,
    OrderLineCancelled,
    ProductDefined,
)
from tests.e2e.serial_scenario import SHELF, WAREHOUSE, SerialScenario
from tests.e2e.system import SystemUnderTest
from tests.support.polling import wait_until


async def test_scan_before_its_asn_can_be_retried(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A scan before its ASN is receipt_not_found; after the ASN it is accepted."""
    await scenario.define_product()
    serials, receipt = scenario.new_serials(1), scenario.new_id("ASN")
    scan = scenario.scan_command(receipt, serials)
    response = await system.post("receiving", "/scans", scan.model_dump(mode="json", exclude_none=True))
    assert response.status_code in (404, 409), response.text
    assert response.json()["code"] in ("receipt_not_found", "not_yet_available")
    await scenario.announce_asn(serials, receipt=receipt)
    await system.execute(scan)
    await scenario.confirm_session(receipt)
    await scenario.wait_for_status(serials, "RECEIVED")


async def test_asn_before_its_product_waits(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """An ASN before its product waits; its serials are EXPECTED once the product is defined (S05)."""
    serials, receipt = scenario.new_serials(2), scenario.new_id("ASN")
    line = AsnLine(line="1", sku=scenario.sku, quantity=2, serials=serials)
    await system.publish(AsnAnnounced(receipt=receipt, warehouse=WAREHOUSE, lines=[line]))

    async def is_waiting() -> bool:
        body = await system.get_json("receiving", f"/receipts/{receipt}")
        return bool(body["lines"]["items"][0]["awaiting_product"])

    await wait_until(is_waiting)
    await scenario.define_product()
    await scenario.wait_for_status(serials, "EXPECTED")


async def test_cancellation_before_its_asn(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A cancellation before its ASN is kept: the ASN is created as cancelled."""
    await scenario.define_product()
    receipt = scenario.new_id("ASN")
    line = AsnLine(line="1", sku=scenario.sku, quantity=1, serials=scenario.new_serials(1))
    await system.publish(
        AsnCancelled(receipt=receipt), AsnAnnounced(receipt=receipt, warehouse=WAREHOUSE, lines=[line])
    )
    await scenario.wait_for_event("receiving.events", receipt, "receipt.closed.v1", status="CANCELLED")
    await system.wait_until_quiescent()
    assert not system.listener.events_of("receiving.events", receipt, "receipt.line_expected.v1")
    assert not await system.fetch_rows("serials", "SELECT 1 FROM serial WHERE sku = $1", scenario.sku)


async def test_cancellation_before_its_order(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A cancellation before its order is kept: the order is created as cancelled."""
    await scenario.define_product()
    serials = await scenario.stock_units(1)
    order = scenario.order_command(1)
    await system.publish(OrderCancelled(order=order.order), order)
    await scenario.wait_for_event("fulfillment.events", order.order, "order.status_changed.v1", status="CANCELLED")
    await system.wait_until_quiescent()
    await scenario.wait_for_status(serials, "IN_INVENTORY")
    assert (await system.get_json("fulfillment", f"/orders/{order.order}"))["status"] == "CANCELLED"


async def test_line_cancellation_and_amendment_before_their_order(
    system: SystemUnderTest, scenario: SerialScenario
) -> None:
    """Messages that precede their order are applied to it in order of arrival."""
    await scenario.define_product()
    await scenario.stock_units(3)
    lines = [OrderLine(line=line, sku=scenario.sku, quantity=1) for line in ("1", "2")]
    order = scenario.order_command(1, lines=lines)
    amendment = OrderAmended(order=order.order, lines=[OrderLine(line="1", sku=scenario.sku, quantity=2)])
    await system.publish(amendment, OrderLineCancelled(order=order.order, line="2"), order)
    picks = await scenario.wait_for_picks(order.order, 2)
    assert {row["line"] for row in picks} == {"1"}


async def test_order_before_its_product_waits(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """The line of an order before its product awaits it, and is allocated once it is defined (S08)."""
    order = await scenario.place_order(1)

    async def is_waiting() -> bool:
        body = await system.get_json("fulfillment", f"/orders/{order}")
        return bool(body["lines"][0]["awaiting_product"])

    await wait_until(is_waiting)
    await scenario.define_product()
    serials = await scenario.stock_units(1)
    assert await scenario.wait_for_allocation(order, 1) == serials


async def test_putaway_before_its_receipt_can_be_repeated(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A putaway before its receipt succeeds after it; before, it is retried or told what is missing."""
    await scenario.define_product()
    serials = scenario.new_serials(1)
    body = PutAwaySerials(sku=scenario.sku, serials=serials, location=SHELF).model_dump(mode="json", exclude_none=True)
    response = await system.post("serials", "/putaways", body)
    assert response.json()["code"] in ("not_yet_available", "serial_not_found")
    assert ("Retry-After" in response.headers) == (response.json()["code"] == "not_yet_available")
    await scenario.receive(serials)
    await scenario.put_away(serials)
    await scenario.wait_for_status(serials, "IN_INVENTORY")


async def test_blind_receipt_before_the_asn_of_its_units(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """An ASN of units already received on a blind receipt is rejected (S18)."""
    await scenario.define_product()
    serials, blind = scenario.new_serials(1), scenario.new_id("BR")
    await system.execute(AsnAnnounced(receipt=blind, warehouse=WAREHOUSE, kind="BLIND"))
    await system.execute(scenario.scan_command(blind, serials))
    await scenario.confirm_session(blind)
    await scenario.wait_for_status(serials, "RECEIVED")
    receipt = scenario.new_id("ASN")
    line = AsnLine(line="1", sku=scenario.sku, quantity=1, serials=serials)
    (event,) = await system.publish(AsnAnnounced(receipt=receipt, warehouse=WAREHOUSE, lines=[line]))
    row = await system.wait_for_rejection("receiving", event, "duplicate_serial", receipt)
    assert row["violations"][0]["ids"] == serials
    assert (await scenario.get_unit(serials[0]))["receipt"] == blind


async def test_simultaneous_messages_end_in_the_same_state(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """Order, ASN and product in the wrong order end with the unit on the order's pick list."""
    serials, receipt = scenario.new_serials(1), scenario.new_id("ASN")
    order = scenario.order_command(1)
    line = AsnLine(line="1", sku=scenario.sku, quantity=1, serials=serials)
    asn = AsnAnnounced(receipt=receipt, warehouse=WAREHOUSE, lines=[line])
    await system.publish(order, asn, ProductDefined(sku=scenario.sku, name="Pump", serial_tracked=True))
    await scenario.wait_for_status(serials, "EXPECTED")
    await system.execute(scenario.scan_command(receipt, serials))
    await scenario.confirm_session(receipt)
    await scenario.put_away(serials)
    (pick,) = await scenario.wait_for_picks(order.order, 1)
    assert (pick["serial"], pick["location"]) == (serials[0], SHELF)
    assert (await scenario.get_unit(serials[0]))["status"] == "ALLOCATED"
