"""Commands and queries over HTTP, against real PostgreSQL; no Kafka is needed to decide."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.database import create_engine, reading, transaction
from tests.shared.toy.app import app

Post = Callable[..., Any]


@pytest.fixture
async def http(engine: AsyncEngine) -> AsyncIterator[httpx.AsyncClient]:
    """Speak to the toy service without its consumer and relay."""
    app.state.engine, app.state.wake = engine, lambda: None
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://toy") as client:
        yield client


def add(http: httpx.AsyncClient, box: str, *serials: str, key: str | None = None, actor: str = "ann") -> Any:
    """Ask for units to be laid into a box."""
    headers = {"Idempotency-Key": key or str(uuid4()), "X-Actor": actor}
    return http.post(f"/boxes/{box}/units", json={"serials": list(serials)}, headers=headers)


async def count(engine: AsyncEngine, table: str) -> int:
    """How many rows a table has."""
    async with reading(engine) as tx:
        ((rows,),) = await tx.rows(text(f"SELECT count(*) FROM {table}"))  # noqa: S608 - of a test's own tables
    return int(rows)


async def test_a_command_is_decided_and_said(http: httpx.AsyncClient, engine: AsyncEngine) -> None:
    """201 with the body and address; the actor is the header's, and the event names the command as its cause."""
    answer = await add(http, "A", "1", "2", actor="Bob 3")
    assert (answer.status_code, answer.json()) == (201, {"box": "A", "units": 2, "refused": []})
    assert answer.headers["Location"] == "/boxes/A"
    async with reading(engine) as tx:
        ((value,),) = await tx.rows(text("SELECT value FROM outbox"))
    data = json.loads(value)["data"]
    assert data["actor"] == "Bob 3"
    assert data["cause"]["source"] == "http://toy/boxes/A/units"
    assert (await http.get("/boxes/A")).json() == {"box": "A", "units": 2}


async def test_the_same_key_gets_the_same_answer(http: httpx.AsyncClient, engine: AsyncEngine) -> None:
    """Key and body again: the same answer, marked, and nothing done; another body: 422; another actor: another key."""
    first = await add(http, "A", "1", key="k")
    again = await add(http, "A", "1", key="k")
    assert (again.status_code, again.json(), again.headers["Location"]) == (201, first.json(), "/boxes/A")
    assert again.headers["Idempotent-Replayed"] == "true"
    other = await add(http, "A", "2", key="k")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    elsewhere = await add(http, "B", "1", key="k")
    assert elsewhere.status_code == 422
    assert (await add(http, "A", "2", key="k", actor="ben")).status_code == 200
    assert await count(engine, "unit") == 2


async def test_one_key_used_at_the_same_time_is_one_command(http: httpx.AsyncClient, engine: AsyncEngine) -> None:
    """Ten at once under one key: one does it, nine get its answer."""
    answers = await asyncio.gather(*(add(http, "A", "1", key="k") for _ in range(10)))
    assert {answer.status_code for answer in answers} == {201}
    assert sum("Idempotent-Replayed" in answer.headers for answer in answers) == 9
    assert (await count(engine, "unit"), await count(engine, "outbox")) == (1, 1)


async def test_a_refusal_is_recorded_and_leaves_the_key_free(http: httpx.AsyncClient) -> None:
    """Refused as a whole: problem+json, a row with who, what, document and code; the key serves the next attempt."""
    await add(http, "A", "1")
    refused = await add(http, "A", "1", key="k")
    assert (refused.status_code, refused.headers["Content-Type"]) == (409, "application/problem+json")
    problem = refused.json()
    assert (problem["code"], problem["ids"], problem["status"]) == ("serial_known", ["1"], 409)
    assert problem["help"]
    assert [one["code"] for one in problem["refusals"]] == ["serial_known"]
    assert (await add(http, "A", "2", key="k")).status_code == 200
    (shown,) = (await http.get("/rejections", params={"code": "serial_known", "actor": "ann"})).json()["items"]
    assert (shown["document"], shown["kind"], "raw" in shown) == ("A", "REFUSAL", False)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", shown["at"])
    assert (await http.get(f"/rejections/{shown['id']}")).json()["raw"]["serials"] == ["1"]
    assert (await http.get("/rejections", params={"code": "held"})).json() == {"items": [], "next": None}
    assert (await http.get("/rejections", params={"open": True})).json()["items"] == []


async def test_units_are_refused_alone(http: httpx.AsyncClient) -> None:
    """Of two units one is known: 200, the other done, the refusal beside the body."""
    await add(http, "A", "1")
    answer = await add(http, "A", "1", "2")
    assert answer.status_code == 200
    assert answer.json()["units"] == 2
    assert [one["ids"] for one in answer.json()["refused"]] == [["1"]]


