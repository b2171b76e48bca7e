"""Scans and sessions: one serial per unit, with undo and takeover until confirmation."""

from shared.contracts.commands.receiving import (
    CloseReceipt,
    ConfirmSession,
    DiscardSession,
    ResolveDiscrepancy,
)
from shared.contracts.upstream import AsnAnnounced
from tests.e2e.receipts import load_single_line, scan_statuses
from tests.e2e.serial_scenario import DOCK, SerialScenario
from tests.e2e.system import SystemUnderTest


async def test_receiving_shows_expected_units(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A line shows its expected listed and unlisted units; each scan reduces them (S13)."""
    await scenario.define_product()
    listed, unlisted = scenario.new_serials(2), scenario.new_serials(1)
    receipt = await scenario.announce_asn(listed, quantity=3)
    line = await load_single_line(system, receipt)
    assert (line["open_listed_serials"], line["open_unlisted_quantity"]) == (2, 1)
    expected = await system.get_json("receiving", f"/receipts/{receipt}/expected")
    assert [unit["serial"] for unit in expected["items"]] == listed
    assert set((await scan_statuses(system, scenario, receipt, [listed[0], unlisted[0]])).values()) == {"ACCEPTED"}
    line = await load_single_line(system, receipt)
    assert (line["open_listed_serials"], line["open_unlisted_quantity"], line["scanned"]) == (1, 0, 2)


async def test_serials_are_scanned_singly_or_in_bulk(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """Each serial has its own scan status, in single scans or batches of 500 (S13)."""
    await scenario.define_product()
    serials = [f"{scenario.token}-{number:04}" for number in range(501)]
    receipt = await scenario.announce_asn(serials[:500], quantity=501)
    assert await scan_statuses(system, scenario, receipt, [serials[500]]) == {serials[500]: "ACCEPTED"}
    statuses = await scan_statuses(system, scenario, receipt, serials[:500])
    assert list(statuses) == serials[:500]
    assert set(statuses.values()) == {"ACCEPTED"}
    confirmation = await scenario.confirm_session(receipt)
    assert confirmation["units"] == 501
    await scenario.wait_for_status([serials[0], serials[500]], "RECEIVED")


async def test_serial_is_received_once(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A serial is received once, in a receipt as well as in two sessions (S14)."""
    await scenario.define_product()
    serials = scenario.new_serials(2)
    receipt = await scenario.announce_asn(serials)
    await scan_statuses(system, scenario, receipt, serials[:1])
    await system.assert_rejected(scenario.scan_command(receipt, serials[:1]), "duplicate_serial_in_request")
    await system.assert_rejected(
        scenario.scan_command(receipt, serials[:1], session="another"), "duplicate_serial_in_request"
    )
    await scenario.confirm_session(receipt)
    await system.assert_rejected(
        scenario.scan_command(receipt, serials[:1], session="later"), "duplicate_serial_in_request"
    )
    assert (await load_single_line(system, receipt))["received"] == 1


async def test_serial_scan_cannot_be_skipped(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A unit cannot be received without its serial: a confirmation without scans is rejected (S15)."""
    await scenario.define_product()
    receipt = await scenario.announce_asn(scenario.new_serials(1))
    await system.assert_rejected(ConfirmSession(receipt=receipt, session="S"), "session_not_found")
    for serials in ([], [""], [None]):
        body = {"receipt": receipt, "session": "S", "sku": scenario.sku, "location": DOCK, "serials": serials}
        response = await system.post("receiving", "/scans", body)
        assert response.status_code in (400, 422), response.text
    assert (await load_single_line(system, receipt))["missing_quantity"] == 1
    document = await system.get_json("receiving", "/openapi.json")
    schemas_with_quantity = [
        name for name, schema in document["components"]["schemas"].items() if "quantity" in schema.get("properties", {})
    ]
    assert "Scan" not in schemas_with_quantity


async def test_line_is_short_without_all_serials(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A receipt closed before all serials are scanned is short by the rest (S15)."""
    await scenario.define_product()
    arrived, missing = scenario.new_serials(2)
    receipt = await scenario.announce_asn([arrived, missing])
    await scan_statuses(system, scenario, receipt, [arrived])
    await system.assert_rejected(CloseReceipt(receipt=receipt), "session_open")
    await scenario.confirm_session(receipt)
    await system.execute(CloseReceipt(receipt=receipt))
    (closed,) = await scenario.wait_for_event("receiving.events", receipt, "receipt.closed.v1")
    (summary,) = closed["data"]["lines"]
    assert (summary["announced"], summary["received"], summary["short"]) == (2, 1, 1)
    (cancelled,) = await scenario.wait_for_event(
        "receiving.events", receipt, "receipt.line_cancelled.v1", reason="CLOSED"
    )
    assert cancelled["data"]["serials"] == [missing]


async def test_unknown_receiving_documents(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """An unknown receipt, session, discrepancy, product or warehouse is rejected with its own code."""
    await scenario.define_product()
    receipt = await scenario.announce_asn(scenario.new_serials(1))
    decision = {"receipt": receipt, "discrepancy": "D-?", "resolution": "ACCEPT", "reason": "none"}
    for command, code in (
        (scenario.scan_command("ASN-?", ["U-1"]), "receipt_not_found"),
        (scenario.scan_command(receipt, ["U-1"], sku="SKU-?"), "product_not_found"),
        (ConfirmSession(receipt="ASN-?", session="S"), "receipt_not_found"),
        (ConfirmSession(receipt=receipt, session="S"), "session_not_found"),
        (DiscardSession(receipt=receipt, session="S"), "session_not_found"),
        (CloseReceipt(receipt="ASN-?"), "receipt_not_found"),
        (ResolveDiscrepancy.model_validate(decision), "discrepancy_not_found"),
        (AsnAnnounced(receipt=scenario.new_id("BR"), warehouse="MARS", kind="BLIND"), "warehouse_not_found"),
    ):
        await system.assert_rejected(command, code)
