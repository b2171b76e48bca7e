"""POST routes of command handlers; a command is dispatched like the same message from Kafka."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic_core import to_json

from shared.contracts.envelope import CloudEvent, Message, parse_traceparent
from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.results import PartialResult
from shared.http import problems
from shared.http.command_parsing import CommandRequest, parse_command
from shared.http.idempotency import IdempotencyKey, StoredResponse, execute_idempotently
from shared.http.openapi import INTERNAL_FIELDS, describe_command
from shared.http.paths import encode_path
from shared.messaging.dispatcher import dispatch
from shared.messaging.handlers import CommandHandler
from shared.messaging.progress import ConsumerProgress
from shared.messaging.registry import HandlerRegistry
from shared.persistence.database import Transaction, new_id
from shared.unit_of_work import CommandResult


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
        key = IdempotencyKey(actor=command.identity.subject, route=handler.path, key=command.key)
        progress: ConsumerProgress = request.app.state.progress
        arrived_at = progress.clock()

        def execute(*, is_settled: bool, may_decide: bool) -> Awaitable[Response]:
            async def action(tx: Transaction) -> tuple[StoredResponse, bool]:
                result = (await dispatch(tx, registry, [event], is_settled=is_settled))[event.cause]
                if may_decide and _is_deferred(result):
                    raise UndecidedError
                return _to_response(handler, result), _is_final(result)

            return execute_idempotently(request, key, command.hash, action)

        try:
            return await execute(is_settled=False, may_decide=progress.is_settled)
        except UndecidedError:  # nothing was committed: executed again once messages in flight are processed
            is_settled = await progress.has_processed(arrived_at)
            return await execute(is_settled=is_settled, may_decide=False)

    return handle_post


class UndecidedError(Exception):
    """A command names something that is not found, and whether it can still arrive is not decided."""


def _is_deferred(result: CommandResult) -> bool:
    return any(violation.code is Code.NOT_YET_AVAILABLE for violation in result.violations)


def _to_event(
    registry: HandlerRegistry, handler: CommandHandler, request: Request, command: CommandRequest
) -> CloudEvent[Any]:
    data: Message = problems.validate_fields(
        handler.message, command.body | {"actor": command.identity.actor}, internal=INTERNAL_FIELDS
    )
    return CloudEvent[Any].model_construct(
        id=new_id(), source=f"http://{registry.service}{encode_path(request.url.path)}"[:255],
        type=handler.message.TYPE, time=Transaction.clock(), data=data,
        traceparent=parse_traceparent(request.headers.get("traceparent")),
    )  # fmt: skip


def _is_final(result: CommandResult) -> bool:
    return result.body is not None or bool(result.events) or not result.violations


def _to_response(handler: CommandHandler, result: CommandResult) -> StoredResponse:
    problem_bodies = [violation.to_body() for violation in result.violations]
    retry_after = "1" if _is_deferred(result) else None
    if result.violations and result.body is None:
        first_violation: ProblemDetail = result.violations[0]
        body = to_json(first_violation.to_body(violations=problem_bodies)).decode()
        return StoredResponse(
            first_violation.problem_type.status, body, retry_after=retry_after, media_type=problems.MEDIA_TYPE
        )
    fields = _response_body(handler, result)
    if problem_bodies:
        fields["rejected"] = problem_bodies
    status = 202 if result.is_waiting else 200 if result.resource_path is None else handler.success_status
    return StoredResponse(status, to_json(fields).decode(), resource_path=result.resource_path, retry_after=retry_after)


def _response_body(handler: CommandHandler, result: CommandResult) -> dict[str, Any]:
    """Build the body of a success; it must match the declaration in OpenAPI."""
    name, status = handler.message.TYPE, handler.success_status
    if type(result.body) is not handler.result:
        raise TypeError(f"{name} declares {handler.result.__name__}, its handler returned {result.body!r}")
    if result.violations and not issubclass(handler.result, PartialResult):
        raise TypeError(f"{handler.result.__name__} of {name} does not support partial rejection")
    if result.is_waiting and not handler.may_wait:
        raise TypeError(f"{name} does not declare that it may wait")
    has_path = result.resource_path is not None and not result.is_waiting
    if (status == 202 and not has_path) or (status == 200 and has_path):
        raise TypeError(f"{name} declares status {status}, its handler returned the path {result.resource_path}")
    return result.body.model_dump(mode="json")
