"""HTTP client of the warehouse staff: commands and queries."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx

from shared.auth.roles import Role
from shared.auth.signer import Signer

TIMEOUT_SECONDS = 30.0
"""Maximum wait for an asynchronous effect."""
SCANNER_OPERATOR, FORKLIFT_DRIVER, SUPERVISOR = "anna.scanner-3", "ben.forklift", "sue.supervisor"
VIEWER = "vera.viewer"
ROLES = {SUPERVISOR: Role.SUPERVISOR, VIEWER: Role.VIEWER}
"""Roles of those who are no operators."""
TOKEN_LIFETIME = timedelta(minutes=5)


class ExpectationFailedError(Exception):
    """A step had an unexpected result."""


class HttpClient:
    """HTTP client of the four services."""

    def __init__(self, addresses: Mapping[str, str], signer: Signer) -> None:
        self.addresses, self._signer = addresses, signer
        self._http = httpx.AsyncClient(timeout=10)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def get(self, service: str, path: str, **params: Any) -> dict[str, Any]:
        """Query a resource; empty if it does not exist (yet)."""
        url = self.addresses[service] + path
        response = await self._http.get(url, params=params, headers=self._bearer(VIEWER))
        return response.json() if response.status_code == httpx.codes.OK else {}

    async def download(self, service: str, path: str, **params: Any) -> bytes:
        """Download a printed document."""
        url = self.addresses[service] + path
        response = await self._http.get(url, params=params, headers=self._bearer(VIEWER))
        if response.is_error:
            raise ExpectationFailedError(f"{service}{path}: {response.status_code} {response.text}")
        return response.content

    async def send_file(self, service: str, path: str, actor: str, content: str, number: str) -> None:
        """Send a file of an import, in the encoding of a spreadsheet in Europe."""
        response = await self._http.post(
            self.addresses[service] + path, content=content.encode("windows-1252"), headers=self._bearer(actor),
            params={"number": number, "encoding": "windows-1252"},
        )  # fmt: skip
        if response.is_error:
            raise ExpectationFailedError(f"{service}{path}: {response.status_code} {response.text}")

    async def post(self, service: str, path: str, actor: str, body: dict[str, Any]) -> httpx.Response:
        """Send a command; retry while the response has a Retry-After header."""
        headers = {"Idempotency-Key": str(uuid4()), **self._bearer(actor)}
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while True:
            response = await self._http.post(self.addresses[service] + path, json=body, headers=headers)
            if "Retry-After" not in response.headers or time.monotonic() > deadline:
                return response
            await asyncio.sleep(0.1)

    def _bearer(self, subject: str) -> dict[str, str]:
        role = ROLES.get(subject, Role.OPERATOR)
        return {"Authorization": f"Bearer {self._signer.sign(subject, [role], TOKEN_LIFETIME).token}"}

    async def execute(self, service: str, path: str, actor: str, **body: Any) -> dict[str, Any]:
        """Send a command that must succeed; return its result. Its subject may arrive late."""

        async def respond() -> httpx.Response | None:
            response = await self.post(service, path, actor, body)
            return None if response.status_code == httpx.codes.NOT_FOUND else response

        response = await wait_until(f"{service}{path} finds its subject", respond)
        if response.is_error or response.json().get("rejected"):
            raise ExpectationFailedError(f"{service}{path}: {response.status_code} {response.text}")
        return response.json()  # type: ignore[no-any-return]

    async def expect_rejection(self, service: str, path: str, actor: str, **body: Any) -> dict[str, Any]:
        """Send a command that must be rejected; return the problem."""
        response = await self.post(service, path, actor, body)
        if not response.is_client_error:
            raise ExpectationFailedError(
                f"{service}{path}: expected a rejection, received {response.status_code} {response.text}"
            )
        return response.json()  # type: ignore[no-any-return]


async def wait_until(description: str, probe: Callable[[], Awaitable[Any]]) -> Any:
    """Poll until the probe returns a true value, and return that."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not (result := await probe()):
        if time.monotonic() > deadline:
            raise ExpectationFailedError(f"timeout after {TIMEOUT_SECONDS:.0f} s: {description}")
        await asyncio.sleep(0.05)
    return result
