"""Parsing of command requests: headers, body and path parameters."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from fastapi import Request
from pydantic_core import to_json

from shared.auth.identity import Identity
from shared.contracts.problems import Code
from shared.http import problems
from shared.http.auth import identity_of
from shared.http.json_bodies import read_json_object
from shared.http.problems import ProblemError

PRINTABLE = re.compile(r"[ -~]{1,255}")


class CommandRequest(NamedTuple):
    """Validated headers and parsed body of a command request."""

    identity: Identity
    key: str
    body: dict[str, Any]
    hash: bytes


async def parse_command(request: Request, fields: Mapping[str, str] = {}) -> CommandRequest:
    """Validate the headers of a command and parse its body; path parameters fill their fields.

    If the body repeats such a field, its value must equal that of the path.
    """
    key = request.headers.get("Idempotency-Key", "")
    if not PRINTABLE.fullmatch(key):
        raise ProblemError(Code.KEY_MISSING, "Idempotency-Key: 1 to 255 printable ASCII characters")
    body = await read_json_object(request)
    if body.pop("actor", None):
        raise ProblemError(Code.ACTOR_NOT_ALLOWED, "actor: the actor is the subject of the token")
    for parameter, value in request.path_params.items():
        name = fields.get(parameter, parameter)
        if body.setdefault(name, value) != value:
            raise problems.validation_problem([{"field": name, "message": f"differs from the path: {value}"}])
    canonical = to_json(dict(sorted(body.items())))
    return CommandRequest(identity_of(request), key, body, hashlib.sha256(canonical).digest())
