"""Error responses as problem+json (RFC 9457) with stable codes."""

import logging
import random
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, to_json
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.unknown_fields import EXTRA_FIELD, UnknownName, find_unknown_fields
from shared.http.paths import encode_path
from shared.ops.telemetry import REQUESTS_REJECTED
from shared.persistence.errors import ConcurrentUpdateError, ErrorCategory, categorise_error, sqlstate

log = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"
MAX_ERRORS = 100
"""Number of errors that a response lists."""
M = TypeVar("M", bound=BaseModel)


class ProblemError(Exception):
    """Raised to answer a request with a problem."""

    headers: Mapping[str, str] = {}

    def __init__(self, code: Code, detail: str, *, ids: Sequence[str] = (), **extra: Any) -> None:
        super().__init__(detail)
        self.problem = ProblemDetail(code=code, detail=detail, ids=list(ids))
        self.extra = extra


class NotFoundError(ProblemError):
    """The requested document is not here; a message in flight may bring it."""

    def __init__(self, detail: str, *, ids: Sequence[str] = (), code: Code = Code.NOT_FOUND) -> None:
        super().__init__(code, detail, ids=ids)


class OverloadedError(ProblemError):
    """A pool is fully used; the request was not processed."""

    def __init__(self, detail: str) -> None:
        super().__init__(Code.OVERLOADED, detail)
        self.headers = retry_headers()


class RequestTimeoutError(ProblemError):
    """The client did not send its request in time."""

    headers = {"Connection": "close"}

    def __init__(self, detail: str) -> None:
        super().__init__(Code.REQUEST_TIMEOUT, detail)


def retry_headers() -> dict[str, str]:
    """Return a Retry-After of 1 to 5 seconds, at random so that clients do not return together."""
    return {"Retry-After": str(random.randint(1, 5))}  # noqa: S311 - jitter


def problem_response(problem: ProblemDetail, headers: Mapping[str, str] | None = None, **extra: Any) -> JSONResponse:
    """Build the HTTP response of a problem."""
    return JSONResponse(problem.to_body(**extra), problem.problem_type.status, dict(headers or {}), MEDIA_TYPE)


def field_errors(errors: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """List validation errors by field."""
    return [
        {
            "field": ".".join(str(location) for location in detail["loc"]) or "body",
            "message": detail["msg"].removeprefix("Value error, "),
        }
        for detail in errors
    ]


def unknown_name_errors(unknown: Iterable[UnknownName]) -> list[dict[str, str]]:
    """List unknown fields or parameters with the nearest known ones."""
    return [{"field": name.path, "message": name.message} for name in unknown]


def validation_problem(errors: Sequence[Mapping[str, str]], code: Code = Code.VALIDATION_ERROR) -> ProblemError:
    """Build the problem of a request that does not match its schema."""
    detail = "; ".join(f"{error['field']}: {error['message']}" for error in errors[:3])
    detail += f"; and {len(errors) - 3} more" if len(errors) > 3 else ""
    return ProblemError(code, detail, errors=list(errors[:MAX_ERRORS]))


def validate_fields(model: type[M], fields: Mapping[str, Any], internal: Collection[str] = ()) -> M:
    """Validate the fields of a JSON body; raises a problem that lists the errors and unknown fields.

    A body must not have values of internal fields.
    """
    try:
        data = model.model_validate_json(to_json(fields), extra="forbid")
        errors: list[ErrorDetails] = []
    except ValidationError as error:
        errors = error.errors(include_url=False, include_context=False, include_input=False)
    errors += [ErrorDetails(type=EXTRA_FIELD, loc=(name,), msg="", input=None) for name in internal if fields.get(name)]
    if not errors:
        return data
    known_errors = [error for error in errors if error["type"] != EXTRA_FIELD]
    unknown_fields = find_unknown_fields(model, errors, internal)
    code = Code.VALIDATION_ERROR if known_errors else Code.UNKNOWN_FIELD
    raise validation_problem([*field_errors(known_errors), *unknown_name_errors(unknown_fields)], code)


def install_exception_handlers(app: FastAPI) -> None:
    """Answer all exceptions of an app with problems."""
    app.add_exception_handler(ProblemError, _handle_problem)
    app.add_exception_handler(RequestValidationError, _handle_validation_error)
    app.add_exception_handler(HTTPException, _handle_http_exception)
    app.add_exception_handler(SQLAlchemyError, _handle_database_error)
    app.add_exception_handler(ConcurrentUpdateError, _handle_database_error)
    app.add_exception_handler(OSError, _handle_database_error)
    app.add_exception_handler(Exception, _internal_error)


def count_rejection(app: FastAPI, error: ProblemError) -> None:
    """Count a request that was rejected because of the load or a slow client."""
    REQUESTS_REJECTED.labels(app.state.registry.service, error.problem.code).inc()


async def _handle_problem(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ProblemError)  # noqa: S101 - registered for this type
    if isinstance(error, OverloadedError):  # of a file; others are rejected before they are routed
        count_rejection(request.app, error)
    return problem_response(error.problem, error.headers, **error.extra)


async def _handle_validation_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this type
    return await _handle_problem(request, validation_problem(field_errors(error.errors())))


async def _handle_http_exception(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this type
    if error.status_code == 404:
        return problem_response(
            ProblemDetail(code=Code.NOT_FOUND, detail=f"No resource at {encode_path(request.url.path)}")
        )
    if error.status_code == 405:
        detail = f"{request.method} is not supported by {encode_path(request.url.path)}"
        return problem_response(ProblemDetail(code=Code.METHOD_NOT_ALLOWED, detail=detail), error.headers)
    if error.status_code < 500:
        return problem_response(ProblemDetail(code=Code.VALIDATION_ERROR, detail=str(error.detail)))
    return await _internal_error(request, error)


async def _handle_database_error(request: Request, error: Exception) -> JSONResponse:
    if request.method == "GET" and _is_data_exception(error):
        detail = f"Value out of range or with NUL character in {encode_path(request.url.path)} or its parameters"
        return problem_response(ProblemDetail(code=Code.VALIDATION_ERROR, detail=detail))
    if categorise_error(error) is ErrorCategory.BUG:
        return await _internal_error(request, error)
    log.warning("%s %s: %s", request.method, encode_path(request.url.path), str(error).split("\n", 1)[0])
    detail = "The outcome is unknown; a retry with the same key returns it"
    return problem_response(ProblemDetail(code=Code.SERVICE_UNAVAILABLE, detail=detail), retry_headers())


def _is_data_exception(error: Exception) -> bool:
    """Return whether the error is a data exception (SQLSTATE class 22): a value outside the type of its column."""
    return sqlstate(error).startswith("22")


async def _internal_error(request: Request, error: Exception) -> JSONResponse:
    log.error("%s %s failed", request.method, encode_path(request.url.path), exc_info=error)
    return problem_response(
        ProblemDetail(code=Code.INTERNAL_ERROR, detail=f"{type(error).__name__} on {encode_path(request.url.path)}")
    )
