"""People on the floor: commands and look-ups over the services' HTTP."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx

PATIENCE = 30.0
"""Seconds until something that should come about by itself is given up."""


class UnmetError(Exception):
    """Something came out other than it had to."""


class Floor:
    """HTTP to the four services, as one person after another."""

    def __init__(self, addresses: dict[str, str]) -> None:
        self.addresses = addresses
        self._http = httpx.AsyncClient(timeout=10)

    async def aclose(self) -> None:
        """Hang up."""
        await self._http.aclose()

    async def get(self, service: str, path: str, **params: Any) -> dict[str, Any]:
        """Look something up; an empty answer where it is not known (yet)."""
        answer = await self._http.get(self.addresses[service] + path, params=params)
        return answer.json() if answer.status_code == httpx.codes.OK else {}

    async def post(self, service: str, path: str, actor: str, body: dict[str, Any]) -> httpx.Response:
        """Send a command once; one whose news is still under way is sent again, as its answer advises."""
        headers = {"Idempotency-Key": str(uuid4()), "X-Actor": actor}
        deadline = time.monotonic() + PATIENCE
        while True:
            answer = await self._http.post(self.addresses[service] + path, json=body, headers=headers)
            if "Retry-After" not in answer.headers or time.monotonic() > deadline:
                return answer
            await asyncio.sleep(0.1)

    async def do(self, service: str, path: str, actor: str, **body: Any) -> dict[str, Any]:
        """A command that has to succeed."""
        answer = await self.post(service, path, actor, body)
        if answer.is_error or answer.json().get("refused"):
            raise UnmetError(f"{service}{path}: {answer.status_code} {answer.text}")
        return answer.json()  # type: ignore[no-any-return]

    async def refused(self, service: str, path: str, actor: str, **body: Any) -> dict[str, Any]:
        """A command that has to be refused; the problem it is refused with."""
        answer = await self.post(service, path, actor, body)
        if not answer.is_client_error:
            raise UnmetError(f"{service}{path}: should have been refused, but {answer.status_code} {answer.text}")
        return answer.json()  # type: ignore[no-any-return]


async def until(what: str, look: Callable[[], Awaitable[Any]]) -> Any:
    """Look until it is there; what was last seen is in the error otherwise."""
    deadline = time.monotonic() + PATIENCE
    while not (seen := await look()):
        if time.monotonic() > deadline:
            raise UnmetError(f"waited {PATIENCE:.0f} s in vain: {what}")
        await asyncio.sleep(0.05)
    return seen