async def test_bad_input_is_told_field_by_field(http: httpx.AsyncClient, engine: AsyncEngine) -> None:
    """400 for headers, JSON, schema, address; 413 above 1 MiB; 404 and 405; all problems, nothing done."""
    headers = {"Idempotency-Key": "k", "X-Actor": "ann"}

    async def code(**call: Any) -> tuple[int, str]:
        wanted: dict[str, Any] = {"headers": headers, "json": {"serials": ["1"]}} | call
        answer = await http.post("/boxes/A/units", **wanted)
        assert answer.headers["Content-Type"] == "application/problem+json"
        return answer.status_code, answer.json()["code"]

    assert await code(headers={"X-Actor": "ann"}) == (400, "idempotency_key_missing")
    assert await code(headers={"Idempotency-Key": "k"}) == (400, "actor_missing")
    assert await code(headers=headers | {"X-Actor": "a" * 65}) == (400, "actor_missing")
    assert await code(json=None, content=b"{]") == (400, "malformed")
    assert await code(json=[1]) == (400, "malformed")
    assert await code(json={"serials": []}) == (400, "malformed")
    assert await code(json={"serials": ["1"], "box": "B"}) == (400, "malformed")
    assert await code(json={"serials": ["a\0"]}) == (400, "malformed")
    assert await code(json=None, content=b" " * (1024 * 1024 + 1)) == (413, "too_large")
    answer = await http.post("/boxes/A/units", headers=headers, json={"serials": ["x"] * 501})
    assert answer.json()["errors"][0]["field"] == "serials"
    assert (await http.get("/nowhere")).json()["code"] == "unknown"
    assert (await http.delete("/boxes/A")).json()["code"] == "method_not_allowed"
    assert (await http.get("/boxes/none")).json()["code"] == "unknown"
    assert (await http.get("/units", params={"limit": 0})).json()["code"] == "malformed"
    assert (await http.get("/units", params={"cursor": "x"})).json()["code"] == "malformed"
    for body in (b"\xff", b"{]", b"[]"):
        answer = await http.post("/rejections/1/close", content=body, headers=headers)
        assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/problem+json")
    for path in ("/rejections/one", "/rejections?kind=OTHER", "/dead-letters?open=perhaps", "/units?limit=501"):
        answer = await http.get(path)
        assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/problem+json"), path
    assert await count(engine, "unit") == 0


async def test_a_mistake_of_ours_changes_nothing(http: httpx.AsyncClient, engine: AsyncEngine) -> None:
    """A handler that raises: 500 as a problem, taken back whole, and the key is free."""
    answer = await add(http, "A", "1", "BOOM", key="k")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert await count(engine, "idempotency") == 0
    assert (await add(http, "A", "1", key="k")).status_code == 201


async def test_without_its_database_a_command_is_to_be_sent_again(http: httpx.AsyncClient) -> None:
    """503 with Retry-After, for commands, queries and reports."""
    app.state.engine = create_engine("postgresql://nobody@127.0.0.1:1/none", "test")
    for answer in (await add(http, "A", "1"), await http.get("/boxes/A"), await http.get("/units.csv")):
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert answer.headers["Retry-After"] == "1"


async def test_pages_neither_skip_nor_repeat(http: httpx.AsyncClient) -> None:
    """Five units in pages of two, in order, the last without a next."""
    await add(http, "A", "1", "2", "3")
    await add(http, "B", "4", "5")
    seen, cursor = [], None
    while True:
        shown = (await http.get("/units", params={"limit": 2} | ({"cursor": cursor} if cursor else {}))).json()
        seen.append(shown["items"])
        if (cursor := shown["next"]) is None:
            break
    assert seen == [["1", "2"], ["3", "4"], ["5"]]


async def test_a_report_is_csv_that_no_spreadsheet_runs(http: httpx.AsyncClient) -> None:
    """A header, quoted fields, CRLF; a serial that looks like a formula is kept from being one."""
    await add(http, "A", "=1+1", 'a "b", c', "7")
    answer = await http.get("/units.csv")
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.text == 'box,serial,place\r\nA,\'=1+1,1\r\nA,"a ""b"", c",2\r\nA,7,3\r\n'


async def test_a_disagreement_is_closed_with_a_reason(http: httpx.AsyncClient, engine: AsyncEngine) -> None:
    """It is shown as open until a supervisor closes it, once; a refusal is nothing to close."""
    async with transaction(engine) as tx:
        await tx.run(
            text("""
                INSERT INTO rejection (kind, document, type, source, message, actor, codes, refusals, raw)
                VALUES ('DISAGREEMENT', 'A', 't', 's', 'm', 'a', '{}', '[]', '{}'),
                       ('REFUSAL', 'A', 't', 's', 'm', 'a', '{}', '[]', '{}')
            """)
        )
    (shown,) = (await http.get("/rejections", params={"open": True})).json()["items"]

    async def close(rejection: int, reason: str = "counted") -> httpx.Response:
        headers = {"Idempotency-Key": str(uuid4()), "X-Actor": "sue"}
        return await http.post(f"/rejections/{rejection}/close", json={"reason": reason}, headers=headers)

    assert (await close(shown["id"], "")).status_code == 400
    closed = (await close(shown["id"])).json()
    assert (closed["closed_by"], closed["closed_reason"]) == ("sue", "counted")
    assert (await close(shown["id"])).status_code == 404
    assert (await close(shown["id"] + 1)).status_code == 404
    assert (await http.get("/rejections", params={"open": True})).json()["items"] == []


async def test_openapi_and_asyncapi_tell_what_there_is(http: httpx.AsyncClient) -> None:
    """The command's headers and body in /openapi.json, every reference resolved; messages in /asyncapi likewise."""
    openapi = (await http.get("/openapi.json")).json()
    post = openapi["paths"]["/boxes/{box}/units"]["post"]
    assert [parameter["name"] for parameter in post["parameters"]] == [
        "box", "Idempotency-Key", "X-Actor", "traceparent",
    ]  # fmt: skip
    assert set(openapi["components"]["schemas"]["Add"]["properties"]) == {"serials"}
    asyncapi = (await http.get("/asyncapi")).json()
    assert set(asyncapi["channels"]) == {"toy.commands", "toy.news"}
    for document in (openapi, asyncapi):
        for reference in references(document):
            resolve(document, reference)


def references(node: Any) -> list[str]:
    """Every `$ref` in a document."""
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [found for value in node.values() for found in references(value)]
    if isinstance(node, list):
        return [found for value in node for found in references(value)]
    return []


def resolve(document: Any, reference: str) -> None:
    """Follow a reference; KeyError where it leads nowhere."""
    for step in reference.removeprefix("#/").split("/"):
        document = document[step]
