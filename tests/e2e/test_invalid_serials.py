"""Invalid, duplicate, missing or surplus serials: rejected with a code, without effect on valid ones."""

import pytest

from shared.contracts.commands.serials import PutAwaySerials
from shared.contracts.upstream import AsnAnnounced, AsnLine
from tests.e2e.serial_scenario import DOCK, SHELF, WAREHOUSE, SerialScenario
from tests.e2e.system import SystemUnderTest

INVALID_SERIALS = {
    "empty": "", "space": " ", "too long": "X" * 65, "control character": "AB\x07C", "line break": "AB\nC",
    "non-ASCII": "SN-Ä1", "homoglyph": "\u0405N-1", "trailing space": "SN-1 ",
}  # fmt: skip
each_invalid_serial = pytest.mark.parametrize("serial", INVALID_SERIALS.values(), ids=INVALID_SERIALS.keys())


@each_invalid_serial
async def test_invalid_serial_scan_is_reported(system: SystemUnderTest, scenario: SerialScenario, serial: str) -> None:
    """An invalid scan is reported; the valid scan in the same command is accepted and received."""
    await scenario.define_product()
    (valid_serial,) = serials = scenario.new_serials(1)
    receipt = await scenario.announce_asn(serials)
    response = await system.execute_command(scenario.scan_command(receipt, [serial, valid_serial]))
    statuses = {result["serial"]: result["status"] for result in response.json()["scan_results"]}
    assert statuses == {serial: "NOT_A_SERIAL" if "\n" in serial else "INVALID", valid_serial: "ACCEPTED"}
    await scenario.confirm_session(receipt)
    await scenario.wait_for_status([valid_serial], "RECEIVED")
    units = await system.fetch_rows("receiving", "SELECT serial FROM unit WHERE sku = $1", scenario.sku)
    assert [unit["serial"] for unit in units] == [valid_serial]


@each_invalid_serial
async def test_asn_with_an_invalid_serial_is_dead_lettered(
    system: SystemUnderTest, scenario: SerialScenario, serial: str
) -> None:
    """An ASN with one invalid serial is a dead letter as a whole."""
    receipt = scenario.new_id("ASN")
    line = {"line": "1", "sku": scenario.sku, "quantity": 2, "serials": [scenario.new_id("U"), serial]}
    event = system.cloud_event("asn.announced.v1", {"receipt": receipt, "warehouse": WAREHOUSE, "lines": [line]})
    position = await system.send_record("erp.asns", event, receipt)
    assert "serials.1" in (await system.wait_for_dead_letter("receiving", position))["error"]
    assert not await system.fetch_rows("receiving", "SELECT 1 FROM unit WHERE sku = $1", scenario.sku)


@each_invalid_serial
async def test_command_with_an_invalid_serial_is_rejected(
    system: SystemUnderTest, scenario: SerialScenario, serial: str
) -> None:
    """A putaway of an invalid serial is a 400 that names the field."""
    body = {"sku": scenario.sku, "serials": [serial], "location": SHELF}
    response = await system.post("serials", "/putaways", body)
    assert response.status_code == 400
    problem = response.json()
    assert problem["code"] == "validation_error"
    assert [error["field"] for error in problem["errors"]] == ["serials.0"]


async def test_serials_are_case_sensitive(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A scan that differs only in case is recorded as a mismatch and not received (S16)."""
    await scenario.define_product()
    expected = scenario.new_id("u").lower()
    receipt = await scenario.announce_asn([expected])
    response = await system.execute_command(scenario.scan_command(receipt, [expected.upper()]))
    (result,) = response.json()["scan_results"]
    assert result["status"] == "CASE_MISMATCH"
    assert expected in result["conflicting_value"]
    await scenario.confirm_session(receipt)
    await system.wait_until_quiescent()
    assert (await scenario.get_unit(expected))["status"] == "EXPECTED"
    assert (await system.get("serials", f"/serials/{scenario.sku}/{expected.upper()}")).status_code == 404


async def test_message_with_501_serials_is_rejected(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """An ASN of 501 serials is a dead letter, a scan of 501 a 400: the limit is 500 per message."""
    receipt, serials = scenario.new_id("ASN"), [f"{scenario.token}-{number}" for number in range(501)]
    line = {"line": "1", "sku": scenario.sku, "quantity": 501, "serials": serials}
    event = system.cloud_event("asn.announced.v1", {"receipt": receipt, "warehouse": WAREHOUSE, "lines": [line]})
    dead_letter = await system.wait_for_dead_letter("receiving", await system.send_record("erp.asns", event, receipt))
    assert "500" in dead_letter["error"]
    body = {"receipt": receipt, "session": "S", "sku": scenario.sku, "location": DOCK, "serials": serials}
    response = await system.post("receiving", "/scans", body)
    assert (response.status_code, response.json()["code"]) == (400, "validation_error")


async def test_message_limit_applies_across_lines(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """The limit of 500 serials applies to the message, not to each line."""
    receipt = scenario.new_id("ASN")
    lines = [
        {
            "line": str(number),
            "sku": scenario.sku,
            "quantity": size,
            "serials": [f"{scenario.token}-{number}-{index}" for index in range(size)],
        }
        for number, size in ((1, 500), (2, 1))
    ]
    event = system.cloud_event("asn.announced.v1", {"receipt": receipt, "warehouse": WAREHOUSE, "lines": lines})
    assert (
        "500"
        in (await system.wait_for_dead_letter("receiving", await system.send_record("erp.asns", event, receipt)))[
            "error"
        ]
    )


async def test_more_serials_than_units_are_rejected(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """An ASN line with 3 serials for 2 units is rejected over Kafka and HTTP (S14)."""
    await scenario.define_product()
    receipt = scenario.new_id("ASN")
    line = AsnLine(line="1", sku=scenario.sku, quantity=2, serials=scenario.new_serials(3))
    asn = AsnAnnounced(receipt=receipt, warehouse=WAREHOUSE, lines=[line])
    (event,) = await system.publish(asn)
    await system.wait_for_rejection("receiving", event, "too_many_serials", receipt)
    problem = await system.assert_rejected(asn, "too_many_serials")
    assert problem["status"] == 422
    assert not await system.fetch_rows("receiving", "SELECT 1 FROM receipt WHERE receipt = $1", receipt)


async def test_duplicate_serial_in_a_command_is_rejected(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A putaway that lists a serial twice is rejected as a whole (S14)."""
    await scenario.define_product()
    serials = scenario.new_serials(2)
    await scenario.receive(serials)
    await scenario.wait_for_status(serials, "RECEIVED")
    putaway = PutAwaySerials(sku=scenario.sku, serials=[*serials, serials[0]], location=SHELF)
    problem = await system.assert_rejected(putaway, "duplicate_serial_in_request")
    assert problem["ids"] == [serials[0]]
    await scenario.wait_for_status(serials, "RECEIVED")
