"""Odd values of every parameter of every route: a 4xx problem or a success, never an internal error."""

import asyncio
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from urllib.parse import quote

import httpx
import pytest

from deploy.databases import SERVICES
from shared.http.pages import encode_cursor
from tests.e2e.serial_scenario import SerialScenario
from tests.e2e.system import JsonObject, SystemUnderTest
from tests.support.auth import bearer
from tests.support.request_slots import RequestSlots

each_service = pytest.mark.parametrize("service", SERVICES)
HEADERS = {"Idempotency-Key": "odd", **bearer("ann"), "Content-Type": "application/json"}
INTEGERS = ("-1", "0", str(2**31), str(2**63), "9" * 30, "1_0", "%E0%A5%A7", "%205", "NaN", "1e2", "+5")
STRINGS = ("%00", "x" * 10_000, "%ED%A0%80", "%ff", "a%E2%80%AEb", "%0D%0A", "%F0%9F%93%A6" * 100, "%2F..%2F")
CONTENTS = (b"[" * 3000, b"[" * 20_000, b"[[[]]]", b"{}", b"null", b"[NaN]", b"\xff", b"[" + b"9" * 99 + b"]")
CURSORS = (
    *("", "!", "nonsense", "x" * 4097, encode_cursor(""), encode_cursor(1), encode_cursor("", "")),
    *(urlsafe_b64encode(content).decode().rstrip("=") for content in CONTENTS),
)


def operations(document: JsonObject) -> Iterator[tuple[str, str, JsonObject]]:
    """Iterate over the methods, paths and operations of an OpenAPI document."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


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


async def send(system: SystemUnderTest, service: str, method: str, url: str) -> httpx.Response:
    """Send a request, a command with an empty body."""
    content = b"{}" if method == "post" else None
    return await system.http.request(method, system.services[service].url + url, content=content, headers=HEADERS)


def assert_no_fault(response: httpx.Response) -> None:
    """Assert a success or a client error as a problem."""
    text = f"{response.request.method} {str(response.request.url)[:200]}: {response.status_code} {response.text[:300]}"
    assert response.status_code < 500, text
    if response.status_code >= 400:
        assert response.headers["Content-Type"] == "application/problem+json", text


@each_service
async def test_odd_integers_and_strings(system: SystemUnderTest, service: str) -> None:
    """Integers beyond their column, other scripts' digits, NUL, 10 KB and invalid UTF-8 cause no internal error."""
    document, slots = await system.get_json(service, "/openapi.json"), RequestSlots()

    async def send_odd(method: str, path: str, operation: JsonObject, parameter: JsonObject) -> None:
        is_integer = parameter["schema"].get("type") == "integer"
        for value in INTEGERS if is_integer else STRINGS:
            async with slots.of(path):
                response = await send(system, service, method, url_of(path, operation, parameter["name"], value))
            assert_no_fault(response)
            assert not is_integer or response.status_code in {400, 404}, (path, value)

    await asyncio.gather(
        *(
            send_odd(method, path, operation, parameter)
            for method, path, operation in operations(document)
            for parameter in operation.get("parameters", [])
            if parameter["in"] != "header"
        )
    )


@each_service
async def test_invalid_cursors(system: SystemUnderTest, service: str) -> None:
    """Malformed, nested, oversized and foreign cursors are a 400 on every paged list, or a 404 of its document."""
    document, slots = await system.get_json(service, "/openapi.json"), RequestSlots()
    lists = [
        listed for listed in operations(document)
        if any(parameter["name"] == "cursor" for parameter in listed[2].get("parameters", []))
    ]  # fmt: skip
    assert len(lists) > 2

    async def send_cursor(method: str, path: str, operation: JsonObject, cursor: str) -> None:
        async with slots.of(path):
            response = await send(system, service, method, url_of(path, operation, "cursor", quote(cursor)))
        assert_no_fault(response)
        assert response.status_code == 400 or ("{" in path and response.status_code == 404), (path, cursor)

    await asyncio.gather(*(send_cursor(*listed, cursor) for listed in lists for cursor in CURSORS))


async def test_cursor_belongs_to_its_list_and_filters(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A cursor continues its own list with any limit; another list or filter refuses it."""
    await scenario.define_product()
    receipts = [await scenario.receive(scenario.new_serials(1)) for _ in range(2)]
    page = await system.get_json("receiving", "/receipts", limit=1)
    cursor = page["next"]
    assert (await system.get("receiving", "/receipts", limit=2, cursor=cursor)).status_code == 200
    assert (await system.get("receiving", "/receipts", limit=1, cursor=cursor, sku="A")).status_code == 400
    assert (await system.get("receiving", "/products", cursor=cursor)).status_code == 400
    assert (await system.get("receiving", f"/receipts/{receipts[0]}/lines", cursor=cursor)).status_code == 400
