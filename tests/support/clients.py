"""Clients generated from the OpenAPI documents of the services."""

import asyncio
import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from shared.http.labels import PDF, SVG
from shared.http.xlsx import XlsxResponse


async def generate_client(document: dict[str, Any], service: str, folder: Path) -> str:
    """Generate the client of a service in a folder; return its package name."""
    package = f"{service}_client"
    (folder / "openapi.json").write_text(json.dumps(document))
    overrides = dict.fromkeys(["text/csv", XlsxResponse.media_type, PDF, SVG], "application/octet-stream")
    (folder / "config.yaml").write_text(json.dumps({"post_hooks": [], "content_type_overrides": overrides}))
    await run_module(
        folder, "openapi_python_client", "generate", "--path", "openapi.json", "--config", "config.yaml",
        "--meta", "none", "--output-path", package, "--fail-on-warning",
    )  # fmt: skip
    return package


async def run_module(folder: Path, *arguments: str) -> None:
    """Run a Python module in a folder; it must succeed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *arguments, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()


def operation_module(package: str, operation: str) -> Any:
    """Return the client module of a command: `receiving.closeReceipt` is `receiving_close_receipt`."""
    name = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in operation.replace(".", "_"))
    return import_module(f"{package}.api.commands.{name}")
