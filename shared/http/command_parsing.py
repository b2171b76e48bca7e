"""Parsing of command requests: headers, body and path parameters."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from fastapi import Request
from pydantic_core import to_json

from shared.contracts.problems import Code
from shared.http import problems
from shared.http.json_bodies import read_json_object
from shared.http.problems import ProblemError

PRINTABLE = re.compile(r"[ -~]{1,255}")


class CommandRequest(NamedTuple):
    """Validated headers and parsed body of a command request."""

    actor: str
    key: str
    body: dict[str, Any]
    hash: bytes


async def parse_command(request: Request, fields: Mapping[str, str] = {}) -> CommandRequest:
    """Validate the headers of a command and parse its body; path parameters fill their fields.

    If the body repeats such a field, its value must equal that of the path.
    """
    actor, key = request.headers.get("X-Actor", ""), request.headers.get("Idempotency-Key", "")
    if not PRINTABLE.fullmatch(actor) or len(actor) > 64:
        raise ProblemError(Code.ACTOR_MISSING, "X-Actor: 1 to 64 printable ASCII characters")
    if not PRINTABLE.fullmatch(key):
        raise ProblemError(Code.KEY_MISSING, "Idempotency-Key: 1 to 255 printable ASCII characters")
    body = await read_json_object(request)
    for parameter, value in request.path_params.items():
        name = fields.get(parameter, parameter)
        if body.setdefault(name, value) != value:
            raise problems.validation_problem([{"field": name, "message": f"differs from the path: {value}"}])
    canonical = to_json(dict(sorted(body.items())))
    return CommandRequest(actor, key, body, hashlib.sha256(canonical).digest())
