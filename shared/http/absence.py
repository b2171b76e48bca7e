"""Queries of a document that is not here: decided like commands, once nothing is in flight that may bring it."""

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.contracts.problems import Code
from shared.http.problems import MEDIA_TYPE, NotFoundError, problem_response
from shared.messaging.progress import ConsumerProgress

IS_DECIDED = "tracelot.is_decided"
"""Marks a request after which nothing in flight can bring its document."""


def install_exception_handler(app: FastAPI) -> None:
    """Decide whether a document that a query does not find can still arrive."""
    app.add_exception_handler(NotFoundError, _handle_absence)


class Repetition(Response):
    """Executes a query again in place of its response."""

    def __init__(self, route: ASGIApp) -> None:
        super().__init__()
        self._route = route

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Execute the query."""
        await self._route(scope, receive, send)


async def _handle_absence(request: Request, error: Exception) -> Response:
    assert isinstance(error, NotFoundError)  # noqa: S101 - registered for this type
    # The body of another method is read: the request cannot be executed again.
    if request.method != "GET" or request.scope.get(IS_DECIDED):
        return problem_response(error.problem)
    progress: ConsumerProgress = request.app.state.progress
    if await progress.has_processed(progress.clock()):
        request.scope[IS_DECIDED] = True
        return Repetition(request.scope["route"].app)
    problem = error.problem.model_copy(update={"code": Code.NOT_YET_AVAILABLE})
    return JSONResponse(problem.to_body(status=404), 404, {"Retry-After": "1"}, MEDIA_TYPE)
