"""Commands: each `Takes` row of a map as a POST route, decided on the same line as the same message from Kafka."""

import asyncio
import hashlib
import random
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError
from pydantic_core import from_json, to_json

from shared.contracts.envelope import CloudEvent, Fact, trace
from shared.contracts.problems import Code, Refusal
from shared.contracts.results import PartialResult
from shared.database import Transaction, Trouble, new_id, transaction, trouble
from shared.decision import Map, decide
from shared.http import idempotency, problems
from shared.http.documents import describe
from shared.http.idempotency import Key, Outcome
from shared.http.names import shown
from shared.http.problems import Problem
from shared.routing import Answer, Takes
from shared.telemetry import LOST_RACES, TRANSACTION

MAX_BYTES = 1024 * 1024
ATTEMPTS = 5
PRINTABLE = re.compile(r"[ -~]{1,255}")
Act = Callable[[Transaction], Awaitable[tuple[Outcome, bool]]]
"""Does a command; its outcome, and whether that uses the key up."""


class Command(NamedTuple):
    """A request's headers and body, checked as far as they are the same for every command."""

    actor: str
    key: str
    body: dict[str, Any]
    hash: bytes


def routes(of: Map) -> APIRouter:
    """The POST routes of a map's `Takes` rows."""
    router = APIRouter()
    for row in of.rows:
        if isinstance(row, Takes):
            router.add_api_route(
                row.post, _endpoint(of, row), methods=["POST"], name=row.message.TYPE, tags=["commands"],
                operation_id=f"{of.service}.{row.operation}", **describe(row),
            )  # fmt: skip
    return router


def _endpoint(of: Map, row: Takes) -> Callable[[Request], Awaitable[Response]]:
    async def post(request: Request) -> Response:
        command = await read(request, row.path_fields)
        event = _event(of, row, request, command)

        async def act(tx: Transaction) -> tuple[Outcome, bool]:
            answer = (await decide(tx, of, [event]))[event.cause]
            return _outcome(row, answer), _done(answer)

        return await settle(request, Key(actor=command.actor, route=row.post, key=command.key), command.hash, act)

    return post


async def read(request: Request, fields: Mapping[str, str] = {}) -> Command:
    """Check a command's headers and size, and parse its body; each path parameter fills its field of the body.

    A body that repeats such a field must have the path's value.
    """
    actor, key = request.headers.get("X-Actor", ""), request.headers.get("Idempotency-Key", "")
    if not PRINTABLE.fullmatch(actor) or len(actor) > 64:
        raise Problem(Code.ACTOR_MISSING, "X-Actor: 1 to 64 printable ASCII characters")
    if not PRINTABLE.fullmatch(key):
        raise Problem(Code.KEY_MISSING, "Idempotency-Key: 1 to 255 printable ASCII characters")
    raw = b""
    async for piece in request.stream():
        raw += piece
        if len(raw) > MAX_BYTES:
            raise Problem(Code.TOO_LARGE, f"the body is larger than {MAX_BYTES} bytes")
    try:
        body = from_json(raw or b"{}")
    except ValueError as error:
        raise problems.malformed([{"field": "body", "message": str(error)}]) from None
    if not isinstance(body, dict):
        raise problems.malformed([{"field": "body", "message": "it is no JSON object"}])
    for parameter, value in request.path_params.items():
        name = fields.get(parameter, parameter)
        if body.setdefault(name, value) != value:
            raise problems.malformed([{"field": name, "message": f"the path has {value}"}])
    if b"\\u0000" in raw:
        raise problems.malformed([{"field": "body", "message": "it holds a NUL character"}])
    canonical = to_json(dict(sorted(body.items())))
    return Command(actor, key, body, hashlib.sha256(canonical).digest())


def _event(of: Map, row: Takes, request: Request, command: Command) -> CloudEvent[Any]:
    given = {name: value for name, value in command.body.items() if name != "cause"} | {"actor": command.actor}
    try:
        data: Fact = row.message.model_validate_json(to_json(given))
    except ValidationError as error:
        raise problems.malformed(problems.errors_of(error)) from None
    return CloudEvent[Any].model_construct(
        id=new_id(), source=f"http://{of.service}{shown(request.url.path)}"[:255], type=row.message.TYPE,
        time=Transaction.clock(), traceparent=trace(request.headers.get("traceparent")), data=data,
    )  # fmt: skip


async def settle(request: Request, key: Key, digest: bytes, act: Act) -> Response:
    """Do a command once for its key, in one transaction; a race that was lost is run again."""
    state = request.app.state
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with TRANSACTION.labels(state.map.service, "http").time():
                async with transaction(state.engine) as tx:
                    outcome = await _once(tx, key, digest, act)
            break
        except Exception as error:
            if trouble(error) is not Trouble.LOST_RACE or attempt == ATTEMPTS:
                raise
            LOST_RACES.labels(state.map.service, str(getattr(getattr(error, "orig", error), "sqlstate", ""))).inc()
            await asyncio.sleep(random.uniform(0, 0.02 * attempt))  # noqa: S311 - to part those who collided
    state.wake()
    return outcome.response()


async def _once(tx: Transaction, key: Key, digest: bytes, act: Act) -> Outcome:
    before = await idempotency.find(tx, key)
    if before is not None:
        if before.hash != digest:
            raise Problem(Code.KEY_REUSED, f"the key {key.key} came before with another body for {key.route}")
        return before.outcome
    outcome, done = await act(tx)
    if done:
        await idempotency.keep(tx, key, digest, outcome)
    return outcome


def _done(answer: Answer) -> bool:
    return answer.body is not None or bool(answer.events) or not answer.refusals


def _outcome(row: Takes, answer: Answer) -> Outcome:
    refused = [refusal.problem() for refusal in answer.refusals]
    retry = "1" if any(refusal.code is Code.NOT_YET_KNOWN for refusal in answer.refusals) else None
    if answer.refusals and answer.body is None:
        first: Refusal = answer.refusals[0]
        body = to_json(first.problem(refusals=refused)).decode()
        return Outcome(first.kind.status, body, retry_after=retry, media_type=problems.MEDIA_TYPE)
    shown = _body(row, answer)
    if refused:
        shown["refused"] = refused
    status = 200 if answer.address is None else row.status
    return Outcome(status, to_json(shown).decode(), address=answer.address, retry_after=retry)


def _body(row: Takes, answer: Answer) -> dict[str, Any]:
    """The body of a success, which must be what OpenAPI declares."""
    if type(answer.body) is not row.result:
        raise TypeError(f"{row.message.TYPE} declares {row.result.__name__}, its handler gave {answer.body!r}")
    if answer.refusals and not issubclass(row.result, PartialResult):
        raise TypeError(f"{row.result.__name__} cannot carry the rejections that {row.message.TYPE} got")
    if answer.address is None if row.status == 202 else answer.address is not None and row.status == 200:
        raise TypeError(f"{row.message.TYPE} declares {row.status}, its handler gave the address {answer.address}")
    return answer.body.model_dump(mode="json")
