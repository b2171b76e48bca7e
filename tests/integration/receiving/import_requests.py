"""Requests of tests of imports: send a file, process its rows, read what became of them."""

import csv
import io
from typing import Any
from uuid import uuid4

import httpx
from sqlalchemy.ext.asyncio import AsyncEngine

from services.receiving.app import app
from services.receiving.imports import KINDS
from shared.imports.runner import ImportRunner
from tests.support.auth import bearer

ANNA = bearer("anna")


async def send(http: httpx.AsyncClient, kind: str, number: str, content: str | bytes, **options: Any) -> dict[str, Any]:
    """Send a file; return the answer."""
    parameters = {"number": number, **options}
    body = content.encode() if isinstance(content, str) else content
    response = await http.post(f"/imports/{kind}", params=parameters, content=body, headers=ANNA)
    assert response.status_code in {202, 400, 409}, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def command(http: httpx.AsyncClient, path: str, body: Any = None) -> httpx.Response:
    """Send a command with a key of its own."""
    return await http.post(path, json=body or {}, headers=ANNA | {"Idempotency-Key": uuid4().hex})


async def process(engine: AsyncEngine) -> int:
    """Process all pending rows."""
    return await ImportRunner(app.state.registry, KINDS, engine, lambda: None).run_once()


async def counts(http: httpx.AsyncClient, number: str) -> tuple[str, int, int, int]:
    """Return the status of an import and its pending, done and failed rows."""
    progress = (await http.get(f"/imports/{number}")).json()
    return progress["status"], progress["pending_rows"], progress["done_rows"], progress["failed_rows"]


async def errors(http: httpx.AsyncClient, number: str) -> list[dict[str, str]]:
    """Return the failed rows of an import."""
    return list(csv.DictReader(io.StringIO((await http.get(f"/imports/{number}/errors.csv")).text)))
