"""Cartons received by their SSCC: the audit of every service says from which."""

from shared.contracts.commands.receiving import DefineSupplier, ScanItems
from shared.contracts.upstream import AsnAnnounced
from tests.e2e.lot_scenario import LotScenario, day_from_now
from tests.e2e.serial_scenario import DOCK, WAREHOUSE, SerialScenario
from tests.e2e.system import SystemUnderTest
from tests.support.polling import wait_until
from tests.support.sscc import new_sscc


async def test_the_audit_says_inferred_from_sscc(
    system: SystemUnderTest, scenario: SerialScenario, lot_scenario: LotScenario
) -> None:
    """S13, S22, S33: one scan receives a carton of units and lots; their histories name its SSCC and the raw scan."""
    await scenario.define_product()
    await lot_scenario.define_product()
    sscc, receipt, supplier = new_sscc(), scenario.new_id("ASN"), scenario.new_id("ACME")
    first, second = scenario.new_serials(2)
    lines = [
        {"line": "1", "sku": scenario.sku, "quantity": 2},
        {
            "line": "2", "sku": lot_scenario.sku, "quantity": 12,
            "lots": [{"lot": "L1", "quantity": 12, "expiry": str(day_from_now(90))}],
        },
    ]  # fmt: skip
    content = [{"line": "1", "serials": [first, second]}, {"line": "2", "lot": "L1", "quantity": 12}]
    announcement = {
        "receipt": receipt, "warehouse": WAREHOUSE, "supplier": supplier, "lines": lines,
        "cartons": [{"sscc": sscc, "content": content}],
    }  # fmt: skip
    await system.execute(DefineSupplier(supplier=supplier, receive_by_carton=True), actor="sue")
    await system.execute(AsnAnnounced.model_validate(announcement))
    await scenario.wait_for_status([first, second], "EXPECTED")
    await system.execute(ScanItems(receipt=receipt, session=f"S-{receipt}", location=DOCK, scans=[f"(00){sscc}"]))
    await scenario.confirm_session(receipt)
    await scenario.wait_for_status([first, second], "RECEIVED")
    step = (await scenario.get_unit(first))["history"][-1]
    assert (step["change"], step["inferred_from"], step["scan"]) == ("RECEIVED", sscc, f"(00){sscc}")

    async def movements() -> list[dict[str, object]]:
        page = await system.get_json("lots", "/reports/lot-movements", sku=lot_scenario.sku)
        return list(page["items"])

    (movement,) = await wait_until(movements)
    assert (movement["on_hand"], movement["inferred_from"], movement["scan"]) == (12, sscc, f"(00){sscc}")
