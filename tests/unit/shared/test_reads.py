"""Conventions of queries in the OpenAPI documents of all services."""

import json
import re
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest

from deploy.databases import SERVICES
from shared.http.parameters import SORT_DESCRIPTION
from shared.http.xlsx import XlsxResponse
from shared.ops.asyncapi import build_document

Json = dict[str, Any]
COMMON_FILTERS = {"sku", "warehouse", "location", "limit", "cursor", "q", "status"}
OBSOLETE_NAMES = {"product", "place", "search", "open_only"}


@pytest.fixture(params=SERVICES)
def document(request: pytest.FixtureRequest) -> Json:
    """Return the OpenAPI document of a service."""
    openapi: Json = import_module(f"services.{request.param}.app").app.openapi()
    return openapi


def get_operations(document: Json) -> Iterator[tuple[str, Json]]:
    """Iterate over the GET operations with their paths."""
    return ((path, methods["get"]) for path, methods in document["paths"].items() if "get" in methods)


def resolve(document: Json, schema: Json) -> Json:
    """Resolve a reference to a schema."""
    if "$ref" not in schema:
        return schema
    definition: Json = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return definition


@pytest.mark.parametrize(
    ("service", "path", "text"),
    [
        ("lots", "/lots", "`lot` sorts by sku first."),
        ("serials", "/serials", "`serial` sorts by sku first."),
        ("serials", "/reports/serial-location", "`location` sorts by warehouse first."),
        ("receiving", "/products", ""),
    ],
)
def test_sort_says_what_it_compares_first(service: str, path: str, text: str) -> None:
    """A number belongs to a product: lists that are sorted by it are sorted by product first, and say so."""
    operation = import_module(f"services.{service}.app").app.openapi()["paths"][path]["get"]
    [sort] = [parameter for parameter in operation["parameters"] if parameter["name"] == "sort"]
    assert sort["description"] == f"{SORT_DESCRIPTION} {text}".rstrip()


def test_parameters_are_documented(document: Json) -> None:
    """All parameters have descriptions, path parameters match the path, and no obsolete name is used."""
    for path, operation in get_operations(document):
        parameters = operation.get("parameters", [])
        assert all(parameter.get("description") for parameter in parameters), path
        assert {parameter["name"] for parameter in parameters if parameter["in"] == "path"} == set(
            re.findall(r"{(\w+)}", path)
        ), path
        assert not OBSOLETE_NAMES & {parameter["name"] for parameter in parameters}, path
        assert {"type": "null"} not in [
            choice for parameter in parameters for choice in parameter["schema"].get("anyOf", ())
        ], path


def test_parameters_mean_the_same_everywhere() -> None:
    """Each common filter has one description, except search terms and statuses."""
    descriptions: dict[str, set[str]] = {}
    for service in SERVICES:
        for _, operation in get_operations(import_module(f"services.{service}.app").app.openapi()):
            for parameter in operation.get("parameters", []):
                if parameter["in"] == "query" and parameter["name"] in COMMON_FILTERS - {"q", "status"}:
                    descriptions.setdefault(parameter["name"], set()).add(parameter["description"])
    assert set(descriptions) == COMMON_FILTERS - {"q", "status"}
    assert {name: texts for name, texts in descriptions.items() if len(texts) > 1} == {}


def test_statuses_are_enums(document: Json) -> None:
    """Status filters are repeatable enums, and statuses in bodies are enums."""
    for path, operation in get_operations(document):
        for parameter in operation.get("parameters", []):
            if parameter["name"] == "status":
                assert parameter["schema"]["type"] == "array", path
                assert resolve(document, parameter["schema"]["items"])["enum"], path
    for name, schema in document["components"]["schemas"].items():
        if name != "Problem" and (status := schema.get("properties", {}).get("status")):
            schemas = [resolve(document, choice) for choice in status.get("anyOf", [status])]
            assert any("enum" in choice or "const" in choice for choice in schemas), name


def test_responses_are_documented(document: Json) -> None:
    """Responses have a JSON schema or are files; errors are problems with codes."""
    for path, operation in get_operations(document):
        content = operation["responses"]["200"]["content"]
        if path == "/metrics":
            assert list(content) == ["text/plain"]
        elif path.endswith(".csv"):
            assert content == {"text/csv": {"schema": {"type": "string"}}}
            assert "Content-Disposition" in operation["responses"]["200"]["headers"]
        elif path.endswith(".xlsx"):
            assert list(content) == [XlsxResponse.media_type]
            assert "Content-Disposition" in operation["responses"]["200"]["headers"]
        elif "labels" in operation["tags"]:
            assert set(content) <= {"image/svg+xml", "application/pdf", "text/plain"}, path
        else:
            assert content["application/json"]["schema"], path
        for status, response in operation["responses"].items():
            if int(status) >= 400 and path != "/ready":
                assert list(response["content"]) == ["application/problem+json"], (path, status)
                assert "`" in response["description"], (path, status)
        if "operations" not in operation["tags"]:
            assert {"500", "503"} <= set(operation["responses"]), path
            assert "Retry-After" in operation["responses"]["503"]["headers"], path


def test_lists_are_paginated(document: Json) -> None:
    """Operations with a limit return items and a cursor, as their body or as a part of it."""
    for path, operation in get_operations(document):
        names = {parameter["name"] for parameter in operation.get("parameters", [])}
        assert ("limit" in names) == ("cursor" in names), path
        if "limit" in names:
            body = resolve(document, operation["responses"]["200"]["content"]["application/json"]["schema"])
            bodies = [body, *(resolve(document, part) for part in body["properties"].values())]
            assert any({"items", "next"} == set(candidate.get("properties", {})) for candidate in bodies), path
        (limit,) = [
            parameter["schema"] for parameter in operation.get("parameters", []) if parameter["name"] == "limit"
        ] or [None]
        assert limit is None or (limit["minimum"], limit["maximum"]) == (1, 500), path


def test_names_of_operations_and_models(document: Json) -> None:
    """Operation ids such as `receiving.listReceipts` are unique; model names are single CamelCase words."""
    service = document["info"]["title"].split()[-1]
    ids = [operation["operationId"] for _, operation in get_operations(document)]
    assert len(ids) == len(set(ids))
    assert [name for name in ids if not re.fullmatch(rf"{service}\.[a-z]+([A-Z][a-z0-9]+)+", name)] == []
    for path, operation in get_operations(document):
        assert re.fullmatch(r"[A-Z][A-Za-z0-9 ,-]+", operation["summary"]), path
    models = document["components"]["schemas"]
    assert [name for name in models if not re.fullmatch(r"[A-Z][A-Za-z0-9]+", name) or "Shown" in name] == []


def test_documents_contain_no_statement_ids(document: Json) -> None:
    """OpenAPI and AsyncAPI do not refer to the statements of the specification."""
    service = document["info"]["title"].split()[-1]
    asyncapi = build_document(import_module(f"services.{service}.app").app.state.registry)
    for api_document in (document, asyncapi):
        assert not re.search(r"\bS\d\d\b", json.dumps(api_document))
