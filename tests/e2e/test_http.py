"""The HTTP interface of every service."""

import asyncio
import contextlib
import json
import re
from typing import Any

import pytest

from deploy.databases import SERVICES
from shared.auth.roles import Role
from shared.contracts.commands.serials import MoveSerials, PutAwaySerials
from tests.e2e.serial_scenario import OTHER_SHELF, SHELF, SerialScenario, quote_path
from tests.e2e.system import JsonObject, SystemUnderTest
from tests.support.auth import bearer

MEMBERS = {"type", "title", "status", "detail", "code", "help"}
each_service = pytest.mark.parametrize("service", SERVICES)

COMMANDS = {
    "receiving": ("/scans", {"receipt": "R", "session": "S", "sku": "A", "location": "EAST/DOCK-1", "serials": ["1"]}),
    "serials": ("/putaways", {"sku": "A", "serials": ["1"], "location": "EAST/A-01"}),
    "fulfillment": ("/picks", {"order": "O", "units": [{"sku": "A", "serial": "1"}], "location": "EAST/PACK-1"}),
}
each_command = pytest.mark.parametrize(("service", "path", "body"), [(name, *call) for name, call in COMMANDS.items()])


def assert_problem(response: Any, status: int, code: str) -> JsonObject:
    """Assert an RFC 9457 problem with this status and code and return it."""
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"].startswith("application/problem+json")
    problem: JsonObject = response.json()
    assert problem.keys() >= MEMBERS
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["type"] == f"urn:tracelot:problem:{code}"
    assert all(problem[member] for member in MEMBERS)
    return problem


@each_command
async def test_commands_require_their_headers(
    system: SystemUnderTest, service: str, path: str, body: JsonObject
) -> None:
    """A command without a valid Idempotency-Key is a 400, without a token a 401, without the role a 403."""
    assert_problem(await system.post(service, path, body, key=None), 400, "idempotency_key_missing")
    url = system.services[service].url + path
    assert_problem(await system.http.post(url, json=body, headers={"Authorization": ""}), 401, "unauthenticated")
    assert_problem(await system.http.post(url, json=body, headers=bearer("ann", Role.VIEWER)), 403, "forbidden")
    assert_problem(await system.post(service, path, body, key="k" * 256), 400, "idempotency_key_missing")


@each_command
async def test_malformed_body_is_a_400(system: SystemUnderTest, service: str, path: str, body: JsonObject) -> None:
    """Invalid JSON, a missing field, a wrong type or a NUL is a 400 that shows the error."""
    for content in (b"", b"{", b"[]", b"null", b"\xff\xfe"):
        assert_problem(await system.post(service, path, content), 400, "validation_error")
    for field in body.keys() - {"sku"}:
        other_fields = {name: value for name, value in body.items() if name != field}
        problem = assert_problem(await system.post(service, path, other_fields), 400, "validation_error")
        # Units are given in one of two fields; an error about both is reported for the body.
        assert {field, "body"} & {error["field"] for error in problem["errors"]}
    field = "serials" if "serials" in body else "units"
    assert_problem(await system.post(service, path, body | {field: "text"}), 400, "validation_error")
    assert_problem(await system.post(service, path, body | {field: []}), 400, "validation_error")
    raw = json.dumps(body | {"note": "x\x00y"}).encode()
    assert_problem(await system.post(service, path, raw), 400, "validation_error")


@each_command
async def test_body_above_1_mib_is_a_413(system: SystemUnderTest, service: str, path: str, body: JsonObject) -> None:
    """A body above 1 MiB is rejected for its size."""
    raw = json.dumps(body | {"note": "x" * 1024 * 1024}).encode()
    assert_problem(await system.post(service, path, raw), 413, "payload_too_large")


@each_command
async def test_command_on_an_unknown_document(
    system: SystemUnderTest, service: str, path: str, body: JsonObject
) -> None:
    """A command on an unknown document is a 404 or not_yet_available and is recorded with its actor."""
    response = await system.post(service, path, body, actor="nobody")
    assert response.status_code in (404, 409), response.text
    assert_problem(response, response.status_code, response.json()["code"])
    rejections = await system.get_json(service, "/rejections", actor="nobody")
    row = rejections["items"][0]
    assert row["violations"][0]["code"] == response.json()["code"]
    assert row["actor"] == "nobody"
    rejection = await system.get_json(service, f"/rejections/{row['id']}")
    assert rejection["raw"].items() >= body.items()
    assert row["source"].startswith(f"http://{service}{path}")


