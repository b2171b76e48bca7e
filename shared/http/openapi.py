"""OpenAPI documentation of commands: headers, bodies, responses."""

import json
from inspect import getdoc
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from shared.contracts.descriptions import field_description
from shared.contracts.envelope import Message
from shared.contracts.examples import body_example, data_example
from shared.contracts.problems import Code
from shared.contracts.results import Problem
from shared.contracts.unknown_fields import ClosedJsonSchema
from shared.http import reads
from shared.http.auth import describe_security, requires
from shared.messaging.handlers import CommandHandler

SCHEMA_REF = "#/components/schemas/{model}"
INTERNAL_FIELDS = ("cause",)
"""Fields that HTTP clients may not send."""
NOT_IN_BODY = ("actor", *INTERNAL_FIELDS)
"""Fields that a body does not have: the token names the actor."""

COMMAND_HEADERS = [
    {
        "name": "Idempotency-Key", "in": "header", "required": True,
        "description": "A new key for each command; the same key and body return the same response.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
    },
]  # fmt: skip
TRACEPARENT = {
    "name": "traceparent", "in": "header", "required": False,
    "description": "W3C trace context; it is propagated to the resulting events.",
    "schema": {"type": "string"},
}  # fmt: skip
REPLAYED = {
    "description": "`true` if the response is the stored one of an earlier request with the same key.",
    "schema": {"type": "string"},
}  # fmt: skip
RETRY_AFTER = {"description": "Seconds until the next attempt.", "schema": {"type": "integer"}}
LOCATIONS = {
    201: {"description": "Path of the created resource.", "schema": {"type": "string"}},
    202: {"description": "Path of the result of the operation.", "schema": {"type": "string"}},
}
SUCCESSES = {200: "Success", 201: "Created", 202: "Accepted; the operation completes asynchronously"}


def _problem_response(description: str, **headers: Any) -> dict[str, Any]:
    content = {"application/problem+json": {"schema": {"$ref": SCHEMA_REF.format(model="Problem")}}}
    return {"description": description, "content": content, **({"headers": headers} if headers else {})}


def describe_command(handler: CommandHandler) -> dict[str, Any]:
    """Return the OpenAPI description of a command route."""
    fields = handler.message.model_json_schema()
    parameters = [
        {
            "name": parameter, "in": "path", "required": True, "description": _path_description(handler.message, field),
            "schema": {key: value for key, value in fields["properties"][field].items() if key != "title"},
        }
        for parameter, field in handler.path_fields.items()
    ]  # fmt: skip
    excluded = {*NOT_IN_BODY, *handler.path_fields.values()}
    example = {name: value for name, value in data_example(handler.message).items() if name not in excluded}
    schema = {"$ref": SCHEMA_REF.format(model=handler.message.__name__)}
    body = {"required": True, "content": {"application/json": {"schema": schema, "example": example}}}
    statuses = {200, 201} if handler.success_status == 201 else {handler.success_status}
    statuses |= {202} if handler.may_wait else set()
    return {
        "summary": handler.summary,
        "description": getdoc(handler.message),
        "status_code": handler.success_status,
        "response_model": handler.result,
        "openapi_extra": {
            "parameters": [*parameters, *COMMAND_HEADERS, TRACEPARENT],
            "requestBody": body,
            **requires(handler.role),
        },
        "responses": {
            **{status: _success(handler, status) for status in sorted(statuses)},
            400: _problem_response("Invalid request"),
            404: _problem_response("A referenced resource was not found", **{"Retry-After": RETRY_AFTER}),
            408: _problem_response("The request body did not arrive in time"),
            409: _problem_response("The command conflicts with the current state", **{"Retry-After": RETRY_AFTER}),
            413: _problem_response("Request body too large"),
            415: _problem_response("Request body is not JSON in UTF-8"),
            422: _problem_response("The command violates a rule, or its key was used with a different body"),
            500: _problem_response("Internal error; no change was made"),
            503: _problem_response(
                "Too many concurrent requests, or database unavailable", **{"Retry-After": RETRY_AFTER}
            ),
        },
    }


