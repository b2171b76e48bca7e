"""POST routes of command handlers; a command is dispatched like the same message from Kafka."""

import asyncio
import hashlib
import random
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError
from pydantic_core import from_json, to_json

from shared.contracts.envelope import CloudEvent, Message, parse_traceparent
from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.results import PartialResult
from shared.http import idempotency, problems
from shared.http.idempotency import IdempotencyKey, StoredResponse
from shared.http.openapi import describe_command
from shared.http.paths import encode_path
from shared.http.problems import ProblemError
from shared.messaging.dispatcher import HandlerRegistry, dispatch
from shared.messaging.handlers import CommandHandler, CommandResult
from shared.ops.telemetry import TRANSACTION_CONFLICTS, TRANSACTION_DURATION
from shared.persistence.database import ErrorCategory, Transaction, categorise_error, new_id, sqlstate, transaction

MAX_ATTEMPTS = 5
PRINTABLE = re.compile(r"[ -~]{1,255}")
CommandAction = Callable[[Transaction], Awaitable[tuple[StoredResponse, bool]]]
"""Executes a command; returns the response and whether it is final for the idempotency key."""


class CommandRequest(NamedTuple):
    """Validated headers and parsed body of a command request."""

    actor: str
    key: str
    body: dict[str, Any]
    hash: bytes


def build_router(registry: HandlerRegistry) -> APIRouter:
    """Build the POST routes of the command handlers."""
    router = APIRouter()
    for handler in registry.handlers:
        if isinstance(handler, CommandHandler):
            router.add_api_route(
                handler.path, _make_endpoint(registry, handler), methods=["POST"], name=handler.message.TYPE,
                tags=["commands"], operation_id=f"{registry.service}.{handler.operation}", **describe_command(handler),
            )  # fmt: skip
    return router


def _make_endpoint(registry: HandlerRegistry, handler: CommandHandler) -> Callable[[Request], Awaitable[Response]]:
    async def handle_post(request: Request) -> Response:
        command = await parse_command(request, handler.path_fields)
        event = _to_event(registry, handler, request, command)

        async def action(tx: Transaction) -> tuple[StoredResponse, bool]:
            result = (await dispatch(tx, registry, [event]))[event.cause]
            return _to_response(handler, result), _is_final(result)

        return await execute_idempotently(
            request, IdempotencyKey(actor=command.actor, route=handler.path, key=command.key), command.hash, action
        )

    return handle_post


async def parse_command(request: Request, fields: Mapping[str, str] = {}) -> CommandRequest:
    """Validate the headers of a command and parse its body; path parameters fill their fields.

    If the body repeats such a field, its value must equal that of the path.
    """
    actor, key = request.headers.get("X-Actor", ""), request.headers.get("Idempotency-Key", "")
    if not PRINTABLE.fullmatch(actor) or len(actor) > 64:
        raise ProblemError(Code.ACTOR_MISSING, "X-Actor: 1 to 64 printable ASCII characters")
    if not PRINTABLE.fullmatch(key):
        raise ProblemError(Code.KEY_MISSING, "Idempotency-Key: 1 to 255 printable ASCII characters")
    raw = await request.body()
    try:
        body = from_json(raw or b"{}")
    except ValueError as error:
        raise problems.validation_problem([{"field": "body", "message": str(error)}]) from None
    if not isinstance(body, dict):
        raise problems.validation_problem([{"field": "body", "message": "must be a JSON object"}])
    for parameter, value in request.path_params.items():
        name = fields.get(parameter, parameter)
        if body.setdefault(name, value) != value:
            raise problems.validation_problem([{"field": name, "message": f"differs from the path: {value}"}])
    if b"\\u0000" in raw:
        raise problems.validation_problem([{"field": "body", "message": "NUL character not allowed"}])
    canonical = to_json(dict(sorted(body.items())))
    return CommandRequest(actor, key, body, hashlib.sha256(canonical).digest())


def _to_event(
    registry: HandlerRegistry, handler: CommandHandler, request: Request, command: CommandRequest
) -> CloudEvent[Any]:
    fields = {name: value for name, value in command.body.items() if name != "cause"} | {"actor": command.actor}
    try:
        data: Message = handler.message.model_validate_json(to_json(fields))
    except ValidationError as error:
        raise problems.validation_problem(problems.field_errors(error)) from None
    return CloudEvent[Any].model_construct(
        id=new_id(), source=f"http://{registry.service}{encode_path(request.url.path)}"[:255],
        type=handler.message.TYPE, time=Transaction.clock(), data=data,
        traceparent=parse_traceparent(request.headers.get("traceparent")),
    )  # fmt: skip


async def execute_idempotently(request: Request, key: IdempotencyKey, digest: bytes, action: CommandAction) -> Response:
    """Execute a command once per key in one transaction, with retries after conflicts."""
    state = request.app.state
    for attempt in range(1, MAX_ATTEMPTS + 1):
        try:
            with TRANSACTION_DURATION.labels(state.registry.service, "http").time():
                async with transaction(state.engine) as tx:
                    response = await _execute_once(tx, key, digest, action)
            break
        except Exception as error:
            if categorise_error(error) is not ErrorCategory.CONFLICT or attempt == MAX_ATTEMPTS:
                raise
            TRANSACTION_CONFLICTS.labels(state.registry.service, sqlstate(error)).inc()
            await asyncio.sleep(random.uniform(0, 0.02 * attempt))  # noqa: S311 - jitter
    state.wake()
    return response.to_response()


async def _execute_once(tx: Transaction, key: IdempotencyKey, digest: bytes, action: CommandAction) -> StoredResponse:
    previous = await idempotency.find(tx, key)
    if previous is not None:
        if previous.hash != digest:
            raise ProblemError(Code.KEY_REUSED, f"Key {key.key} was used before with a different body for {key.route}")
        return previous.response
    response, is_final = await action(tx)
    if is_final:
        await idempotency.store(tx, key, digest, response)
    return response


def _is_final(result: CommandResult) -> bool:
    return result.body is not None or bool(result.events) or not result.violations


def _to_response(handler: CommandHandler, result: CommandResult) -> StoredResponse:
    problem_bodies = [violation.to_body() for violation in result.violations]
    retry_after = "1" if any(violation.code is Code.NOT_YET_AVAILABLE for violation in result.violations) else None
    if result.violations and result.body is None:
        first_violation: ProblemDetail = result.violations[0]
        body = to_json(first_violation.to_body(violations=problem_bodies)).decode()
        return StoredResponse(
            first_violation.problem_type.status, body, retry_after=retry_after, media_type=problems.MEDIA_TYPE
        )
    fields = _response_body(handler, result)
    if problem_bodies:
        fields["rejected"] = problem_bodies
    status = 200 if result.resource_path is None else handler.success_status
    return StoredResponse(status, to_json(fields).decode(), resource_path=result.resource_path, retry_after=retry_after)


def _response_body(handler: CommandHandler, result: CommandResult) -> dict[str, Any]:
    """Build the body of a success; it must match the declaration in OpenAPI."""
    name, status = handler.message.TYPE, handler.success_status
    if type(result.body) is not handler.result:
        raise TypeError(f"{name} declares {handler.result.__name__}, its handler returned {result.body!r}")
    if result.violations and not issubclass(handler.result, PartialResult):
        raise TypeError(f"{handler.result.__name__} of {name} does not support partial rejection")
    has_path = result.resource_path is not None
    if (status == 202 and not has_path) or (status == 200 and has_path):
        raise TypeError(f"{name} declares status {status}, its handler returned the path {result.resource_path}")
    return result.body.model_dump(mode="json")
