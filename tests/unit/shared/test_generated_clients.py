"""Generated clients of the services: typed, and with every command."""

from importlib import import_module
from pathlib import Path

import pytest

from deploy.databases import SERVICES
from tests.support.clients import generate_client, operation_module, run_module


@pytest.mark.parametrize("service", SERVICES)
async def test_generated_client_has_every_command(
    service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each service's client passes mypy and has a function for each command of the document."""
    document = import_module(f"services.{service}.app").app.openapi()
    package = await generate_client(document, service, tmp_path)
    await run_module(tmp_path, "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), package)
    monkeypatch.syspath_prepend(tmp_path)
    operations = [
        methods["post"]["operationId"]
        for methods in document["paths"].values()
        if "commands" in methods.get("post", {}).get("tags", [])
    ]
    assert operations
    for operation in operations:
        assert callable(operation_module(package, operation).asyncio_detailed)
