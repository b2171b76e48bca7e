"""The edges: what every service answers over HTTP, whatever it is asked."""

import json
import re
from typing import Any

import pytest

from deploy.databases import SERVICES
from shared.contracts.commands.serials import Move, PutAway
from tests.flows.shop import OTHER_SHELF, SHELF, Shop, at
from tests.flows.world import Json, World

MEMBERS = {"type", "title", "status", "detail", "code", "help"}
each_service = pytest.mark.parametrize("service", SERVICES)

REQUESTS = {
    "receiving": ("/scans", {"receipt": "R", "session": "S", "sku": "A", "location": "EAST/DOCK-1", "serials": ["1"]}),
    "serials": ("/putaways", {"sku": "A", "serials": ["1"], "location": "EAST/A-01"}),
    "fulfillment": ("/picks", {"order": "O", "units": [{"sku": "A", "serial": "1"}], "location": "EAST/PACK-1"}),
}
each_command = pytest.mark.parametrize(("service", "path", "body"), [(name, *call) for name, call in REQUESTS.items()])


def problem(answer: Any, status: int, code: str) -> Json:
    """An RFC 9457 problem of this status and code, whole."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    shown: Json = answer.json()
    assert shown.keys() >= MEMBERS
    assert (shown["status"], shown["code"]) == (status, code)
    assert shown["type"] == f"urn:tracelot:problem:{code}"
    assert all(shown[member] for member in MEMBERS)
    return shown


@each_command
async def test_a_command_needs_its_headers(world: World, service: str, path: str, body: Json) -> None:
    """A command without an Idempotency-Key, an actor, or with one that is none, is a 400 with its own code."""
    problem(await world.post(service, path, body, key=None), 400, "idempotency_key_missing")
    problem(await world.post(service, path, body, actor=None), 400, "actor_missing")
    problem(await world.post(service, path, body, actor=""), 400, "actor_missing")
    problem(await world.post(service, path, body, actor="a" * 65), 400, "actor_missing")
    problem(await world.post(service, path, body, key="k" * 256), 400, "idempotency_key_missing")


@each_command
async def test_a_malformed_body_is_a_400(world: World, service: str, path: str, body: Json) -> None:
    """No JSON, no object, a missing field, a wrong type, a NUL: each is a 400 that names what is wrong."""
    for content in (b"", b"{", b"[]", b"null", b"\xff\xfe"):
        problem(await world.post(service, path, content), 400, "malformed")
    for field in body.keys() - {"sku"}:
        rest = {name: value for name, value in body.items() if name != field}
        shown = problem(await world.post(service, path, rest), 400, "malformed")
        # Units may be named in one of two ways: that neither was, is no single field's error.
        assert {field, "body"} & {error["field"] for error in shown["errors"]}
    field = "serials" if "serials" in body else "units"
    problem(await world.post(service, path, body | {field: "text"}), 400, "malformed")
    problem(await world.post(service, path, body | {field: []}), 400, "malformed")
    raw = json.dumps(body | {"note": "x\x00y"}).encode()
    problem(await world.post(service, path, raw), 400, "malformed")


@each_command
async def test_a_body_above_1_mib_is_a_413(world: World, service: str, path: str, body: Json) -> None:
    """A body of more than 1 MiB is refused for its size, whatever it says."""
    raw = json.dumps(body | {"note": "x" * 1024 * 1024}).encode()
    problem(await world.post(service, path, raw), 413, "too_large")


@each_command
async def test_a_command_on_what_nobody_knows(world: World, service: str, path: str, body: Json) -> None:
    """A command on an unknown document or unit is a 404 or not_yet_known, and is on record with who sent it."""
    answer = await world.post(service, path, body, actor="nobody")
    assert answer.status_code in (404, 409), answer.text
    problem(answer, answer.status_code, answer.json()["code"])
    listed = await world.read(service, "/rejections", actor="nobody")
    row = listed["items"][0]
    assert row["refusals"][0]["code"] == answer.json()["code"]
    assert row["actor"] == "nobody"
    whole = await world.read(service, f"/rejections/{row['id']}")
    assert whole["raw"].items() >= body.items()
    assert row["source"].startswith(f"http://{service}{path}")


@each_service
async def test_what_is_not_there_is_a_problem_too(world: World, service: str) -> None:
    """An unknown address is a 404, a wrong method a 405, a wrong parameter a 400: problems, each with its code."""
    problem(await world.get(service, "/nowhere"), 404, "unknown")
    problem(await world.http.delete(world.services[service].url + "/health"), 405, "method_not_allowed")
    problem(await world.get(service, "/rejections", limit="many"), 400, "malformed")
    problem(await world.get(service, "/rejections", limit=501), 400, "malformed")
    problem(await world.get(service, "/rejections", cursor="nonsense"), 400, "malformed")
    problem(await world.get(service, "/rejections/999999999"), 404, "unknown")


@each_service
async def test_what_operators_ask_of_every_service(world: World, service: str) -> None:
    """Health, readiness with its assignment, metrics, AsyncAPI and the pages of OpenAPI are there."""
    assert (await world.read(service, "/health"))["status"] == "alive"
    ready = await world.read(service, "/ready")
    assert ready["ready"] is True
    assert ready["assigned"]
    metrics = await world.get(service, "/metrics")
    assert metrics.status_code == 200
    assert "# HELP tracelot_" in metrics.text
    document = await world.read(service, "/asyncapi")
    assert document["asyncapi"].startswith("3.")
    assert {operation["action"] for operation in document["operations"].values()} == {"receive", "send"}
    docs = await world.get(service, "/docs")
    assert docs.status_code == 200
    assert "text/html" in docs.headers["Content-Type"]
    assert "https://" not in docs.text, "a warehouse has no CDN"
    for script in re.findall(r'(?:src|href)="([^"]+)"', docs.text):
        assert (await world.get(service, script)).status_code == 200


@each_service
async def test_openapi_tells_each_command(world: World, service: str) -> None:
    """Every POST documents its two headers, its body and its problems; every reference in the document resolves."""
    document = await world.read(service, "/openapi.json")
    for path, methods in document["paths"].items():
        if post := methods.get("post"):
            headers = {item["name"]: item for item in post.get("parameters", []) if item["in"] == "header"}
            required = {name for name, item in headers.items() if item["required"]}
            assert required == {"Idempotency-Key", "X-Actor"}, path
            assert post["requestBody"]["content"]["application/json"]["schema"], path
            assert "description" in post or "summary" in post, path
            named = {item["name"] for item in post["parameters"] if item["in"] == "path"}
            assert named == {part[1:-1] for part in path.split("/") if part.startswith("{")}, path
    for reference in references(document):
        at: Any = document
        for step in reference.removeprefix("#/").split("/"):
            at = at[step]


def references(part: Any) -> list[str]:
    """Every $ref in a document."""
    if isinstance(part, dict):
        own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
        return own + [found for value in part.values() for found in references(value)]
    if isinstance(part, list):
        return [found for value in part for found in references(value)]
    return []


async def test_a_partly_refused_command_does_the_rest(world: World, shop: Shop) -> None:
    """Of two units, one stored already, the other is put away; the refused one stands in the answer with its code."""
    await shop.product()
    (stored,) = await shop.stock(1)
    (fresh,) = serials = shop.serials(1)
    await shop.received(serials)
    await shop.status(serials, "RECEIVED")
    answer = await world.command(PutAway(sku=shop.sku, serials=[stored, fresh], location=SHELF))
    assert answer.status_code == 200
    (refused,) = answer.json()["refused"]
    assert refused.keys() >= MEMBERS
    assert (refused["code"], refused["ids"]) == ("illegal_transition", [stored])
    await shop.status([fresh], "IN_INVENTORY")
    listed = await world.read("serials", "/rejections", document=shop.sku, code="illegal_transition")
    assert [row["refusals"][0]["ids"] for row in listed["items"]] == [[stored]]


async def test_a_rule_that_says_no_is_a_422(world: World, shop: Shop) -> None:
    """A putaway to a dock breaks a rule, whatever the unit's state: 422 with what would help; nothing moves (S07)."""
    await shop.product()
    serials = shop.serials(1)
    await shop.received(serials)
    await shop.status(serials, "RECEIVED")
    body = {"sku": shop.sku, "serials": serials, "location": "EAST/DOCK-1"}
    shown = problem(await world.post("serials", "/putaways", body), 422, "wrong_location_type")
    assert "storage" in shown["help"]
    await shop.status(serials, "RECEIVED")


