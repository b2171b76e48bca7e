"""Commands and queries over HTTP on real PostgreSQL, without Kafka."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.auth.roles import Role
from shared.http import ReportFiles
from shared.persistence.database import create_engine, read_only, transaction
from tests.support.auth import SIGNER, bearer
from tests.support.progress import FixedProgress
from tests.support.toy.app import app

JSON = {"Content-Type": "application/json"}


@pytest.fixture
async def http(engine: AsyncEngine) -> AsyncIterator[httpx.AsyncClient]:
    """Create a client of the toy service without consumer and relay."""
    app.state.engine, app.state.wake, app.state.report_files = engine, lambda: None, ReportFiles(engine)
    app.state.progress = FixedProgress()
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://toy", headers=bearer()) as client:
        yield client


def add_units(http: httpx.AsyncClient, box: str, *serials: str, key: str | None = None, actor: str = "ann") -> Any:
    """Post a command that adds units to a box."""
    headers = {"Idempotency-Key": key or str(uuid4()), **bearer(actor)}
    return http.post(f"/boxes/{box}/units", json={"serials": list(serials)}, headers=headers)


async def count_rows(engine: AsyncEngine, table: str) -> int:
    """Count the rows of a table."""
    async with read_only(engine) as tx:
        ((row_count,),) = await tx.fetch_all(text(f"SELECT count(*) FROM {table}"))  # noqa: S608 - constant names
    return int(row_count)


async def test_command_is_processed_and_its_event_published(http: httpx.AsyncClient, engine: AsyncEngine) -> None:
    """201 with body and Location; the event has the subject of the token as its actor and the command as cause."""
    response = await add_units(http, "A", "1", "2", actor="Bob 3")
    assert (response.status_code, response.json()) == (201, {"box": "A", "units": 2, "rejected": []})
    assert response.headers["Location"] == "/boxes/A"
    async with read_only(engine) as tx:
        ((value,),) = await tx.fetch_all(text("SELECT value FROM outbox"))
    data = json.loads(value)["data"]
    assert data["actor"] == "Bob 3"
    assert data["cause"]["source"] == "http://toy/boxes/A/units"
    assert (await http.get("/boxes/A")).json() == {"box": "A", "units": 2}


async def test_an_approved_command_names_both(http: httpx.AsyncClient, engine: AsyncEngine) -> None:
    """The audit has the sender and the supervisor who approved; the token is for one key."""
    signed = SIGNER.sign("op-7", [Role.SUPERVISOR], timedelta(minutes=1), approved_by="sue", command="toy.add.v1 k-1")
    headers = {"Authorization": f"Bearer {signed.token}", "Idempotency-Key": "k-1"}
    for status in (201, 201):
        response = await http.post("/boxes/A/units", json={"serials": ["1"]}, headers=headers)
        assert response.status_code == status
    assert response.headers["Idempotent-Replayed"] == "true"
    response = await http.post("/boxes/A/units", json={"serials": ["2"]}, headers=headers | {"Idempotency-Key": "k-2"})
    assert (response.status_code, response.json()["code"]) == (403, "forbidden")
    async with read_only(engine) as tx:
        ((value,),) = await tx.fetch_all(text("SELECT value FROM outbox"))
    assert json.loads(value)["data"]["actor"] == "op-7, approved by sue"


async def test_repeated_idempotency_key_returns_the_stored_response(
    http: httpx.AsyncClient, engine: AsyncEngine
) -> None:
    """A repeated request returns the stored response; another body is rejected; keys are scoped by actor."""
    first = await add_units(http, "A", "1", key="k")
    repeated = await add_units(http, "A", "1", key="k")
    assert (repeated.status_code, repeated.json(), repeated.headers["Location"]) == (201, first.json(), "/boxes/A")
    assert repeated.headers["Idempotent-Replayed"] == "true"
    other = await add_units(http, "A", "2", key="k")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    other_box = await add_units(http, "B", "1", key="k")
    assert other_box.status_code == 422
    assert (await add_units(http, "A", "2", key="k", actor="ben")).status_code == 200
    assert await count_rows(engine, "unit") == 2


async def test_concurrent_requests_with_one_key_run_once(http: httpx.AsyncClient, engine: AsyncEngine) -> None:
    """Ten concurrent requests with one key: one is executed, nine get its response."""
    responses = await asyncio.gather(*(add_units(http, "A", "1", key="k") for _ in range(10)))
    assert {response.status_code for response in responses} == {201}
    assert sum("Idempotent-Replayed" in response.headers for response in responses) == 9
    assert (await count_rows(engine, "unit"), await count_rows(engine, "outbox")) == (1, 1)


async def test_rejection_is_recorded_and_key_stays_usable(http: httpx.AsyncClient) -> None:
    """A rejected command returns problem+json and is recorded; its key can be used for the next attempt."""
    await add_units(http, "A", "1")
    response = await add_units(http, "A", "1", key="k")
    assert (response.status_code, response.headers["Content-Type"]) == (409, "application/problem+json")
    problem = response.json()
    assert (problem["code"], problem["ids"], problem["status"]) == ("duplicate_serial", ["1"], 409)
    assert problem["help"]
    assert [violation["code"] for violation in problem["violations"]] == ["duplicate_serial"]
    assert (await add_units(http, "A", "2", key="k")).status_code == 200
    (rejection,) = (await http.get("/rejections", params={"code": "duplicate_serial", "actor": "ann"})).json()["items"]
    assert (rejection["document"], rejection["kind"], "raw" in rejection) == ("A", "COMMAND_REJECTED", False)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", rejection["recorded_at"])
    assert (await http.get(f"/rejections/{rejection['id']}")).json()["raw"]["serials"] == ["1"]
    assert (await http.get("/rejections", params={"code": "on_hold"})).json() == {"items": [], "next": None}
    assert (await http.get("/rejections", params={"open": True})).json()["items"] == []


async def test_rejected_units_do_not_block_the_others(http: httpx.AsyncClient) -> None:
    """One of two units is rejected: 200, and the violation is part of the body."""
    await add_units(http, "A", "1")
    response = await add_units(http, "A", "1", "2")
    assert response.status_code == 200
    assert response.json()["units"] == 2
    assert [violation["ids"] for violation in response.json()["rejected"]] == [["1"]]


async def test_invalid_input_is_reported_by_field(http: httpx.AsyncClient, engine: AsyncEngine) -> None:
    """Invalid headers, JSON, schema and paths return problems with 400, 404, 405 or 413 and change nothing."""
    headers = {"Idempotency-Key": "k", **bearer("ann")}

    async def post(**overrides: Any) -> tuple[int, str]:
        arguments: dict[str, Any] = {"headers": headers, "json": {"serials": ["1"]}} | overrides
        response = await http.post("/boxes/A/units", **arguments)
        assert response.headers["Content-Type"] == "application/problem+json"
        return response.status_code, response.json()["code"]

    assert await post(headers=bearer("ann")) == (400, "idempotency_key_missing")
    assert await post(headers=headers | {"X-Actor": "ann"}) == (400, "actor_not_allowed")
    assert await post(json={"serials": ["1"], "actor": "ann"}) == (400, "actor_not_allowed")
    assert await post(headers=headers | {"Authorization": "Bearer x"}) == (401, "unauthenticated")
    assert await post(headers=headers | bearer("ann", Role.VIEWER)) == (403, "forbidden")
    assert await post(json=None, content=b"{]", headers=headers | JSON) == (400, "validation_error")
    assert await post(json=[1]) == (400, "validation_error")
    assert await post(json={"serials": []}) == (400, "validation_error")
    assert await post(json={"serials": ["1"], "box": "B"}) == (400, "validation_error")
    assert await post(json={"serials": ["a\0"]}) == (400, "validation_error")
    assert await post(json=None, content=b" " * (1024 * 1024 + 1), headers=headers | JSON) == (413, "payload_too_large")
    response = await http.post("/boxes/A/units", headers=headers, json={"serials": ["x"] * 501})
    assert response.json()["errors"][0]["field"] == "serials"
    assert (await http.get("/nowhere")).json()["code"] == "not_found"
    assert (await http.delete("/boxes/A")).json()["code"] == "method_not_allowed"
    assert (await http.get("/boxes/none")).json()["code"] == "not_found"
    assert (await http.get("/units", params={"limit": 0})).json()["code"] == "validation_error"
    assert (await http.get("/units", params={"cursor": "x"})).json()["code"] == "validation_error"
    for body in (b"\xff", b"{]", b"[]"):
        response = await http.post("/rejections/1/close", content=body, headers=headers | JSON)
        assert (response.status_code, response.headers["Content-Type"]) == (400, "application/problem+json")
    for path in ("/rejections/one", "/rejections?kind=OTHER", "/dead-letters?open=perhaps", "/units?limit=501"):
        response = await http.get(path)
        assert (response.status_code, response.headers["Content-Type"]) == (400, "application/problem+json"), path
    assert await count_rows(engine, "unit") == 0


async def test_body_must_be_strict_json(http: httpx.AsyncClient, engine: AsyncEngine) -> None:
    """Other media types, charsets and compression are a 415; repeated keys at any depth, NaN and Infinity a 400."""
    serials = b'{"serials": ["1"]}'
    headers = {"Idempotency-Key": "k", **bearer("ann"), "Content-Type": "application/json"}

    async def post(body: bytes, path: str = "/boxes/A/units", **changes: str) -> tuple[int, str, str]:
        changed = headers | {name.replace("_", "-"): value for name, value in changes.items()}
        problem = (
            await http.post(path, content=body, headers={name: value for name, value in changed.items() if value})
        ).json()
        return problem["status"], problem["code"], problem["detail"]

    for path in ("/boxes/A/units", "/rejections/1/close"):
        for changes in (
            {"Content_Type": ""}, {"Content_Type": "text/plain"}, {"Content_Type": "application/x-www-form-urlencoded"},
            {"Content_Type": "application/json; charset=latin-1"}, {"Content_Type": "application/json, text/plain"},
            {"Content_Encoding": "gzip"},
        ):  # fmt: skip
            assert (await post(serials, path, **changes))[:2] == (415, "unsupported_media_type"), changes
        for body, key in (
            (b'{"serials": ["1"], "serials": ["2"]}', "serials"), (b'{"reason": "a", "reason": "b"}', "reason"),
            (b'{"serials": ["1"], "x": [{"a": {"b": 1, "c": 2, "\\u0062": 3}}]}', "b"),
        ):  # fmt: skip
            status, code, detail = await post(body, path)
            assert (status, code, detail) == (400, "validation_error", f"body: repeated key {key!r}")
        for body in (b'{"serials": ["1"], "x": NaN}', b'{"reason": "a", "x": -Infinity}'):
            assert "not a JSON number" in (await post(body, path))[2]
        assert (await post(b'{"x": ' + b"[" * 100_000, path))[:2] == (400, "validation_error")
    assert await count_rows(engine, "unit") == 0
    for media_type in (
        "application/json; charset=UTF-8",
        'Application/JSON;charset="utf-8"',
        "application/vnd.wms+json",
    ):
        accepted = await http.post("/boxes/A/units", content=serials, headers=headers | {"Content-Type": media_type})
        assert accepted.status_code == 201, media_type


async def test_internal_error_changes_nothing(http: httpx.AsyncClient, engine: AsyncEngine) -> None:
    """A failing handler returns a 500 problem; the transaction is rolled back and the key is unused."""
    response = await add_units(http, "A", "1", "BOOM", key="k")
    assert (response.status_code, response.json()["code"]) == (500, "internal_error")
    assert await count_rows(engine, "idempotency") == 0
    assert (await add_units(http, "A", "1", key="k")).status_code == 201


async def test_unavailable_database_returns_503_with_retry_after(http: httpx.AsyncClient) -> None:
    """Commands, queries and reports return 503 with Retry-After."""
    app.state.engine = create_engine("postgresql://nobody@127.0.0.1:1/none", "test")
    app.state.report_files = ReportFiles(app.state.engine)
    for response in (await add_units(http, "A", "1"), await http.get("/boxes/A"), await http.get("/units.csv")):
        assert (response.status_code, response.json()["code"]) == (503, "service_unavailable")
        assert 1 <= int(response.headers["Retry-After"]) <= 5


async def test_pagination_neither_skips_nor_repeats(http: httpx.AsyncClient) -> None:
    """Five units in pages of two are returned in order; the last page has no cursor."""
    await add_units(http, "A", "1", "2", "3")
    await add_units(http, "B", "4", "5")
    pages, cursor = [], None
    while True:
        page = (await http.get("/units", params={"limit": 2} | ({"cursor": cursor} if cursor else {}))).json()
        pages.append(page["items"])
        if (cursor := page["next"]) is None:
            break
    assert pages == [["1", "2"], ["3", "4"], ["5"]]


async def test_csv_report_is_verbatim_unless_guarded(http: httpx.AsyncClient) -> None:
    """CSV has a header, quoted fields and CRLF; `guard` marks texts that look like formulas, reversibly (S40)."""
    await add_units(http, "A", "=1+1", 'a "b", c', "7", "'=1+1", "+49 30 1")
    response = await http.get("/units.csv")
    assert response.headers["Content-Type"].startswith("text/csv")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    rows = response.text.split("\r\n")
    assert rows == ["box,serial,position", "A,=1+1,1", 'A,"a ""b"", c",2', "A,7,3", "A,'=1+1,4", "A,+49 30 1,5", ""]
    guarded = (await http.get("/units.csv", params={"guard": True})).text.split("\r\n")
    assert guarded == [*rows[:1], "A,'=1+1,1", *rows[2:4], "A,''=1+1,4", "A,'+49 30 1,5", ""]


async def test_conflict_is_closed_with_a_reason(http: httpx.AsyncClient, engine: AsyncEngine) -> None:
    """An event conflict is open until it is closed once; a rejected command cannot be closed."""
    async with transaction(engine) as tx:
        await tx.execute(
            text("""
                INSERT INTO rejection (kind, document, type, source, message_id, actor, codes, violations, raw)
                VALUES ('EVENT_CONFLICT', 'A', 't', 's', 'm', 'a', '{}', '[]', '{}'),
                       ('COMMAND_REJECTED', 'A', 't', 's', 'm', 'a', '{}', '[]', '{}')
            """)
        )
    (conflict,) = (await http.get("/rejections", params={"open": True})).json()["items"]

    async def close(rejection: int, reason: str = "counted") -> httpx.Response:
        headers = {"Idempotency-Key": str(uuid4()), **bearer("sue")}
        return await http.post(f"/rejections/{rejection}/close", json={"reason": reason}, headers=headers)

    assert (await close(conflict["id"], "")).status_code == 400
    closed = (await close(conflict["id"])).json()
    assert (closed["closed_by"], closed["closed_reason"]) == ("sue", "counted")
    assert (await close(conflict["id"])).status_code == 404
    assert (await close(conflict["id"] + 1)).status_code == 404
    assert (await http.get("/rejections", params={"open": True})).json()["items"] == []


async def test_openapi_and_asyncapi_documents_are_complete(http: httpx.AsyncClient) -> None:
    """OpenAPI documents commands, AsyncAPI documents messages, and all references resolve."""
    openapi = (await http.get("/openapi.json")).json()
    post = openapi["paths"]["/boxes/{box}/units"]["post"]
    assert [parameter["name"] for parameter in post["parameters"]] == [
        "box", "Idempotency-Key", "traceparent",
    ]  # fmt: skip
    assert set(openapi["components"]["schemas"]["Add"]["properties"]) == {"serials"}
    asyncapi = (await http.get("/asyncapi")).json()
    assert set(asyncapi["channels"]) == {"toy.commands", "toy.arrivals"}
    for document in (openapi, asyncapi):
        for reference in references(document):
            resolve(document, reference)


def references(node: Any) -> list[str]:
    """List all `$ref` values of a document."""
    if isinstance(node, dict):
        own_references = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own_references + [reference for value in node.values() for reference in references(value)]
    if isinstance(node, list):
        return [reference for value in node for reference in references(value)]
    return []


def resolve(document: Any, reference: str) -> None:
    """Resolve a reference; raises KeyError if it is broken."""
    for step in reference.removeprefix("#/").split("/"):
        document = document[step]
