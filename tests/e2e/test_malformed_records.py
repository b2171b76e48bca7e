"""Malformed records are dead-lettered unchanged; neighbouring records are processed."""

import json
from datetime import UTC, datetime

import pytest

from shared.contracts.upstream import AsnAnnounced, AsnLine
from tests.e2e.serial_scenario import WAREHOUSE, SerialScenario
from tests.e2e.system import SystemUnderTest

MIB = 1024 * 1024


def asn(scenario: SerialScenario, receipt: str, serials: list[str]) -> AsnAnnounced:
    """Return an ASN of one line."""
    line = AsnLine(line="1", sku=scenario.sku, quantity=len(serials), serials=serials)
    return AsnAnnounced(receipt=receipt, warehouse=WAREHOUSE, lines=[line])


@pytest.mark.parametrize("value", [None, b"", b"{", b"[]", b'"text"', b"\xff\xfe\x00", b'{"specversion": "1.0"}'])
async def test_unparsable_record_is_dead_lettered(
    system: SystemUnderTest, scenario: SerialScenario, value: bytes | None
) -> None:
    """A null, empty, truncated or foreign record is a dead letter; the next one is processed."""
    position = await system.send_record("oms.orders", value, "SO-" + scenario.token)
    await scenario.define_product()
    order = await scenario.place_order(1, order="SO-" + scenario.token)
    dead_letter = await system.wait_for_dead_letter("fulfillment", position)
    assert dead_letter["size"] == len(value or b"")
    await scenario.wait_for_event("fulfillment.events", order, "allocation.requested.v1")


async def test_truncated_message_is_dead_lettered_byte_for_byte(
    system: SystemUnderTest, scenario: SerialScenario
) -> None:
    """Half an ASN is kept byte for byte; the complete one that follows is planned."""
    await scenario.define_product()
    receipt, serials = scenario.new_id("ASN"), scenario.new_serials(2)
    complete = json.dumps(system.cloud_event_of(asn(scenario, receipt, serials))).encode()
    position = await system.send_record("erp.asns", complete[: len(complete) // 2], receipt)
    await system.send_record("erp.asns", complete, receipt)
    dead_letter = await system.wait_for_dead_letter("receiving", position)
    assert dead_letter["preview"] == complete[: len(complete) // 2].decode()
    assert dead_letter["key"] == receipt
    await scenario.wait_for_status(serials, "EXPECTED")


async def test_2_mb_record_is_dead_lettered(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A record of 2 MB from an upstream topic is dead-lettered in full."""
    receipt = scenario.new_id("ASN")
    event = system.cloud_event_of(asn(scenario, receipt, scenario.new_serials(1)))
    event["data"]["supplier"] = "x" * (2 * MIB)
    position = await system.send_record("erp.asns", event, receipt)
    dead_letter = await system.wait_for_dead_letter("receiving", position)
    assert dead_letter["size"] > 2 * MIB
    assert "1 MiB" in dead_letter["error"]


@pytest.mark.parametrize("key", [None, b"another", b""])
async def test_record_with_a_wrong_key_is_dead_lettered(
    system: SystemUnderTest, scenario: SerialScenario, key: bytes | None
) -> None:
    """A message without its document's key is a dead letter that explains why."""
    await scenario.define_product()
    receipt, serials = scenario.new_id("ASN"), scenario.new_serials(1)
    position = await system.send_record("erp.asns", system.cloud_event_of(asn(scenario, receipt, serials)), key)
    dead_letter = await system.wait_for_dead_letter("receiving", position)
    assert "key" in dead_letter["error"]
    assert receipt in dead_letter["error"]
    assert not await system.fetch_rows("receiving", "SELECT 1 FROM receipt WHERE receipt = $1", receipt)


@pytest.mark.parametrize(
    "changed_attributes",
    [
        {"specversion": "0.3"}, {"type": "asn.forgotten.v1"}, {"type": None}, {"id": ""}, {"source": ""},
        {"time": "yesterday"}, {"time": "2025-01-01T00:00:00"}, {"data": None}, {"data": {}},
    ],
)  # fmt: skip
async def test_message_with_a_wrong_envelope_is_dead_lettered(
    system: SystemUnderTest, scenario: SerialScenario, changed_attributes: dict[str, object]
) -> None:
    """A CloudEvent with a missing or wrong attribute is a dead letter that names it."""
    receipt = scenario.new_id("ASN")
    event = {**system.cloud_event_of(asn(scenario, receipt, scenario.new_serials(1))), **changed_attributes}
    position = await system.send_record("erp.asns", event, receipt)
    dead_letter = await system.wait_for_dead_letter("receiving", position)
    assert next(iter(changed_attributes)) in dead_letter["error"]
    assert not await system.fetch_rows("receiving", "SELECT 1 FROM receipt WHERE receipt = $1", receipt)


async def test_unknown_fields_are_refused(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """An envelope may have any attribute; a message with an unknown field is rejected, and kept as it was sent."""
    await scenario.define_product()
    receipt, serials = scenario.new_id("ASN"), scenario.new_serials(1)
    event = system.cloud_event_of(asn(scenario, receipt, serials)) | {"colour": "red"}
    refused = system.cloud_event_of(asn(scenario, receipt, serials))
    refused["data"]["lines"][0]["expiry_date"] = "2030-01-31"
    await system.send_record("erp.asns", refused, receipt)
    await system.send_record("erp.asns", event, receipt)
    await scenario.wait_for_status(serials, "EXPECTED")
    rejections = await system.get_json("receiving", "/rejections", document=receipt)
    assert [item["violations"][0]["ids"] for item in rejections["items"]] == [["data.lines.0.expiry_date"]]
    detail = await system.get_json("receiving", f"/rejections/{rejections['items'][0]['id']}")
    assert detail["raw"] == refused["data"]


async def test_dead_letters_are_listed(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """GET /dead-letters lists dead letters, newest first, with position and error."""
    position = await system.send_record("serials.commands", b"nonsense", scenario.sku)
    dead_letter = await system.wait_for_dead_letter("serials", position)
    dead_letters = await system.get_json("serials", "/dead-letters", topic="serials.commands")
    assert dead_letters["items"][0]["id"] == dead_letter["id"]
    assert datetime.fromisoformat(dead_letters["items"][0]["stored_at"]) <= datetime.now(UTC)
    assert (await system.get("serials", "/dead-letters/999999999")).status_code == 404


async def test_malformed_command_over_kafka_is_dead_lettered(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A malformed command is a dead letter of its service; a valid one sent with it is executed."""
    serials = scenario.new_serials(1)
    await scenario.define_product()
    await scenario.receive(serials)
    await scenario.wait_for_status(serials, "RECEIVED")
    body = {"sku": scenario.sku, "serials": serials, "location": "nowhere"}
    position = await system.send_record(
        "serials.commands", system.cloud_event("serial.put_away.v1", body), scenario.sku
    )
    valid = system.cloud_event("serial.put_away.v1", {**body, "location": f"{WAREHOUSE}/A-01"})
    await system.send_record("serials.commands", valid, scenario.sku)
    assert "location" in (await system.wait_for_dead_letter("serials", position))["error"]
    await scenario.wait_for_status(serials, "IN_INVENTORY")
