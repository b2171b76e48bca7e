"""The conventions of reads hold in the OpenAPI document of every service."""

import json
import re
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest

from shared.asyncapi import document as asyncapi

SERVICES = ("receiving", "serials", "lots", "fulfillment")
Json = dict[str, Any]
FILTERS = {"sku", "warehouse", "location", "limit", "cursor", "q", "status"}
OLD_FILTERS = {"product", "place", "search", "open_only"}


@pytest.fixture(params=SERVICES)
def document(request: pytest.FixtureRequest) -> Json:
    """The OpenAPI document of a service."""
    made: Json = import_module(f"services.{request.param}.app").app.openapi()
    return made


def reads(document: Json) -> Iterator[tuple[str, Json]]:
    """Each path that can be read, with its operation."""
    return ((path, methods["get"]) for path, methods in document["paths"].items() if "get" in methods)


def resolved(document: Json, schema: Json) -> Json:
    """A schema, or the one that it refers to."""
    if "$ref" not in schema:
        return schema
    found: Json = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return found


def test_every_parameter_of_a_read_is_described(document: Json) -> None:
    """Each has a description; those of the path are the names in its braces, and none has another's name."""
    for path, operation in reads(document):
        parameters = operation.get("parameters", [])
        assert all(one.get("description") for one in parameters), path
        assert {one["name"] for one in parameters if one["in"] == "path"} == set(re.findall(r"{(\w+)}", path)), path
        assert not OLD_FILTERS & {one["name"] for one in parameters}, path
        assert {"type": "null"} not in [kind for one in parameters for kind in one["schema"].get("anyOf", ())], path


def test_a_parameter_means_the_same_in_every_list() -> None:
    """One description and one schema for each filter, but what free search looks into and which statuses there are."""
    meanings: dict[str, set[str]] = {}
    for service in SERVICES:
        for _, operation in reads(import_module(f"services.{service}.app").app.openapi()):
            for one in operation.get("parameters", []):
                if one["in"] == "query" and one["name"] in FILTERS - {"q", "status"}:
                    meanings.setdefault(one["name"], set()).add(one["description"])
    assert set(meanings) == FILTERS - {"q", "status"}
    assert {name: found for name, found in meanings.items() if len(found) > 1} == {}


def test_a_status_is_one_of_a_closed_list(document: Json) -> None:
    """As a filter it may be repeated; in a body it has an enum too."""
    for path, operation in reads(document):
        for one in operation.get("parameters", []):
            if one["name"] == "status":
                assert one["schema"]["type"] == "array", path
                assert resolved(document, one["schema"]["items"])["enum"], path
    for name, schema in document["components"]["schemas"].items():
        if name != "Problem" and (status := schema.get("properties", {}).get("status")):
            kinds = [resolved(document, one) for one in status.get("anyOf", [status])]
            assert any("enum" in one or "const" in one for one in kinds), name


def test_every_read_has_a_body(document: Json) -> None:
    """JSON of a schema or a CSV file; its errors are problems with their codes."""
    for path, operation in reads(document):
        content = operation["responses"]["200"]["content"]
        if path == "/metrics":
            assert list(content) == ["text/plain"]
        elif path.endswith(".csv"):
            assert content == {"text/csv": {"schema": {"type": "string"}}}
            assert "Content-Disposition" in operation["responses"]["200"]["headers"]
        else:
            assert content["application/json"]["schema"], path
        for status, answer in operation["responses"].items():
            if int(status) >= 400 and path != "/ready":
                assert list(answer["content"]) == ["application/problem+json"], (path, status)
                assert "`" in answer["description"], (path, status)
        if "operations" not in operation["tags"]:
            assert {"500", "503"} <= set(operation["responses"]), path
            assert "Retry-After" in operation["responses"]["503"]["headers"], path


def test_every_list_is_a_page(document: Json) -> None:
    """What takes a limit answers with items and the cursor of the next page, as its body or as a part of it."""
    for path, operation in reads(document):
        names = {one["name"] for one in operation.get("parameters", [])}
        assert ("limit" in names) == ("cursor" in names), path
        if "limit" in names:
            whole = resolved(document, operation["responses"]["200"]["content"]["application/json"]["schema"])
            bodies = [whole, *(resolved(document, one) for one in whole["properties"].values())]
            assert any({"items", "next"} == set(one.get("properties", {})) for one in bodies), path
        (limit,) = [one["schema"] for one in operation.get("parameters", []) if one["name"] == "limit"] or [None]
        assert limit is None or (limit["minimum"], limit["maximum"]) == (1, 500), path


def test_operations_and_models_have_names_of_their_own(document: Json) -> None:
    """`receiving.listReceipts`, once; a model's name is one word, and no module's."""
    service = document["info"]["title"].split()[-1]
    ids = [operation["operationId"] for _, operation in reads(document)]
    assert len(ids) == len(set(ids))
    assert [one for one in ids if not re.fullmatch(rf"{service}\.[a-z]+([A-Z][a-z0-9]+)+", one)] == []
    for path, operation in reads(document):
        assert re.fullmatch(r"[A-Z][A-Za-z0-9 ,-]+", operation["summary"]), path
    models = document["components"]["schemas"]
    assert [one for one in models if not re.fullmatch(r"[A-Z][A-Za-z0-9]+", one) or "Shown" in one] == []


def test_no_statement_of_the_specification_is_named(document: Json) -> None:
    """Readers of OpenAPI and AsyncAPI do not have the specification."""
    service = document["info"]["title"].split()[-1]
    for one in (document, asyncapi(import_module(f"services.{service}.app").app.state.map)):
        assert not re.search(r"\bS\d\d\b", json.dumps(one))
