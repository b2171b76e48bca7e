"""Limits of concurrent requests, and of the size and the transfer time of request bodies."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.contracts.problems import Code
from shared.http.problems import OverloadedError, ProblemError, RequestTimeoutError, count_rejection, problem_response

MAX_BODY_BYTES = 1024 * 1024
BODY_TIMEOUT = 15.0
"""Seconds for a client to send the whole body of a request."""
REQUESTS_PER_CONNECTION = 2
"""Concurrent requests per database connection: one that uses it and one that waits for it."""
EXEMPT_PATHS = {"/health", "/ready", "/metrics"}
"""Paths that respond at any load: load balancers and monitoring must see the state of a busy service."""


UPLOAD_PATHS = "/imports/"
"""Start of the paths whose bodies are files; their routes stream them, within limits of their own."""


class RequestLimitMiddleware:
    """Rejects requests at once while the database is fully used, and bodies that arrive too slowly.

    A request counts from the end of its body to the start of its response: slow clients occupy no place.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.in_flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Forward the request with its complete body, or respond with a problem."""
        is_upload = scope["type"] == "http" and scope["method"] == "POST" and scope["path"].startswith(UPLOAD_PATHS)
        if scope["type"] != "http" or scope["path"] in EXEMPT_PATHS or is_upload:
            await self.app(scope, receive, send)
            return
        try:
            self._require_capacity(scope)  # a body that would be rejected is not read
            if scope["method"] not in {"GET", "HEAD"}:
                receive = _replay(await _read_body(receive), receive)
                self._require_capacity(scope)
        except ProblemError as error:
            count_rejection(scope["app"], error)
            await problem_response(error.problem, error.headers)(scope, receive, send)
        else:
            await self._count(scope, receive, send)

    def _require_capacity(self, scope: Scope) -> None:
        limit = REQUESTS_PER_CONNECTION * scope["app"].state.engine.pool.size()
        if self.in_flight >= limit:
            raise OverloadedError(f"{limit} requests are being processed; this one was not")

    async def _count(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_counted = True
        self.in_flight += 1

        def stop_counting() -> None:
            nonlocal is_counted
            self.in_flight -= is_counted
            is_counted = False

        async def end_and_send(message: Message) -> None:
            stop_counting()
            await send(message)

        try:
            await self.app(scope, receive, end_and_send)
        finally:
            stop_counting()


async def _read_body(receive: Receive) -> Message:
    """Receive a whole body as one message, or the message of a disconnect."""
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_TIMEOUT):
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    return message
                body += message.get("body", b"")
                if len(body) > MAX_BODY_BYTES:
                    raise ProblemError(Code.PAYLOAD_TOO_LARGE, f"Request body exceeds {MAX_BODY_BYTES} bytes")
                if not message.get("more_body", False):
                    return {"type": "http.request", "body": bytes(body), "more_body": False}
    except TimeoutError:
        raise RequestTimeoutError(f"The body did not arrive within {BODY_TIMEOUT:.0f} s") from None


def _replay(first: Message, receive: Receive) -> Receive:
    """Return a receive function that returns a message which was already received, then further ones."""
    pending = [first]

    async def receive_next() -> Message:
        return pending.pop() if pending else await receive()

    return receive_next
