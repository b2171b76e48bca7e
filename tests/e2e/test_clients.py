"""Clients generated from the services' OpenAPI documents."""

import asyncio
import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, get_type_hints
from uuid import uuid4

import pytest

from deploy.databases import SERVICES
from shared.http.labels import PDF, SVG
from shared.http.xlsx import XlsxResponse
from tests.e2e.serial_scenario import DOCK, WAREHOUSE, SerialScenario
from tests.e2e.system import JsonObject, SystemUnderTest
from tests.support.auth import token_of


async def generate_client(system: SystemUnderTest, service: str, folder: Path) -> tuple[str, JsonObject]:
    """Generate a service's client in a folder; return its package name and OpenAPI document."""
    package, document = f"{service}_client", await system.get_json(service, "/openapi.json")
    (folder / "openapi.json").write_text(json.dumps(document))
    overrides = dict.fromkeys(["text/csv", XlsxResponse.media_type, PDF, SVG], "application/octet-stream")
    (folder / "config.yaml").write_text(json.dumps({"post_hooks": [], "content_type_overrides": overrides}))
    await run_module(
        folder, "openapi_python_client", "generate", "--path", "openapi.json", "--config", "config.yaml",
        "--meta", "none", "--output-path", package, "--fail-on-warning",
    )  # fmt: skip
    return package, document


async def run_module(folder: Path, *arguments: str) -> None:
    """Run a Python module in a folder; it must succeed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *arguments, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()


@pytest.mark.parametrize("service", SERVICES)
async def test_generated_client_has_every_command(
    system: SystemUnderTest, service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each service's client passes mypy and has a function for each command of the document."""
    package, document = await generate_client(system, service, tmp_path)
    await run_module(tmp_path, "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), package)
    monkeypatch.syspath_prepend(tmp_path)
    operations = [
        methods["post"]["operationId"] for methods in document["paths"].values() if "commands" in post_tags(methods)
    ]
    assert operations
    for operation in operations:
        assert callable(operation_module(package, operation).asyncio_detailed)


async def test_generated_client_completes_a_receipt(
    system: SystemUnderTest, scenario: SerialScenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Product, announcement, scans, confirmation and close through the generated client only."""
    package, _ = await generate_client(system, "receiving", tmp_path)
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


def post_tags(methods: JsonObject) -> list[str]:
    """Return the tags of a path's POST operation."""
    tags: list[str] = methods.get("post", {}).get("tags", [])
    return tags


def operation_module(package: str, operation: str) -> Any:
    """Return the client module of a command: `receiving.closeReceipt` is `receiving_close_receipt`."""
    name = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in operation.replace(".", "_"))
    return import_module(f"{package}.api.commands.{name}")
