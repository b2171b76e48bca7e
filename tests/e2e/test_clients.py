"""A client generated from the OpenAPI document of receiving, used against the running services."""

from importlib import import_module
from pathlib import Path
from typing import Any, get_type_hints
from uuid import uuid4

import pytest

from tests.e2e.serial_scenario import DOCK, WAREHOUSE, SerialScenario
from tests.e2e.system import SystemUnderTest
from tests.support.auth import token_of
from tests.support.clients import generate_client, operation_module


async def test_generated_client_completes_a_receipt(
    system: SystemUnderTest, scenario: SerialScenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Product, announcement, scans, confirmation and close through the generated client only."""
    package = await generate_client(await system.get_json("receiving", "/openapi.json"), "receiving", tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    client = import_module(package).AuthenticatedClient(
        base_url=system.services["receiving"].url, token=token_of("ann")
    )

    async def send(operation: str, *path: str, **body: Any) -> Any:
        send_command = operation_module(package, f"receiving.{operation}").asyncio_detailed
        model = get_type_hints(send_command)["body"]
        response = await send_command(*path, client=client, body=model.from_dict(body), idempotency_key=str(uuid4()))
        return response.status_code, response.parsed, response.headers.get("Location")

    receipt, serials = scenario.new_id("ASN"), scenario.new_serials(2)
    status, product, _ = await send("defineProduct", sku=scenario.sku, name="Pump", serial_tracked=True)
    assert (status, product.tracking) == (201, "SERIAL")
    lines = [{"line": "1", "sku": scenario.sku, "quantity": 2, "serials": serials}]
    status, announced, location = await send("announceReceipt", receipt=receipt, warehouse=WAREHOUSE, lines=lines)
    assert (status, announced.status, location) == (201, "PLANNED", f"/receipts/{receipt}")
    scan = {"receipt": receipt, "session": "S", "sku": scenario.sku, "location": DOCK}
    _, scanned, _ = await send("scanItems", **scan, serials=[*serials, scenario.new_id("U")])
    assert [result.status for result in scanned.scan_results] == ["ACCEPTED", "ACCEPTED", "OVER"]
    surplus_serial = scanned.scan_results[2].serial
    _, undone, _ = await send("undoScans", receipt, "S", sku=scenario.sku, serials=[surplus_serial])
    assert (undone.units, undone.rejected) == (1, [])
    _, confirmed, _ = await send("confirmSession", receipt, "S", units=2)
    assert (confirmed.status, confirmed.units) == ("CONFIRMED", 2)
    _, closed, _ = await send("closeReceipt", receipt)
    assert (closed.status, closed.discrepancies) == ("CLOSED", [])
    status, problem, _ = await send("closeReceipt", receipt)
    assert (status, problem.code) == (409, "receipt_closed")
    await scenario.wait_for_status(serials, "RECEIVED")