async def test_the_actor_is_the_header_and_no_other(world: World, shop: Shop) -> None:
    """Who did it is said by X-Actor alone: an actor in the body of an HTTP command counts for nothing (S22)."""
    await shop.product()
    serials = shop.serials(1)
    await shop.received(serials)
    await shop.status(serials, "RECEIVED")
    body = {"sku": shop.sku, "serials": serials, "location": SHELF, "actor": "somebody else"}
    assert (await world.post("serials", "/putaways", body, actor="ben")).status_code == 200
    (moved,) = await shop.heard("serials.events", shop.sku, "serial.moved.v1", status="IN_INVENTORY")
    assert moved["data"]["actor"] == "ben"


async def test_what_is_done_at_an_address_with_odd_names_is_heard(world: World, shop: Shop) -> None:
    """A hold whose name has a slash is lifted over HTTP: the order that waited gets the unit, everywhere (S34)."""
    await shop.product()
    serials, hold = await shop.stock(1), f"{shop.no('NCR')}/1%\\"
    dented = {"sku": shop.sku, "serials": serials, "hold": hold, "reason": "dent"}
    opened = await world.post("serials", "/holds", dented)
    assert opened.status_code == 201, opened.text
    order = await shop.order(1)
    lifted = await world.post("serials", f"/holds/{at(hold)}/release", {"sku": shop.sku, "reason": "none"})
    assert lifted.status_code == 200, lifted.text
    assert await shop.allocated(order, 1) == serials


async def test_a_quoted_slash_belongs_to_its_name(world: World, shop: Shop) -> None:
    """What is named like a page of another is found where refusals say it is, and so are the pages (S34)."""
    await shop.product()
    stocked = shop.no("U")
    serials = [stocked, f"{stocked}/history", f"{stocked}/trace-forward?#%"]
    await shop.received(serials)
    await shop.put_away(serials)
    plain = await shop.order(2, serials=serials[:2])
    odd = await shop.order(1, serials=serials[2:], order=f"{plain}/picks")
    await shop.allocated(plain, 2)
    await shop.allocated(odd, 1)
    for order, count in ((plain, 2), (odd, 1)):
        assert (await world.read("fulfillment", f"/orders/{at(order)}"))["order"] == order
        assert len((await world.read("fulfillment", f"/orders/{at(order)}/picks"))["items"]) == count
    for serial in serials:
        assert (await shop.unit(serial))["serial"] == serial
        steps = (await world.read("serials", f"/serials/{at(shop.sku)}/{at(serial)}/history"))["items"]
        assert [step["status"] for step in steps] == ["EXPECTED", "RECEIVED", "IN_INVENTORY", "ALLOCATED"]
    refused = await world.refused(Move(sku=shop.sku, serials=serials[2:], location=OTHER_SHELF), "not_free")
    (address,) = refused["blocked_by"]
    assert (await world.read("fulfillment", address))["order"] == odd
