"""OpenAPI documentation of commands."""

from importlib import import_module
from typing import Any

import pytest

from deploy.databases import SERVICES
from shared.messaging.handlers import CommandHandler

COMMANDS = [
    (service, handler)
    for service in SERVICES
    for handler in import_module(f"services.{service}.app").app.state.registry.handlers
    if isinstance(handler, CommandHandler)
]
for_each_command = pytest.mark.parametrize(
    ("service", "handler"), COMMANDS, ids=[f"{service}-{handler.operation}" for service, handler in COMMANDS]
)


def openapi(service: str) -> dict[str, Any]:
    """Return the OpenAPI document of a service."""
    document: dict[str, Any] = import_module(f"services.{service}.app").app.openapi()
    return document


@for_each_command
def test_commands_are_documented(service: str, handler: CommandHandler) -> None:
    """Each command documents its id, summary, parameters, headers, result and errors."""
    operation = openapi(service)["paths"][handler.path]["post"]
    assert operation["operationId"] == f"{service}.{handler.operation}"
    assert operation["summary"] == handler.summary
    assert all(parameter["description"] for parameter in operation["parameters"])
    names = [parameter["name"] for parameter in operation["parameters"]]
    assert names == [*handler.path_fields, "Idempotency-Key", "traceparent"]
    successes = {"200": {"200"}, "201": {"200", "201"}, "202": {"202"}}[str(handler.success_status)]
    successes |= {"202"} if handler.may_wait else set()
    errors = {"400", "401", "403", "404", "408", "409", "413", "415", "422", "431", "500", "503"}
    assert set(operation["responses"]) == successes | errors
    for status in successes:
        response = operation["responses"][status]
        assert response["content"]["application/json"]["schema"]["$ref"].endswith(f"/{handler.result.__name__}")
        assert ("Location" in response["headers"]) == (status != "200")


@for_each_command
def test_examples_are_valid(service: str, handler: CommandHandler) -> None:
    """The example of the request, completed by the path, and that of the response are valid."""
    operation = openapi(service)["paths"][handler.path]["post"]
    body = operation["requestBody"]["content"]["application/json"]["example"]
    assert not {"actor", "cause", *handler.path_fields.values()} & body.keys()
    handler.message.model_validate(body | dict.fromkeys(handler.path_fields.values(), "X-1"))
    (status, *_) = [status for status in operation["responses"] if status.startswith("2")]
    handler.result.model_validate(operation["responses"][status]["content"]["application/json"]["example"])


@pytest.mark.parametrize("service", SERVICES)
def test_operation_ids_are_unique(service: str) -> None:
    """Operation ids are unique, and path parameters are not part of command bodies."""
    document = openapi(service)
    names = [operation["operationId"] for methods in document["paths"].values() for operation in methods.values()]
    assert len(set(names)) == len(names)
    for name, handler in COMMANDS:
        if name == service:
            schema = document["components"]["schemas"][handler.message.__name__]
            assert not {"actor", "cause", *handler.path_fields.values()} & schema["properties"].keys()
