"""Odd values of every parameter of every route: a 4xx problem or a success, never an internal error."""

from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Mapping
from importlib import import_module
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from fastapi import FastAPI

from deploy.databases import SERVICES
from shared.http import ReportFiles
from shared.http.pages import encode_cursor
from shared.persistence.database import create_engine
from tests.support.auth import bearer
from tests.support.progress import FixedProgress

JsonObject = dict[str, Any]
HEADERS = {"Idempotency-Key": "odd", **bearer("ann"), "Content-Type": "application/json"}
INTEGERS = ("-1", "0", str(2**31), str(2**63), "9" * 30, "1_0", "%E0%A5%A7", "%205", "NaN", "1e2", "+5")
STRINGS = (
    *("%00", "a%00b", "x" * 10_000, "%ED%A0%80", "%ff", "a%E2%80%AEb", "%0D%0A", "%F0%9F%93%A6" * 100, "%2F..%2F"),
    *("%F0%9F%92%A5%25%5C", "-1", "9" * 30),
)
CONTENTS = (b"[" * 3000, b"[" * 20_000, b"[[[]]]", b"{}", b"null", b"[NaN]", b"\xff", b"[" + b"9" * 99 + b"]")
CURSORS = (
    *("", "!", "nonsense", "x" * 4097, encode_cursor(""), encode_cursor(1), encode_cursor("", "")),
    *(urlsafe_b64encode(content).decode().rstrip("=") for content in CONTENTS),
)


@pytest.fixture(params=SERVICES)
async def http(request: pytest.FixtureRequest, environment: Mapping[str, str]) -> AsyncIterator[httpx.AsyncClient]:
    """Provide an HTTP client of each service, without its consumer and outbox relay."""
    name: str = request.param
    app: FastAPI = import_module(f"services.{name}.app").app
    engine = create_engine(environment[f"{name.upper()}_DATABASE_URL"], "test")
    app.state.engine, app.state.wake, app.state.progress = engine, lambda: None, FixedProgress()
    app.state.report_files = ReportFiles(engine)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=f"http://{name}", headers=bearer()) as client:
        yield client
    await engine.dispose()


async def operations(http: httpx.AsyncClient) -> list[tuple[str, str, JsonObject]]:
    """List the methods, paths and operations of the OpenAPI document."""
    document = (await http.get("/openapi.json")).json()
    return [
        (method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def url_of(path: str, operation: JsonObject, name: str, value: str) -> str:
    """Return the URL of an operation with a percent-encoded value of one parameter."""
    query = []
    for parameter in operation.get("parameters", []):
        raw = value if parameter["name"] == name else "1"
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", raw)
        elif parameter["in"] == "query" and (parameter["name"] == name or parameter.get("required")):
            query.append(f"{parameter['name']}={raw}")
    return f"{path}?{'&'.join(query)}"


async def send(http: httpx.AsyncClient, method: str, url: str) -> httpx.Response:
    """Send a request, a command with an empty body."""
    return await http.request(method, url, content=b"{}" if method == "post" else None, headers=HEADERS)


def assert_no_fault(response: httpx.Response, operation: JsonObject) -> None:
    """Assert a documented success, or a documented client error as a problem."""
    text = f"{response.request.method} {str(response.request.url)[:200]}: {response.status_code} {response.text[:300]}"
    assert response.status_code < 500, text
    assert str(response.status_code) in operation["responses"], text
    if response.status_code >= 400:
        assert response.headers["Content-Type"] == "application/problem+json", text


async def test_odd_integers_and_strings(http: httpx.AsyncClient) -> None:
    """Integers beyond their column, other scripts' digits, NUL, 10 KB and invalid UTF-8 cause no internal error."""
    for method, path, operation in await operations(http):
        for parameter in operation.get("parameters", []):
            is_integer = parameter["schema"].get("type") == "integer"
            for value in INTEGERS if is_integer else STRINGS if parameter["in"] != "header" else ():
                response = await send(http, method, url_of(path, operation, parameter["name"], value))
                assert_no_fault(response, operation)
                assert not is_integer or response.status_code in {400, 404}, (path, value)


async def test_invalid_cursors(http: httpx.AsyncClient) -> None:
    """Malformed, nested, oversized and foreign cursors are a 400 on every paged list, or a 404 of its document."""
    lists = [
        listed for listed in await operations(http)
        if any(parameter["name"] == "cursor" for parameter in listed[2].get("parameters", []))
    ]  # fmt: skip
    assert len(lists) > 2
    for method, path, operation in lists:
        for cursor in CURSORS:
            response = await send(http, method, url_of(path, operation, "cursor", quote(cursor)))
            assert_no_fault(response, operation)
            assert response.status_code == 400 or ("{" in path and response.status_code == 404), (path, cursor)
