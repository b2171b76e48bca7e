"""What OpenAPI says of commands."""

from importlib import import_module
from typing import Any

import pytest

from deploy.databases import SERVICES
from shared.routing import Takes

COMMANDS = [
    (service, row)
    for service in SERVICES
    for row in import_module(f"services.{service}.app").app.state.map.rows
    if isinstance(row, Takes)
]
named = pytest.mark.parametrize(("service", "row"), COMMANDS, ids=[f"{name}-{row.operation}" for name, row in COMMANDS])


def document(service: str) -> dict[str, Any]:
    """A service's document."""
    made: dict[str, Any] = import_module(f"services.{service}.app").app.openapi()
    return made


@named
def test_a_command_is_described(service: str, row: Takes) -> None:
    """Name, summary, path parameters, headers, result and errors of each command."""
    operation = document(service)["paths"][row.post]["post"]
    assert operation["operationId"] == f"{service}.{row.operation}"
    assert operation["summary"] == row.summary
    assert all(parameter["description"] for parameter in operation["parameters"])
    names = [parameter["name"] for parameter in operation["parameters"]]
    assert names == [*row.path_fields, "Idempotency-Key", "X-Actor", "traceparent"]
    successes = {"200": {"200"}, "201": {"200", "201"}, "202": {"202"}}[str(row.status)]
    assert set(operation["responses"]) == {*successes, "400", "404", "409", "413", "422", "500", "503"}
    for status in successes:
        response = operation["responses"][status]
        assert response["content"]["application/json"]["schema"]["$ref"].endswith(f"/{row.result.__name__}")
        assert ("Location" in response["headers"]) == (status != "200")


@named
def test_the_examples_of_a_command_fit(service: str, row: Takes) -> None:
    """The request's example with the path's values is a valid message, the response's a valid result."""
    operation = document(service)["paths"][row.post]["post"]
    body = operation["requestBody"]["content"]["application/json"]["example"]
    assert not {"actor", "cause", *row.path_fields.values()} & body.keys()
    row.message.model_validate(body | dict.fromkeys(row.path_fields.values(), "X-1"))
    (status, *_) = [status for status in operation["responses"] if status.startswith("2")]
    row.result.model_validate(operation["responses"][status]["content"]["application/json"]["example"])


@pytest.mark.parametrize("service", SERVICES)
def test_operations_are_unique(service: str) -> None:
    """No two operations share an id, and what the path says is not in a command's body."""
    made = document(service)
    names = [one["operationId"] for methods in made["paths"].values() for one in methods.values()]
    assert len(set(names)) == len(names)
    for name, row in COMMANDS:
        if name == service:
            schema = made["components"]["schemas"][row.message.__name__]
            assert not {"actor", "cause", *row.path_fields.values()} & schema["properties"].keys()
