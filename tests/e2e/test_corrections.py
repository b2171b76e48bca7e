"""Corrections by a sender: which ids can be used again, and what a repeated message adds."""

from shared.contracts.upstream import AsnAnnounced, AsnChanged, AsnLine, AsnLineChange
from tests.e2e.receipts import load_single_line
from tests.e2e.serial_scenario import WAREHOUSE, SerialScenario
from tests.e2e.system import SystemUnderTest
from tests.support.polling import wait_until


async def wait_for_expected_quantity(system: SystemUnderTest, receipt: str, quantity: int) -> None:
    """Wait until the only line of a receipt expects a quantity."""

    async def is_expected() -> bool:
        assert (await system.get("receiving", f"/receipts/{receipt}")).is_success
        line = await load_single_line(system, receipt)
        assert line["expected_quantity"] == quantity, line
        return True

    await wait_until(is_expected)


async def test_rejected_message_uses_up_its_id(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A rejected ASN change has no effect under its old id, and is applied under a new one."""
    await scenario.define_product()
    receipt, line = scenario.new_id("ASN"), AsnLine(line="1", sku=scenario.sku, quantity=2)
    change = AsnLineChange(line="1", sku=scenario.sku, quantity=4)
    await system.publish(AsnAnnounced(receipt=receipt, warehouse=WAREHOUSE, lines=[line]))
    (repeated,) = await system.publish(AsnChanged(receipt=receipt, lines=[change, change]))
    await system.wait_for_rejection("receiving", repeated, "duplicate_line", receipt)
    await system.send_record("erp.asns", repeated, receipt)
    await system.wait_until_quiescent()
    await wait_for_expected_quantity(system, receipt, 2)
    await system.publish(AsnChanged(receipt=receipt, lines=[change]))
    await wait_for_expected_quantity(system, receipt, 4)


async def test_dead_letter_does_not_use_up_its_id(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """The corrected message is processed under the id of the malformed one."""
    await scenario.define_product()
    receipt, line = scenario.new_id("ASN"), AsnLine(line="1", sku=scenario.sku, quantity=2)
    event = system.cloud_event_of(AsnAnnounced(receipt=receipt, warehouse=WAREHOUSE, lines=[line]))
    malformed = event | {"data": {"receipt": receipt}}
    await system.wait_for_dead_letter("receiving", await system.send_record("erp.asns", malformed, receipt))
    await system.send_record("erp.asns", event, receipt)
    await wait_for_expected_quantity(system, receipt, 2)


async def test_asn_under_another_id_replaces_its_quantities(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """An ASN repeated under its id or another one adds nothing; a corrected one replaces it (S05)."""
    await scenario.define_product()
    receipt, line = scenario.new_id("ASN"), AsnLine(line="1", sku=scenario.sku, quantity=2)
    asn = AsnAnnounced(receipt=receipt, warehouse=WAREHOUSE, lines=[line])
    (event,) = await system.publish(asn)
    await system.send_record("erp.asns", event, receipt)
    await system.wait_until_quiescent()
    await wait_for_expected_quantity(system, receipt, 2)
    corrected = AsnAnnounced(
        receipt=receipt, warehouse=WAREHOUSE, lines=[AsnLine(line="1", sku=scenario.sku, quantity=3)]
    )
    await system.publish(asn, asn, corrected)
    await wait_for_expected_quantity(system, receipt, 3)


async def test_product_definition_follows_json_merge_patch(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """Over Kafka and HTTP, omitted fields of a definition keep their values, and null clears them (RFC 7396)."""
    await scenario.define_product(unit="box", shelf_life={"stop_allocation_days": 7})
    named = system.cloud_event("product.defined.v1", {"sku": scenario.sku, "name": "New name"})
    await system.send_record("erp.products", named, scenario.sku)
    await scenario.wait_for_event("products", scenario.sku, version=2)
    product = await system.get_json("receiving", f"/products/{scenario.sku}")
    assert (product["name"], product["unit"], product["tracking"]) == ("New name", "box", "SERIAL")
    cleared = {"sku": scenario.sku, "unit": None, "shelf_life": {"stop_allocation_days": None}}
    response = await system.post("receiving", "/products", cleared)
    assert (response.status_code, response.json()["unit"]) == (200, "each")
    assert response.json()["shelf_life"]["stop_allocation_days"] == 0


async def test_idempotency_key_with_another_path_is_rejected(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """The path belongs to the request that a key identifies."""
    await scenario.define_product()
    receipts = [await scenario.announce_asn(scenario.new_serials(1)) for _ in range(2)]
    key = scenario.new_id("KEY")
    responses = [await system.post("receiving", f"/receipts/{receipt}/close", {}, key=key) for receipt in receipts]
    assert [response.status_code for response in responses] == [200, 422]
    assert responses[1].json()["code"] == "idempotency_key_reused"
