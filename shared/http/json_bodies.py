"""Bodies of commands: strict JSON objects in UTF-8, without compression."""

import re
from typing import Any

from fastapi import Request
from pydantic_core import from_json
from starlette.datastructures import Headers

from shared.contracts.problems import Code
from shared.contracts.strict_json import find_json_violation
from shared.http.problems import ProblemError, validation_problem

JSON = re.compile(r"application/(?:json|[a-z0-9!#$&^_.+-]{1,100}\+json)")
UTF_8_PARAMETERS = {"charset=utf-8", "charset=utf8"}


async def read_json_object(request: Request) -> dict[str, Any]:
    """Read the body of a request; an empty body is an empty object."""
    raw = await request.body()  # of limited size
    if not raw:
        return {}
    _require_json(request.headers)
    try:
        body = from_json(raw)
    except ValueError as error:
        raise _body_problem(str(error)) from None
    if not isinstance(body, dict):
        raise _body_problem("must be a JSON object")
    if violation := find_json_violation(raw):
        raise _body_problem(violation)
    if b"\\u0000" in raw:
        raise _body_problem("NUL character not allowed")
    return body


def _body_problem(message: str) -> ProblemError:
    return validation_problem([{"field": "body", "message": message}])


def _require_json(headers: Headers) -> None:
    """Raise unless a body is declared as JSON in UTF-8."""
    content_type = ", ".join(headers.getlist("Content-Type"))
    media_type, *parameters = (part.strip() for part in content_type.replace('"', "").lower().split(";"))
    charsets = {parameter for parameter in parameters if parameter.startswith("charset")}
    if not JSON.fullmatch(media_type) or charsets - UTF_8_PARAMETERS:
        raise ProblemError(Code.UNSUPPORTED_MEDIA_TYPE, f"Content-Type: {content_type[:100]!r} is not JSON in UTF-8")
    if headers.get("Content-Encoding", "identity").lower() != "identity":
        raise ProblemError(Code.UNSUPPORTED_MEDIA_TYPE, "Content-Encoding: compressed bodies are not supported")
