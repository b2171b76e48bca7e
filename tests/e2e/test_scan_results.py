"""Differences between announced and scanned units: reported, recorded and resolved by a supervisor."""

import pytest

from shared.contracts.commands.receiving import (
    CloseReceipt,
    ResolveDiscrepancy,
)
from tests.e2e.receipts import discrepancies, scan_statuses
from tests.e2e.serial_scenario import DOCK, SerialScenario
from tests.e2e.system import SystemUnderTest


async def test_shortage_is_recorded(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """Closing a receipt with a missing unit records SHORT with its serial; the closing decides it (S16)."""
    await scenario.define_product()
    serials = scenario.new_serials(3)
    receipt = await scenario.announce_asn(serials)
    await scan_statuses(system, scenario, receipt, serials[:2])
    await scenario.confirm_session(receipt)
    await system.execute(CloseReceipt(receipt=receipt), actor="sue")
    (short,) = await discrepancies(system, receipt)
    assert (short["kind"], short["quantity"], short["serials"]) == ("SHORT", 1, serials[2:])
    assert (short["resolution"], short["resolved_by"], short["allowed_resolutions"]) == ("ACCEPT", "sue", [])
    accept = ResolveDiscrepancy(
        receipt=receipt, discrepancy=short["discrepancy"], resolution="ACCEPT", reason="the sender credits it"
    )
    await system.assert_rejected(accept, "discrepancy_resolved")


DISCREPANCY_KINDS = (
    "OVER",
    "UNEXPECTED",
    "DUPLICATE_SERIAL",
    "CASE_MISMATCH",
    "EXPECTED_ON_OTHER_RECEIPT",
    "WRONG_PRODUCT",
)


async def provoke_discrepancy(system: SystemUnderTest, scenario: SerialScenario, kind: str) -> tuple[str, str]:
    """Prepare a discrepancy of this kind; return the receipt and the serial to scan."""
    await scenario.define_product()
    expected_serial = scenario.new_id("named").lower()
    receipt = await scenario.announce_asn([expected_serial])
    match kind:
        case "OVER":
            await scan_statuses(system, scenario, receipt, [expected_serial])
            return receipt, scenario.new_id("U")
        case "UNEXPECTED":
            return receipt, scenario.new_id("U")
        case "DUPLICATE_SERIAL":
            return receipt, (await scenario.stock_units(1))[0]
        case "CASE_MISMATCH":
            return receipt, expected_serial.upper()
        case "EXPECTED_ON_OTHER_RECEIPT":
            (serial,) = scenario.new_serials(1)
            await scenario.announce_asn([serial])
            return receipt, serial
    other = await scenario.define_product(scenario.new_id("P"))
    serials = scenario.new_serials(1)
    await scenario.announce_asn(serials, sku=other, receipt=receipt, line="2")
    return receipt, serials[0]


@pytest.mark.parametrize("kind", DISCREPANCY_KINDS)
async def test_discrepancy_is_reported_and_recorded(
    system: SystemUnderTest, scenario: SerialScenario, kind: str
) -> None:
    """Each kind of discrepancy is a scan status and is recorded on confirmation (S16)."""
    receipt, serial = await provoke_discrepancy(system, scenario, kind)
    assert await scan_statuses(system, scenario, receipt, [serial]) == {serial: kind}
    session = await system.get_json("receiving", f"/receipts/{receipt}/sessions/S-{receipt}")
    assert serial in {scan["serial"]: scan["status"] for scan in session["scans"]["items"]}
    await scenario.confirm_session(receipt)
    (discrepancy,) = await discrepancies(system, receipt)
    assert (discrepancy["kind"], discrepancy["serials"], discrepancy["resolution"]) == (kind, [serial], None)
    await scenario.wait_for_event("receiving.events", receipt, "discrepancy.found.v1", kind=kind, serials=[serial])


@pytest.mark.parametrize("kind", [kind for kind in DISCREPANCY_KINDS if kind != "DUPLICATE_SERIAL"])
async def test_supervisor_accepts_a_discrepancy(system: SystemUnderTest, scenario: SerialScenario, kind: str) -> None:
    """An accepted discrepancy is received as scanned; another receipt no longer expects it (S16)."""
    receipt, serial = await provoke_discrepancy(system, scenario, kind)
    await scan_statuses(system, scenario, receipt, [serial])
    await scenario.confirm_session(receipt)
    (discrepancy,) = await discrepancies(system, receipt)
    assert "ACCEPT" in discrepancy["allowed_resolutions"]
    await system.execute(
        ResolveDiscrepancy(
            receipt=receipt, discrepancy=discrepancy["discrepancy"], resolution="ACCEPT", reason="inspected"
        ),
        actor="sue",
    )
    await scenario.wait_for_status([serial], "RECEIVED")
    unit = await scenario.get_unit(serial)
    assert (unit["receipt"], unit["location"]) == (receipt, DOCK)


async def test_known_serial_is_never_a_new_unit(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A registered serial is never accepted or matched to itself; its receipt closes after the decision (S18)."""
    receipt, serial = await provoke_discrepancy(system, scenario, "DUPLICATE_SERIAL")
    await scan_statuses(system, scenario, receipt, [serial])
    await scenario.confirm_session(receipt)
    (discrepancy,) = await discrepancies(system, receipt)
    assert "ACCEPT" not in discrepancy["allowed_resolutions"]
    decision = ResolveDiscrepancy(
        receipt=receipt, discrepancy=discrepancy["discrepancy"], resolution="ACCEPT", reason="looks new"
    )
    await system.assert_rejected(decision, "resolution_not_allowed")
    match = decision.model_copy(update={"resolution": "MATCH", "match_to": serial})
    problem = await system.assert_rejected(match, "resolution_without_effect")
    (path,) = problem["blocked_by"]
    assert (await system.get_json("serials", path))["status"] == "IN_INVENTORY"
    await system.assert_rejected(CloseReceipt(receipt=receipt), "discrepancy_open")
    returned = decision.model_copy(update={"resolution": "RETURN_TO_VENDOR"})
    await system.assert_rejected(returned, "resolution_without_effect")
    await system.execute(decision.model_copy(update={"resolution": "VOID"}))
    await system.execute(CloseReceipt(receipt=receipt))
    unit = await scenario.get_unit(serial)
    assert (unit["status"], unit["version"]) == ("IN_INVENTORY", 3)


async def test_case_mismatch_is_matched_to_the_expected_serial(
    system: SystemUnderTest, scenario: SerialScenario
) -> None:
    """A case mismatch is matched to the expected unit, which is received (S16)."""
    receipt, typed_serial = await provoke_discrepancy(system, scenario, "CASE_MISMATCH")
    await scan_statuses(system, scenario, receipt, [typed_serial])
    await scenario.confirm_session(receipt)
    (discrepancy,) = await discrepancies(system, receipt)
    await system.execute(
        ResolveDiscrepancy(receipt=receipt, discrepancy=discrepancy["discrepancy"], resolution="MATCH", reason="typed")
    )
    await scenario.wait_for_status([typed_serial.lower()], "RECEIVED")
    assert (await system.get("serials", f"/serials/{scenario.sku}/{typed_serial}")).status_code == 404


@pytest.mark.parametrize("resolution", ["RETURN_TO_VENDOR", "VOID"])
async def test_returned_or_voided_scan_is_never_received(
    system: SystemUnderTest, scenario: SerialScenario, resolution: str
) -> None:
    """A unit returned to the vendor, or a voided entry, never becomes stock (S16)."""
    receipt, serial = await provoke_discrepancy(system, scenario, "UNEXPECTED")
    await scan_statuses(system, scenario, receipt, [serial])
    await scenario.confirm_session(receipt)
    (discrepancy,) = await discrepancies(system, receipt)
    decision = {
        "receipt": receipt,
        "discrepancy": discrepancy["discrepancy"],
        "resolution": resolution,
        "reason": "test",
    }
    await system.execute(ResolveDiscrepancy.model_validate(decision))
    await scenario.wait_for_event("receiving.events", receipt, "discrepancy.resolved.v1", resolution=resolution)
    await system.wait_until_quiescent()
    assert not await system.fetch_rows("serials", "SELECT 1 FROM serial WHERE serial = $1", serial)
