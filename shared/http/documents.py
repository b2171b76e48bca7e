"""How a command's headers, body and answers stand in OpenAPI."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from shared.contracts.envelope import Fact
from shared.http import reads
from shared.routing import Takes

REF = "#/components/schemas/{model}"
PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "help"],
    "properties": {
        "type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"},
        "detail": {"type": "string"}, "code": {"type": "string"}, "help": {"type": "string"},
        "ids": {"type": "array", "items": {"type": "string"}},
        "blocked_by": {"type": "array", "items": {"type": "string"}},
        "suggested": {"type": "array", "items": {"type": "string"}},
        "errors": {"type": "array", "items": {"type": "object"}},
        "refusals": {"type": "array", "items": {"$ref": REF.format(model="Problem")}},
    },
}  # fmt: skip
HEADERS = [
    {
        "name": "Idempotency-Key", "in": "header", "required": True,
        "description": "New for each command; the same key and body again get the same answer again.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    },
    {
        "name": "X-Actor", "in": "header", "required": True,
        "description": "Who does it; taken as said until there is a sign-in.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 64},
    },
]  # fmt: skip


def _problem(description: str) -> dict[str, Any]:
    content = {"application/problem+json": {"schema": {"$ref": REF.format(model="Problem")}}}
    return {"description": description, "content": content}


def describe(row: Takes) -> dict[str, Any]:
    """What a command's route tells OpenAPI beside its name."""
    path = [part[1:-1] for part in row.post.split("/") if part.startswith("{")]
    in_path = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in path]
    body = {"application/json": {"schema": {"$ref": REF.format(model=row.message.__name__)}}}
    return {
        "openapi_extra": {"parameters": HEADERS + in_path, "requestBody": {"required": True, "content": body}},
        "responses": {
            **(
                {200: {"description": "done in part; what was refused stands in `refused`"}}
                if row.status == 201
                else {}
            ),
            row.status: {"description": "done; units that were refused stand in `refused`"},
            400: _problem("malformed"),
            404: _problem("refused: something that it names is not known"),
            409: _problem("refused: it conflicts with how things stand"),
            413: _problem("too large"),
            422: _problem("refused: a rule says no, or the key came with another body"),
            503: _problem("the database is out of reach"),
        },
        "description": row.message.__doc__,
    }


def schemas(messages: list[type[Fact]]) -> dict[str, Any]:
    """The messages' schemas for `components`; who and why are headers over HTTP."""
    if not messages:
        return {}
    _, whole = models_json_schema([(message, "validation") for message in messages], ref_template=REF)
    defined: dict[str, Any] = whole["$defs"]
    for message in messages:
        for name in ("actor", "cause"):
            defined[message.__name__]["properties"].pop(name, None)
    return defined


def _as_we_answer(path: str, methods: dict[str, Any]) -> None:
    """What is malformed is a 400 here, and not FastAPI's 422; what is asked for by name may not be there."""
    for operation in methods.values():
        answers = operation["responses"]
        if "HTTPValidationError" in str(answers.get("422")):
            del answers["422"]
            answers.setdefault("400", _problem("malformed"))
        if "{" in path:
            answers.setdefault("404", _problem("there is no such thing"))


def install(app: FastAPI, messages: list[type[Fact]]) -> None:
    """Give an app an OpenAPI document that knows the commands' bodies."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            made = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
            known = made.setdefault("components", {}).setdefault("schemas", {})
            app.openapi_schema = made
            for name, schema in {**schemas(messages), "Problem": PROBLEM}.items():
                known.setdefault(name, schema)
            reads.describe(made)
            for path, methods in made.get("paths", {}).items():
                _as_we_answer(path, methods)
            for unused in ("HTTPValidationError", "ValidationError"):
                known.pop(unused, None)
            made.update(reads.with_page_names(made))
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
