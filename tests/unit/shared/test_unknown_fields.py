"""Fields and parameters that do not exist are refused at every place of every incoming message and route."""

import json
from collections.abc import Iterator
from copy import deepcopy
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from deploy import schemas
from deploy.databases import SERVICES
from shared.contracts.envelope import Message
from shared.contracts.registry import all_messages
from shared.contracts.unknown_fields import UnknownName
from shared.messaging.decode import Decoder
from shared.messaging.rejections import Rejection
from tests.support.auth import bearer
from tests.support.records import build_record

INCOMING = [message for message in all_messages() if message.TOPIC.is_incoming]
SETTLED = SimpleNamespace(pool=SimpleNamespace(size=lambda: 1000))


def objects_in(node: Any, path: str = "data") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the objects in the data of a message with their paths."""
    if isinstance(node, dict):
        yield path, node
        for name, value in node.items():
            yield from objects_in(value, f"{path}.{name}")
    if isinstance(node, list):
        for index, value in enumerate(node):
            yield from objects_in(value, f"{path}.{index}")


def app_of(service: str) -> FastAPI:
    """Return the app of a service, without database."""
    app: FastAPI = import_module(f"services.{service}.app").app
    app.state.engine = SETTLED
    return app


@pytest.mark.parametrize("message", INCOMING, ids=lambda message: message.TYPE)
def test_unknown_field_is_refused_at_every_depth(message: type[Message]) -> None:
    """Each object in a command or upstream message is closed, also those of merge patches; the schema says so."""
    sample = json.loads((schemas.SAMPLES / f"{message.TYPE}.json").read_text())
    decoder = Decoder({message.TYPE: message})
    key = str(sample["data"][message.KEY]).encode()
    places = [path for path, _ in objects_in(sample["data"])]
    for place in places:
        changed = deepcopy(sample) | {"source": "erp"}
        dict(objects_in(changed["data"]))[place]["no_such_field"] = 1
        decoded = decoder.decode(build_record(json.dumps(changed).encode(), key=key, topic=message.TOPIC.name))
        assert isinstance(decoded, Rejection), place
        assert decoded.violations[0].ids == [f"{place}.no_such_field"]
    built = schemas.build_schema(message)
    models = [built, *built.get("$defs", {}).values()]
    assert all(model["additionalProperties"] is False for model in models if "properties" in model)


@pytest.mark.parametrize("service", SERVICES)
async def test_unknown_parameter_is_refused_by_every_route(service: str) -> None:
    """Each GET and POST route refuses a parameter that it does not have, whatever else is wrong."""
    app = app_of(service)
    paths = [(path, method) for path, methods in app.openapi()["paths"].items() for method in methods]
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://test", headers=bearer()
    ) as client:
        for path, method in paths:
            response = await client.request(method, path.replace("{", "").replace("}", ""), params={"no_such": "1"})
            assert (response.status_code, response.json()["code"]) == (400, "unknown_parameter"), path
            assert response.json()["errors"][0]["field"] == "no_such"


@pytest.mark.parametrize(
    ("path", "code", "errors"),
    [
        ("/receipts?skus=A", "unknown_parameter", [("skus", "did you mean sku?")]),
        ("/receipts?awaitingWarehouse=true", "unknown_parameter", [("awaitingWarehouse", "awaiting_warehouse?")]),
        ("/receipts?foo=1&bar=2", "unknown_parameter", [("foo", "known here: awaiting"), ("bar", "known here")]),
        ("/receipts?sku=A&sku=B", "validation_error", [("sku", "stands 2 times")]),
        ("/receipts?status=PLANNED&status=CLOSED&limt=1", "unknown_parameter", [("limt", "did you mean limit?")]),
    ],
)
async def test_each_unknown_or_repeated_parameter_is_named(path: str, code: str, errors: list[tuple[str, str]]) -> None:
    """All unknown and wrongly repeated parameters are listed, with the nearest known name."""
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app_of("receiving")), base_url="http://test", headers=bearer()
    ) as client:
        body = (await client.get(path)).json()
    assert body["code"] == code
    assert [error["field"] for error in body["errors"]] == [field for field, _ in errors]
    assert all(text in error["message"] for error, (_, text) in zip(body["errors"], errors, strict=True))


BODIES = [
    (
        "fulfillment", "/orders", "unknown_field",
        {
            "order": "SO-1", "warehouse": "CW", "customer": {"id": "C-1", "names": "x"}, "backorder": "SHIP_COMPLETE",
            "lines": [{"line": "1", "sku": "A", "quantity": 2, "lot": "E2"}], "min_life": 30,
        },
        {
            "customer.names": "name?", "lines.0.lot": "lots?", "backorder": "backorders?",
            "min_life": "min_remaining_shelf_life_days?",
        },
    ),
    ("receiving", "/products", "unknown_field", {"sku": "A", "active": False}, {"active": "known here: "}),
    ("receiving", "/products", "unknown_field", {"sku": "A", "shelf_life": {"expiryRequired": True}},
     {"shelf_life.expiryRequired": "expiry_required?"}),
    ("receiving", "/locations", "unknown_field", {"location": "W/A", "active": False}, {"active": "is_active?"}),
    ("receiving", "/receipts/R-1/close", "unknown_field", {"cause": {"source": "s", "id": "1"}},
     {"cause": "known here: actor, receipt"}),
    ("receiving", "/scans", "validation_error", {}, {"receipt": "required", "session": "required", "location": ""}),
    ("receiving", "/scans", "validation_error",
     {"receipt": "R-1", "session": "S", "sku": "A", "location": "W/A", "serials": []},
     {"body": "either serials or lots or scans required"}),
    ("receiving", "/scans", "validation_error", {"receipt": "R-1", "expiry_date": "2027-01-31"},
     {"session": "Field required", "location": "Field required", "expiry_date": "expiry?"}),
]  # fmt: skip


@pytest.mark.parametrize(("service", "path", "code", "body", "errors"), BODIES)
async def test_command_with_unknown_fields_is_refused(
    service: str, path: str, code: str, body: dict[str, Any], errors: dict[str, str]
) -> None:
    """Each unknown field of a body is listed with its path and the nearest known one, beside other errors."""
    headers = {**bearer("ann"), "Idempotency-Key": "1"}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app_of(service)), base_url="http://test", headers=bearer()
    ) as client:
        response = await client.post(path, json=body, headers=headers)
    assert (response.status_code, response.json()["code"]) == (400, code)
    messages = {error["field"]: error["message"] for error in response.json()["errors"]}
    assert messages.keys() == errors.keys()
    assert all(text in messages[field] for field, text in errors.items())


@pytest.mark.parametrize(
    ("name", "known", "nearest"),
    [
        ("lines.0.expiry_date", ["expiry", "lot"], "expiry"),
        ("isActive", ["is_active", "name"], "is_active"),
        ("bar_code", ["barcode"], "barcode"),
        ("barcode", ["barcodes", "code"], "barcodes"),
        ("min_life", ["min_remaining_shelf_life_days", "line"], "min_remaining_shelf_life_days"),
        ("search", ["sku", "q"], None),
        ("x", [], None),
    ],
)
def test_nearest_known_name(name: str, known: list[str], nearest: str | None) -> None:
    """Names are compared without case and separators."""
    assert UnknownName(name, known).nearest == nearest