@each_service
async def test_unknown_paths_are_problems(system: SystemUnderTest, service: str) -> None:
    """An unknown path is a 404, a wrong method a 405, a wrong parameter a 400."""
    assert_problem(await system.get(service, "/nowhere"), 404, "not_found")
    assert_problem(await system.http.delete(system.services[service].url + "/health"), 405, "method_not_allowed")
    assert_problem(await system.get(service, "/rejections", limit="many"), 400, "validation_error")
    assert_problem(await system.get(service, "/rejections", limit=501), 400, "validation_error")
    assert_problem(await system.get(service, "/rejections", cursor="nonsense"), 400, "validation_error")
    assert_problem(await system.get(service, "/rejections/999999999"), 404, "not_found")


@each_service
async def test_operational_endpoints(system: SystemUnderTest, service: str) -> None:
    """Health, readiness with assignment, metrics, AsyncAPI and the OpenAPI pages are available."""
    assert (await system.get_json(service, "/health"))["status"] == "alive"
    ready = await system.get_json(service, "/ready")
    assert ready["ready"] is True
    assert ready["assigned"]
    metrics = await system.get(service, "/metrics")
    assert metrics.status_code == 200
    assert "# HELP tracelot_" in metrics.text
    document = await system.get_json(service, "/asyncapi")
    assert document["asyncapi"].startswith("3.")
    assert {operation["action"] for operation in document["operations"].values()} == {"receive", "send"}
    docs = await system.get(service, "/docs")
    assert docs.status_code == 200
    assert "text/html" in docs.headers["Content-Type"]
    assert "https://" not in docs.text, "no CDN: warehouses may be offline"
    for script in re.findall(r'(?:src|href)="([^"]+)"', docs.text):
        assert (await system.get(service, script)).status_code == 200


@each_service
async def test_openapi_documents_each_command(system: SystemUnderTest, service: str) -> None:
    """Every POST documents its headers, body and problems; every reference resolves."""
    document = await system.get_json(service, "/openapi.json")
    for path, methods in document["paths"].items():
        if post := methods.get("post"):
            headers = {item["name"]: item for item in post.get("parameters", []) if item["in"] == "header"}
            required = {name for name, item in headers.items() if item["required"]}
            is_import = path.startswith("/imports/")  # its number is its idempotency key, its body a file
            key = set() if is_import else {"Idempotency-Key"}
            assert required == (set() if path == "/scans/parse" else key), path
            assert is_import or post["requestBody"]["content"]["application/json"]["schema"], path
            assert "description" in post or "summary" in post, path
            path_parameters = {item["name"] for item in post.get("parameters", []) if item["in"] == "path"}
            assert path_parameters == {part[1:-1] for part in path.split("/") if part.startswith("{")}, path
    for reference in references(document):
        node: Any = document
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]


def references(node: Any) -> list[str]:
    """Return every $ref of a document."""
    if isinstance(node, dict):
        own_references = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own_references + [reference for value in node.values() for reference in references(value)]
    if isinstance(node, list):
        return [reference for value in node for reference in references(value)]
    return []


