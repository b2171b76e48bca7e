"""OpenAPI of reads: operation ids, summaries, parameters, and the problems that each may answer."""

import json
import re
from collections.abc import Callable
from typing import Any

from fastapi.routing import APIRoute

from shared.contracts.problems import KINDS, Code

RETRY_AFTER = {"Retry-After": {"description": "Seconds until the next attempt.", "schema": {"type": "integer"}}}
GENERIC = re.compile(r'\bPage_(\w+?)_(?=")')


def operation_ids(service: str) -> Callable[[APIRoute], str]:
    """The rule for operation ids: the service and the function's name, as in `receiving.listReceipts`."""

    def operation_id(route: APIRoute) -> str:
        head, *rest = route.name.split("_")
        return f"{service}.{head}{''.join(word.capitalize() for word in rest)}"

    return operation_id


def problem(*codes: Code) -> dict[str, Any]:
    """A response that is a problem with one of these codes."""
    told = "; ".join(f"`{code}`: {KINDS[code].title}" for code in codes)
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {"description": told, "content": content}


PROBLEMS_OF_COMMANDS: dict[int | str, dict[str, Any]] = {
    400: problem(Code.MALFORMED, Code.KEY_MISSING, Code.ACTOR_MISSING),
    413: problem(Code.TOO_LARGE),
    422: problem(Code.KEY_REUSED),
    500: problem(Code.INTERNAL),
    503: problem(Code.UNAVAILABLE) | {"headers": RETRY_AFTER},
}
"""What a command that no rule rejects may be answered."""


def describe(document: dict[str, Any]) -> None:
    """Complete every GET of an OpenAPI document."""
    for path, methods in document["paths"].items():
        if operation := methods.get("get"):
            _summarise(operation)
            for parameter in operation.get("parameters", []):
                _without_null(parameter)
            _add_problems(path, operation)


def with_page_names(document: dict[str, Any]) -> dict[str, Any]:
    """The document with `ReceiptPage` for pydantic's `Page_Receipt_`."""
    named: dict[str, Any] = json.loads(GENERIC.sub(r"\1Page", json.dumps(document)))
    return named


def _summarise(operation: dict[str, Any]) -> None:
    """Write a summary that FastAPI made of the function's name as a sentence."""
    words = re.sub("([A-Z])", r" \1", operation["operationId"].partition(".")[2]).lower().split()
    if operation["summary"].lower().split() != words:
        return
    verb, *rest = words
    if verb == "get" and not rest[-1].endswith("s"):
        rest.insert(0, "an" if rest[0][0] in "aeio" else "a")
    operation["summary"] = " ".join((verb.capitalize(), *rest))


def _without_null(parameter: dict[str, Any]) -> None:
    """Drop the null of an optional parameter: an address can leave a value out, but cannot say null."""
    schema = parameter["schema"]
    if kept := [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]:
        del schema["anyOf"]
        schema.update(kept[0] if len(kept) == 1 else {"anyOf": kept})


def _add_problems(path: str, operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    if operation.get("parameters"):
        responses.setdefault("400", problem(Code.MALFORMED))
    if "{" in path:
        responses.setdefault("404", problem(Code.UNKNOWN))
    responses.setdefault("500", problem(Code.INTERNAL))
    if "operations" not in operation.get("tags", ()):
        responses.setdefault("503", problem(Code.UNAVAILABLE) | {"headers": RETRY_AFTER})
