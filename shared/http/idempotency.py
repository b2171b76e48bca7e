"""Stored responses by Idempotency-Key: a repeated command gets the same response."""

from datetime import timedelta
from typing import NamedTuple

from fastapi import Response
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.persistence.database import Transaction, transaction

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


async def prune(engine: AsyncEngine, size: int = 5000) -> int:
    """Delete expired keys in short transactions; returns their number."""
    deleted_total = 0
    while True:
        async with transaction(engine) as tx:
            deleted = await tx.execute(DELETE_EXPIRED, {"before": tx.now - RETENTION, "size": size})
        deleted_total += deleted
        if deleted < size:
            return deleted_total
