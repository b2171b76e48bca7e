"""Every answer that is a no, as problem+json (RFC 9457) with a stable code."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from shared.contracts.problems import Code, Refusal
from shared.database import LostRaceError, Trouble, trouble
from shared.http.names import shown

log = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"


class Problem(Exception):  # noqa: N818 - RFC 9457 calls it a problem
    """Raised by a query or an edge to answer no."""

    def __init__(self, code: Code, detail: str, *, ids: Sequence[str] = (), **more: Any) -> None:
        super().__init__(detail)
        self.refusal = Refusal(code=code, detail=detail, ids=list(ids))
        self.more = more


class NotFound(Problem):
    """There is nothing at this address."""

    def __init__(self, detail: str, *, ids: Sequence[str] = ()) -> None:
        super().__init__(Code.UNKNOWN, detail, ids=ids)


def response(refusal: Refusal, headers: Mapping[str, str] | None = None, **more: Any) -> JSONResponse:
    """A refusal as an HTTP answer."""
    return JSONResponse(refusal.problem(**more), refusal.kind.status, dict(headers or {}), MEDIA_TYPE)


def errors_of(error: ValidationError | RequestValidationError) -> list[dict[str, str]]:
    """What is wrong with which field, at most 20 of them."""
    return [
        {
            "field": ".".join(str(step) for step in wrong["loc"]) or "body",
            "message": wrong["msg"].removeprefix("Value error, "),
        }
        for wrong in list(error.errors())[:20]
    ]


def malformed(errors: Sequence[Mapping[str, str]]) -> Problem:
    """The problem of a message that does not fit its schema."""
    detail = "; ".join(f"{error['field']}: {error['message']}" for error in errors[:3])
    return Problem(Code.MALFORMED, detail, errors=list(errors))


def install(app: FastAPI) -> None:
    """Answer every error of an app with a problem."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(SQLAlchemyError, _database)
    app.add_exception_handler(LostRaceError, _database)
    app.add_exception_handler(OSError, _database)
    app.add_exception_handler(Exception, _mistake)


async def _problem(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Problem)  # noqa: S101 - what it is registered for
    return response(error.refusal, **error.more)


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - what it is registered for
    return await _problem(request, malformed(errors_of(error)))


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - what it is registered for
    if error.status_code == 404:
        return response(Refusal(code=Code.UNKNOWN, detail=f"there is nothing at {shown(request.url.path)}"))
    if error.status_code == 405:
        detail = f"{shown(request.url.path)} does not take {request.method}"
        return response(Refusal(code=Code.METHOD_NOT_ALLOWED, detail=detail), error.headers)
    if error.status_code < 500:
        return response(Refusal(code=Code.MALFORMED, detail=str(error.detail)))
    return await _mistake(request, error)


async def _database(request: Request, error: Exception) -> JSONResponse:
    if request.method == "GET" and _beyond_the_database(error):
        detail = f"a value in {shown(request.url.path)} or its parameters is out of range or holds a NUL"
        return response(Refusal(code=Code.MALFORMED, detail=detail))
    if trouble(error) is Trouble.BUG:
        return await _mistake(request, error)
    log.warning("%s %s: %s", request.method, shown(request.url.path), str(error).split("\n", 1)[0])
    detail = "nothing was changed, or it was and the same key will tell"
    return response(Refusal(code=Code.UNAVAILABLE, detail=detail), {"Retry-After": "1"})


def _beyond_the_database(error: Exception) -> bool:
    """Whether a question names a value that its column's type cannot hold (SQL's class 22, data exceptions)."""
    return str(getattr(getattr(error, "orig", None), "sqlstate", None) or "").startswith("22")


async def _mistake(request: Request, error: Exception) -> JSONResponse:
    log.error("%s %s failed", request.method, shown(request.url.path), exc_info=error)
    return response(Refusal(code=Code.INTERNAL, detail=f"{type(error).__name__} on {shown(request.url.path)}"))