def _success(handler: CommandHandler, status: int) -> dict[str, Any]:
    headers = {"Idempotent-Replayed": REPLAYED, "Retry-After": RETRY_AFTER}
    if status in LOCATIONS:
        headers["Location"] = LOCATIONS[status]
    partial = "; rejected items are listed in `rejected`" if "rejected" in handler.result.model_fields else ""
    return {
        "model": handler.result,
        "description": SUCCESSES[status] + partial,
        "headers": headers,
        "content": {"application/json": {"example": body_example(handler.result)}},
    }


def message_schemas(handlers: list[CommandHandler]) -> dict[str, Any]:
    """Return the schemas of command bodies, without path and header fields, and of problems."""
    messages: list[type[Message]] = [handler.message for handler in handlers]
    _, schema = models_json_schema(
        [(message, "validation") for message in messages], ref_template=SCHEMA_REF, schema_generator=ClosedJsonSchema
    )
    definitions: dict[str, Any] = schema["$defs"]
    for handler in handlers:
        schema = definitions[handler.message.__name__]
        for name in (*NOT_IN_BODY, *handler.path_fields.values()):
            schema["properties"].pop(name, None)
            if name in schema.get("required", ()):
                schema["required"].remove(name)
        if not schema.get("required", True):
            del schema["required"]
    _, responses = models_json_schema([(Problem, "serialization")], ref_template=SCHEMA_REF)
    return {**definitions, **responses["$defs"]}


def _merge_schemas(document: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """Add schemas to a document; one that differs from an existing response schema is renamed to `<name>Input`."""
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in [name for name, schema in definitions.items() if schemas.get(name, schema) != schema]:
        old, new = SCHEMA_REF.format(model=name), SCHEMA_REF.format(model=f"{name}Input")
        definitions[f"{name}Input"] = definitions.pop(name) | {"title": f"{name}Input"}
        definitions = _replace_reference(definitions, old, new)
        for operation in (operation for methods in document["paths"].values() for operation in methods.values()):
            if "requestBody" in operation:
                operation["requestBody"] = _replace_reference(operation["requestBody"], old, new)
    schemas.update(definitions)
    return document


def _replace_reference(document: dict[str, Any], old: str, new: str) -> dict[str, Any]:
    replaced: dict[str, Any] = json.loads(json.dumps(document).replace(f'"{old}"', f'"{new}"'))
    return replaced


def _path_description(message: type[Message], field: str) -> str:
    return f"{field_description(message, field)} Omit it from the body."


def _document_errors(path: str, methods: dict[str, Any]) -> None:
    """Replace the 422 of FastAPI by the 400 of this API, and add the 404 of paths with parameters."""
    for operation in methods.values():
        responses = operation["responses"]
        if operation["security"]:
            responses["401"] = reads.problem(Code.UNAUTHENTICATED)
            responses["403"] = reads.problem(Code.FORBIDDEN)
        responses["431"] = reads.problem(Code.HEADERS_TOO_LARGE)
        if "HTTPValidationError" in str(responses.get("422")):
            del responses["422"]
            responses.setdefault("400", _problem_response("Invalid request"))
        if "{" in path:
            responses.setdefault("404", _problem_response("Not found"))


def install_openapi(app: FastAPI, handlers: list[CommandHandler]) -> None:
    """Install an OpenAPI document with the bodies of the commands."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
            schemas_by_name = document.setdefault("components", {}).setdefault("schemas", {})
            app.openapi_schema = document
            _merge_schemas(document, message_schemas(handlers))
            reads.describe_queries(document)
            describe_security(document)
            for path, methods in document.get("paths", {}).items():
                _document_errors(path, methods)
            for unused in ("HTTPValidationError", "ValidationError"):
                schemas_by_name.pop(unused, None)
            document.update(reads.rename_page_schemas(document))
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
