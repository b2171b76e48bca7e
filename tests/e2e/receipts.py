"""Helpers for receipts: scan results, discrepancies and lines."""

from tests.e2e.serial_scenario import SerialScenario
from tests.e2e.system import JsonObject, SystemUnderTest


async def scan_statuses(
    system: SystemUnderTest, scenario: SerialScenario, receipt: str, serials: list[str]
) -> dict[str, str]:
    """Scan serials and return the status of each."""
    response = await system.execute_command(scenario.scan_command(receipt, serials))
    assert response.status_code == 200, response.text
    return {result["serial"]: result["status"] for result in response.json()["scan_results"]}


async def discrepancies(system: SystemUnderTest, receipt: str) -> list[JsonObject]:
    """Return the discrepancies of a receipt."""
    items: list[JsonObject] = (await system.get_json("receiving", f"/receipts/{receipt}/discrepancies"))["items"]
    return items


async def load_single_line(system: SystemUnderTest, receipt: str) -> JsonObject:
    """Return the only line of a receipt."""
    (single,) = (await system.get_json("receiving", f"/receipts/{receipt}"))["lines"]["items"]
    line: JsonObject = single
    return line