async def test_partly_rejected_command_executes_the_rest(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A putaway of two units rejects the one already stored and executes the other."""
    await scenario.define_product()
    (stored,) = await scenario.stock_units(1)
    (new_serial,) = serials = scenario.new_serials(1)
    await scenario.receive(serials)
    await scenario.wait_for_status(serials, "RECEIVED")
    response = await system.execute_command(
        PutAwaySerials(sku=scenario.sku, serials=[stored, new_serial], location=SHELF)
    )
    assert response.status_code == 200
    (rejected,) = response.json()["rejected"]
    assert rejected.keys() >= MEMBERS
    assert (rejected["code"], rejected["ids"]) == ("illegal_transition", [stored])
    await scenario.wait_for_status([new_serial], "IN_INVENTORY")
    rejections = await system.get_json("serials", "/rejections", document=scenario.sku, code="illegal_transition")
    assert [row["violations"][0]["ids"] for row in rejections["items"]] == [[stored]]


async def test_business_rule_violation_is_a_422(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A putaway to a dock violates a rule regardless of the unit's state: 422 with help (S07)."""
    await scenario.define_product()
    serials = scenario.new_serials(1)
    await scenario.receive(serials)
    await scenario.wait_for_status(serials, "RECEIVED")
    body = {"sku": scenario.sku, "serials": serials, "location": "EAST/DOCK-1"}
    problem = assert_problem(await system.post("serials", "/putaways", body), 422, "wrong_location_type")
    assert "storage" in problem["help"]
    await scenario.wait_for_status(serials, "RECEIVED")


async def test_actor_comes_only_from_the_token(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """The subject of the token is the actor; another one in header or body is refused (S22)."""
    await scenario.define_product()
    serials = scenario.new_serials(1)
    await scenario.receive(serials)
    await scenario.wait_for_status(serials, "RECEIVED")
    body = {"sku": scenario.sku, "serials": serials, "location": SHELF}
    named = await system.post("serials", "/putaways", body | {"actor": "somebody else"})
    assert_problem(named, 400, "actor_not_allowed")
    named = await system.post("serials", "/putaways", body, **{"X-Actor": "somebody else"})
    assert_problem(named, 400, "actor_not_allowed")
    assert (await system.post("serials", "/putaways", body, actor="ben")).status_code == 200
    (moved,) = await scenario.wait_for_event(
        "serials.events", scenario.sku, "serial.state_changed.v1", status="IN_INVENTORY"
    )
    assert moved["data"]["actor"] == "ben"


async def test_command_on_a_path_with_special_characters(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A hold whose id contains a slash is released over HTTP; the backorder gets the unit (S34)."""
    await scenario.define_product()
    serials, hold = await scenario.stock_units(1), f"{scenario.new_id('NCR')}/1%\\"
    hold_body = {"sku": scenario.sku, "serials": serials, "hold_id": hold, "reason": "dent"}
    opened = await system.post("serials", "/holds", hold_body)
    assert opened.status_code == 201, opened.text
    order = await scenario.place_order(1)
    released = await system.post(
        "serials", f"/holds/{quote_path(hold)}/release", {"sku": scenario.sku, "reason": "none"}
    )
    assert released.status_code == 200, released.text
    assert await scenario.wait_for_allocation(order, 1) == serials


async def test_encoded_slash_belongs_to_the_identifier(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """Identifiers that resemble subpaths resolve at their encoded path (S34)."""
    await scenario.define_product()
    stocked = scenario.new_id("U")
    serials = [stocked, f"{stocked}/history", f"{stocked}/trace-forward?#%"]
    await scenario.receive(serials)
    await scenario.put_away(serials)
    plain_order = await scenario.place_order(2, serials=serials[:2])
    odd_order = await scenario.place_order(1, serials=serials[2:], order=f"{plain_order}/picks")
    await scenario.wait_for_allocation(plain_order, 2)
    await scenario.wait_for_allocation(odd_order, 1)
    for order, count in ((plain_order, 2), (odd_order, 1)):
        assert (await system.get_json("fulfillment", f"/orders/{quote_path(order)}"))["order"] == order
        assert len((await system.get_json("fulfillment", f"/orders/{quote_path(order)}/picks"))["items"]) == count
    for serial in serials:
        assert (await scenario.get_unit(serial))["serial"] == serial
        steps = (await system.get_json("serials", f"/serials/{quote_path(scenario.sku)}/{quote_path(serial)}/history"))[
            "items"
        ]
        assert [step["status"] for step in steps] == ["EXPECTED", "RECEIVED", "IN_INVENTORY", "ALLOCATED"]
    rejected = await system.assert_rejected(
        MoveSerials(sku=scenario.sku, serials=serials[2:], location=OTHER_SHELF), "unit_not_available"
    )
    (path,) = rejected["blocked_by"]
    assert (await system.get_json("fulfillment", path))["order"] == odd_order


@each_service
async def test_large_headers_are_a_431(system: SystemUnderTest, service: str) -> None:
    """Headers or a request line above 32 KB, complete or not, and 20,000 headers are a 431; 30 KB is accepted."""
    host, _, port = system.services[service].url.removeprefix("http://").partition(":")

    async def exchange(request: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(host, int(port))
        with contextlib.suppress(ConnectionError):  # the service closes the connection before it has read everything
            writer.write(request)
            await writer.drain()
        answer = await reader.read()
        writer.close()
        return answer

    start, end = b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n", b"\r\n"
    for request in (
        start + b"A: " + b"x" * 200_000 + b"\r\n" + end, start + b"A: b\r\n" * 20_000 + end,
        start + b"A: b\r\n" * 201 + end, start + b"A: " + b"x" * 2_000_000,
        b"GET /health?a=" + b"x" * 200_000 + b" HTTP/1.1\r\n" + end,
    ):  # fmt: skip
        head, _, body = (await exchange(request)).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 431 "), head
        assert b"Content-Type: application/problem+json" in head
        assert json.loads(body)["code"] == "headers_too_large"
    assert (await exchange(b"nonsense\r\n\r\n")).startswith(b"HTTP/1.1 400 ")
    assert (await exchange(start + b"A: " + b"x" * 30_000 + b"\r\n" + end)).startswith(b"HTTP/1.1 200 ")
    assert (await system.post(service, "/nowhere", {"note": "x" * 500_000})).status_code == 404
