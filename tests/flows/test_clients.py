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
from tests.flows.shop import DOCK, WAREHOUSE, Shop
from tests.flows.world import World


async def generated(world: World, service: str, folder: Path) -> tuple[str, dict[str, Any]]:
    """Generate a service's client in a folder; its package's name, and the document that it was made from."""
    package, document = f"{service}_client", await world.read(service, "/openapi.json")
    (folder / "openapi.json").write_text(json.dumps(document))
    (folder / "config.yaml").write_text("post_hooks: []\n")
    await run(
        folder, "openapi_python_client", "generate", "--path", "openapi.json", "--config", "config.yaml",
        "--meta", "none", "--output-path", package,
    )  # fmt: skip
    return package, document


async def run(folder: Path, *module: str) -> None:
    """Run a Python module in a folder; it must succeed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *module, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()


@pytest.mark.parametrize("service", SERVICES)
async def test_a_generated_client_has_every_command(
    world: World, service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client of each service passes mypy, and each command of the document can be imported from it."""
    package, document = await generated(world, service, tmp_path)
    await run(tmp_path, "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), package)
    monkeypatch.syspath_prepend(tmp_path)
    commands = [methods["post"]["operationId"] for methods in document["paths"].values() if "commands" in tags(methods)]
    assert commands
    for operation in commands:
        assert callable(module_of(package, operation).asyncio_detailed)


async def test_a_generated_client_completes_a_receipt(
    world: World, shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Product, announcement, scans, confirmation and close through the generated client alone."""
    package, _ = await generated(world, "receiving", tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    client = import_module(package).Client(base_url=world.services["receiving"].url)

    async def send(operation: str, *path: str, **body: Any) -> Any:
        call = module_of(package, f"receiving.{operation}").asyncio_detailed
        model = get_type_hints(call)["body"]
        answer = await call(
            *path, client=client, body=model.from_dict(body), idempotency_key=str(uuid4()), x_actor="ann"
        )
        return answer.status_code, answer.parsed, answer.headers.get("Location")

    receipt, serials = shop.no("ASN"), shop.serials(2)
    status, product, _ = await send("defineProduct", sku=shop.sku, name="Pump", serial_tracked=True)
    assert (status, product.tracking) == (201, "SERIAL")
    lines = [{"line": "1", "sku": shop.sku, "quantity": 2, "serials": serials}]
    status, announced, location = await send("announceReceipt", receipt=receipt, warehouse=WAREHOUSE, lines=lines)
    assert (status, announced.status, location) == (201, "PLANNED", f"/receipts/{receipt}")
    scan = {"receipt": receipt, "session": "S", "sku": shop.sku, "location": DOCK}
    _, scanned, _ = await send("scanItems", **scan, serials=[*serials, shop.no("U")])
    assert [one.verdict for one in scanned.verdicts] == ["ACCEPTED", "ACCEPTED", "OVER"]
    _, undone, _ = await send("undoScans", receipt, "S", sku=shop.sku, serials=[scanned.verdicts[2].serial])
    assert (undone.units, undone.refused) == (1, [])
    _, confirmed, _ = await send("confirmSession", receipt, "S", units=2)
    assert (confirmed.state, confirmed.units) == ("CONFIRMED", 2)
    _, closed, _ = await send("closeReceipt", receipt)
    assert (closed.status, closed.discrepancies) == ("CLOSED", [])
    status, problem, _ = await send("closeReceipt", receipt)
    assert (status, problem.code) == (409, "receipt_closed")
    await shop.status(serials, "RECEIVED")


def tags(methods: dict[str, Any]) -> list[str]:
    """The tags of a path's POST operation."""
    found: list[str] = methods.get("post", {}).get("tags", [])
    return found


def module_of(package: str, operation: str) -> Any:
    """The module of a command in a client: `receiving.closeReceipt` is `receiving_close_receipt`."""
    name = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in operation.replace(".", "_"))
    return import_module(f"{package}.api.commands.{name}")
