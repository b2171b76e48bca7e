"""Idempotent commands: a repeated Idempotency-Key gets the stored response."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import NamedTuple

from fastapi import Request, Response
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.contracts.problems import Code
from shared.http.problems import ProblemError
from shared.ops.telemetry import TRANSACTION_DURATION
from shared.persistence.database import Transaction, delete_expired, transaction
from shared.persistence.retry import retry_on_conflict

RETENTION = timedelta(days=40)

# Serialises concurrent uses of a key; a row lock would require a row, which a rejected command must not leave.
LOCK_KEY = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
SELECT_RESPONSE = text("""
    SELECT request_hash, status, resource_path, body FROM idempotency
    WHERE actor = :actor AND route = :route AND key = :key
""")
INSERT_RESPONSE = text("""
    INSERT INTO idempotency (actor, route, key, request_hash, status, resource_path, body, created_at)
    VALUES (:actor, :route, :key, :request_hash, :status, :resource_path, :body, :now)
""")
DELETE_EXPIRED = text("""
    DELETE FROM idempotency
    WHERE ctid = ANY (ARRAY(SELECT ctid FROM idempotency WHERE created_at < :before LIMIT :size))
""")


class IdempotencyKey(NamedTuple):
    """Identity of a command."""

    actor: str
    route: str
    key: str


class StoredResponse(NamedTuple):
    """The response to a command."""

    status: int
    body: str
    resource_path: str | None = None
    retry_after: str | None = None
    media_type: str = "application/json"
    is_replayed: bool = False

    def to_response(self) -> Response:
        """Convert to an HTTP response."""
        headers = {"Location": self.resource_path, "Retry-After": self.retry_after}
        present_headers = {name: value for name, value in headers.items() if value}
        if self.is_replayed:
            present_headers["Idempotent-Replayed"] = "true"
        return Response(self.body, self.status, present_headers, self.media_type)


class PreviousResponse(NamedTuple):
    """The stored response of a key and the hash of its request body."""

    hash: bytes
    response: StoredResponse


CommandAction = Callable[[Transaction], Awaitable[tuple[StoredResponse, bool]]]
"""Executes a command; returns the response and whether it is final for the idempotency key."""


async def find(tx: Transaction, key: IdempotencyKey) -> PreviousResponse | None:
    """Find the response of a key, after concurrent requests with this key have finished."""
    await tx.fetch_all(LOCK_KEY, {"name": "\n".join(key)})
    rows = await tx.fetch_all(SELECT_RESPONSE, key._asdict())
    if not rows:
        return None
    (row,) = rows
    response = StoredResponse(status=row.status, body=row.body, resource_path=row.resource_path, is_replayed=True)
    return PreviousResponse(hash=row.request_hash, response=response)


async def store(tx: Transaction, key: IdempotencyKey, digest: bytes, response: StoredResponse) -> None:
    """Store the response of a key."""
    columns = {
        "request_hash": digest,
        "status": response.status,
        "resource_path": response.resource_path,
        "body": response.body,
    }
    await tx.execute(INSERT_RESPONSE, key._asdict() | columns | {"now": tx.now})


async def execute_idempotently(request: Request, key: IdempotencyKey, digest: bytes, action: CommandAction) -> Response:
    """Execute a command once per key in one transaction, with retries after conflicts."""
    state = request.app.state

    async def run_transaction() -> StoredResponse:
        with TRANSACTION_DURATION.labels(state.registry.service, "http").time():
            async with transaction(state.engine) as tx:
                return await _execute_once(tx, key, digest, action)

    response = await retry_on_conflict(state.registry.service, run_transaction)
    state.wake()
    return response.to_response()


async def _execute_once(tx: Transaction, key: IdempotencyKey, digest: bytes, action: CommandAction) -> StoredResponse:
    previous = await find(tx, key)
    if previous is not None:
        if previous.hash != digest:
            raise ProblemError(Code.KEY_REUSED, f"Key {key.key} was used before with a different body for {key.route}")
        return previous.response
    response, is_final = await action(tx)
    if is_final:
        await store(tx, key, digest, response)
    return response


async def prune(engine: AsyncEngine, size: int = 5000) -> int:
    """Delete expired keys in short transactions; returns their number."""
    return await delete_expired(engine, DELETE_EXPIRED, RETENTION, size)
