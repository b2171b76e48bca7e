"""OpenAPI documents of all services: status codes, descriptions."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any, get_type_hints

import pytest

from deploy.databases import SERVICES
from shared.contracts.descriptions import FIELD_DESCRIPTIONS
from shared.contracts.model import DescribedFields
from shared.contracts.model_descriptions import MODEL_FIELD_DESCRIPTIONS


@pytest.mark.parametrize("service", SERVICES)
def test_documented_responses_match_the_behaviour(service: str) -> None:
    """Invalid requests are 400 instead of FastAPI's 422, missing resources 404, partial success 200."""
    document = import_module(f"services.{service}.app").app.openapi()
    assert not {"HTTPValidationError", "ValidationError"} & set(document["components"]["schemas"])
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            responses = set(operation["responses"])
            if method == "post":
                assert {"408", "503"} <= responses, path
            if method == "post" or "{" in path:
                assert "404" in responses, path
            if operation.get("parameters"):
                assert "400" in responses, path
            if "201" in responses:
                assert "200" in responses, path
            assert method == "post" or "422" not in responses, path


@pytest.mark.parametrize("service", SERVICES)
def test_every_field_and_parameter_is_described(service: str) -> None:
    """Each property of a schema and each parameter has a description."""
    document = import_module(f"services.{service}.app").app.openapi()
    for name, schema in document["components"]["schemas"].items():
        for field, definition in schema.get("properties", {}).items():
            assert definition.get("description"), f"{name}.{field}"
    for path, methods in document["paths"].items():
        for operation in methods.values():
            for parameter in operation.get("parameters", []):
                assert parameter.get("description"), (path, parameter["name"])


def test_descriptions_belong_to_existing_fields() -> None:
    """Each description in the dictionaries is that of at least one field."""
    for service in SERVICES:
        import_module(f"services.{service}.app")
    models = list(_subclasses(DescribedFields))
    fields = {name for model in models for name in get_type_hints(model)}
    for key in (*FIELD_DESCRIPTIONS, *MODEL_FIELD_DESCRIPTIONS):
        model_name, _, field = key.rpartition(".")
        assert field in fields, key
        assert not model_name or any(
            model.__name__ == model_name and field in get_type_hints(model) for model in models
        ), key


def _subclasses(model: type) -> Iterator[type]:
    subclasses: list[type] = model.__subclasses__()
    for subclass in subclasses:
        yield subclass
        yield from _subclasses(subclass)


def test_model_names_are_unique_over_all_services() -> None:
    """A model name has the same schema in each document, so that clients of several services can share models."""
    schemas: dict[str, Any] = {}
    for service in SERVICES:
        for name, schema in import_module(f"services.{service}.app").app.openapi()["components"]["schemas"].items():
            assert schemas.setdefault(name, schema) == schema, (service, name)
