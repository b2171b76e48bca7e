"""Requests to a service: pooled connections, the person's identity, repeats of what may still arrive, refusals."""

import asyncio
from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ConfigDict, TypeAdapter

from services.console.design.problems import Refusal

Answer = TypeVar("Answer")

READ_SECONDS, WRITE_SECONDS = 4.0, 8.0
NOT_YET_AVAILABLE = "not_yet_available"
ATTEMPTS, PAUSE_SECONDS = 3, 0.3
PASSING = frozenset({httpx.codes.UNAUTHORIZED, httpx.codes.REQUEST_TIMEOUT, httpx.codes.TOO_MANY_REQUESTS})
"""Refusals of the moment, not of what is asked: the same request may succeed later."""
LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=40)


class Model(BaseModel):
    """Part of an answer that the console reads; further fields are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Listing(Model):
    """What every list has: the cursor of its next page."""

    next: str | None = None


class UnavailableError(Exception):
    """A service does not answer, or answers that it cannot."""

    def __init__(self, service: str) -> None:
        super().__init__(service)
        self.service = service


class RefusedError(Exception):
    """A service refuses a request, with the reason."""

    def __init__(self, service: str, status: int, refusal: Refusal) -> None:
        super().__init__(f"{service}: {status} {refusal.code}")
        self.service, self.status, self.refusal = service, status, refusal

    @property
    def is_on_its_way(self) -> bool:
        """Whether what the request names may still arrive."""
        return self.refusal.code == NOT_YET_AVAILABLE


def path_of(*segments: str) -> str:
    """Return the path of a resource; slashes within a segment are encoded."""
    return "".join(f"/{quote(segment, safe='')}" for segment in segments)


class ServiceClient:
    """Requests to one service in the name of one person."""

    def __init__(self, service: str, client: httpx.AsyncClient, headers: Mapping[str, str]) -> None:
        self.service, self._client, self._headers = service, client, dict(headers)

    async def get(self, path: str, answer: type[Answer], **query: object) -> Answer:
        """Read a resource or a page of a list; parameters without value are left out."""
        parameters: Any = {name: value for name, value in query.items() if value is not None and value != ""}
        response = await self._send("GET", path, READ_SECONDS, params=parameters)
        return TypeAdapter(answer).validate_json(response.content)

    async def post(
        self, path: str, body: Mapping[str, object], answer: type[Answer], *, key: str | None = None
    ) -> Answer:
        """Send a command; with the key of an earlier sending it is executed once."""
        headers = {"Idempotency-Key": key} if key else {}
        for attempt in range(1, ATTEMPTS + 1):
            try:
                response = await self._send("POST", path, WRITE_SECONDS, json=dict(body), headers=headers)
            except RefusedError as error:
                if not error.is_on_its_way or attempt == ATTEMPTS:
                    raise
                await asyncio.sleep(PAUSE_SECONDS * attempt)
            else:
                return TypeAdapter(answer).validate_json(response.content)
        raise AssertionError

    async def _send(self, method: str, path: str, seconds: float, **options: Any) -> httpx.Response:
        headers = self._headers | options.pop("headers", {})
        try:
            response = await self._client.request(method, path, timeout=seconds, headers=headers, **options)
        except httpx.TransportError as error:
            raise UnavailableError(self.service) from error
        if response.status_code >= httpx.codes.INTERNAL_SERVER_ERROR or response.status_code in PASSING:
            raise UnavailableError(self.service)
        if response.is_error:
            raise RefusedError(self.service, response.status_code, _read_refusal(response))
        return response


def _read_refusal(response: httpx.Response) -> Refusal:
    try:
        body = response.json()
    except ValueError:
        body = {"title": f"HTTP {response.status_code}"}
    return to_refusal(body)


def to_refusal(body: Mapping[str, Any]) -> Refusal:
    """Read a refusal from a problem as the services write it."""
    fields = {name: body[name] for name in Refusal._fields if name in body}
    return Refusal(**({"code": "unknown", "title": "", "detail": ""} | fields))
