"""How a command's headers, body and answers stand in OpenAPI."""

import json
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from shared.contracts.envelope import Fact
from shared.contracts.examples import body_example, data_example
from shared.contracts.results import Problem
from shared.http import reads
from shared.routing import Takes

REF = "#/components/schemas/{model}"
NOT_IN_BODY = ("actor", "cause")
"""Who and why are headers over HTTP."""

HEADERS = [
    {
        "name": "Idempotency-Key", "in": "header", "required": True,
        "description": "New for each command; the same key and body again get the same answer again.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
    },
    {
        "name": "X-Actor", "in": "header", "required": True,
        "description": "The person or device that sends the command.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[ -~]+$"},
    },
]  # fmt: skip
TRACEPARENT = {
    "name": "traceparent", "in": "header", "required": False,
    "description": "W3C trace context; events that follow carry it on.",
    "schema": {"type": "string"},
}  # fmt: skip
REPLAYED = {
    "description": "`true` where the key came before: the answer is the earlier one.", "schema": {"type": "string"},
}  # fmt: skip
RETRY_AFTER = {"description": "Seconds after which to send the command again.", "schema": {"type": "integer"}}
LOCATIONS = {
    201: {"description": "Path of the created resource.", "schema": {"type": "string"}},
    202: {"description": "Path of the outcome.", "schema": {"type": "string"}},
}
SUCCESSES = {200: "Done", 201: "Created", 202: "Accepted; the outcome follows"}


def _problem(description: str, **headers: Any) -> dict[str, Any]:
    content = {"application/problem+json": {"schema": {"$ref": REF.format(model="Problem")}}}
    return {"description": description, "content": content, **({"headers": headers} if headers else {})}


def describe(row: Takes) -> dict[str, Any]:
    """What a command's route tells OpenAPI beside its name."""
    fields = row.message.model_json_schema()
    in_path = [
        {
            "name": name, "in": "path", "required": True, "description": f"The {name}; its body leaves this out.",
            "schema": {key: value for key, value in fields["properties"][field].items() if key != "title"},
        }
        for name, field in row.path_fields.items()
    ]  # fmt: skip
    left_out = {*NOT_IN_BODY, *row.path_fields.values()}
    example = {name: value for name, value in data_example(row.message).items() if name not in left_out}
    schema = {"$ref": REF.format(model=row.message.__name__)}
    body = {"required": True, "content": {"application/json": {"schema": schema, "example": example}}}
    statuses = {200, 201} if row.status == 201 else {row.status}
    return {
        "summary": row.summary,
        "description": row.message.__doc__,
        "status_code": row.status,
        "response_model": row.result,
        "openapi_extra": {"parameters": [*in_path, *HEADERS, TRACEPARENT], "requestBody": body},
        "responses": {
            **{status: _success(row, status) for status in sorted(statuses)},
            400: _problem("Malformed request"),
            404: _problem("Something that the command names is not known", **{"Retry-After": RETRY_AFTER}),
            409: _problem("The command conflicts with the current state", **{"Retry-After": RETRY_AFTER}),
            413: _problem("Request body too large"),
            422: _problem("A rule rejects the command, or its key came with another body"),
            500: _problem("Internal error; nothing was changed"),
            503: _problem("Database unavailable", **{"Retry-After": RETRY_AFTER}),
        },
    }


def _success(row: Takes, status: int) -> dict[str, Any]:
    headers = {"Idempotent-Replayed": REPLAYED, "Retry-After": RETRY_AFTER}
    if status in LOCATIONS:
        headers["Location"] = LOCATIONS[status]
    partly = "; what was rejected is in `refused`" if "refused" in row.result.model_fields else ""
    return {
        "model": row.result,
        "description": SUCCESSES[status] + partly,
        "headers": headers,
        "content": {"application/json": {"example": body_example(row.result)}},
    }


def schemas(rows: list[Takes]) -> dict[str, Any]:
    """The schemas of commands' bodies for `components`, without what the path or a header says, and of problems."""
    messages: list[type[Fact]] = [row.message for row in rows]
    models = [*((message, "validation") for message in messages), (Problem, "serialization")]
    _, whole = models_json_schema(models, ref_template=REF)  # type: ignore[arg-type]
    defined: dict[str, Any] = whole["$defs"]
    for row in rows:
        schema = defined[row.message.__name__]
        for name in (*NOT_IN_BODY, *row.path_fields.values()):
            schema["properties"].pop(name, None)
            if name in schema.get("required", ()):
                schema["required"].remove(name)
        if not schema.get("required", True):
            del schema["required"]
    return defined


def _merge(made: dict[str, Any], defined: dict[str, Any]) -> dict[str, Any]:
    """The document with further components; one that reads otherwise than it is written is called `<name>Input`."""
    known = made.setdefault("components", {}).setdefault("schemas", {})
    for name in [name for name, schema in defined.items() if known.get(name, schema) != schema]:
        renamed = REF.format(model=f"{name}Input")
        defined[f"{name}Input"] = defined.pop(name) | {"title": f"{name}Input"}
        defined = _renamed(defined, REF.format(model=name), renamed)
        for operation in (one for methods in made["paths"].values() for one in methods.values()):
            if "requestBody" in operation:
                operation["requestBody"] = _renamed(operation["requestBody"], REF.format(model=name), renamed)
    known.update(defined)
    return made


def _renamed(document: dict[str, Any], old: str, new: str) -> dict[str, Any]:
    renamed: dict[str, Any] = json.loads(json.dumps(document).replace(f'"{old}"', f'"{new}"'))
    return renamed


def _as_we_answer(path: str, methods: dict[str, Any]) -> None:
    """What is malformed is a 400 here, and not FastAPI's 422; what is asked for by name may not be there."""
    for operation in methods.values():
        answers = operation["responses"]
        if "HTTPValidationError" in str(answers.get("422")):
            del answers["422"]
            answers.setdefault("400", _problem("malformed"))
        if "{" in path:
            answers.setdefault("404", _problem("there is no such thing"))


def install(app: FastAPI, rows: list[Takes]) -> None:
    """Give an app an OpenAPI document that knows the commands' bodies."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            made = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
            known = made.setdefault("components", {}).setdefault("schemas", {})
            app.openapi_schema = made
            _merge(made, schemas(rows))
            reads.describe(made)
            for path, methods in made.get("paths", {}).items():
                _as_we_answer(path, methods)
            for unused in ("HTTPValidationError", "ValidationError"):
                known.pop(unused, None)
            made.update(reads.with_page_names(made))
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
