"""The answers that commands got, by their Idempotency-Key: the same command again gets the same answer again."""

from datetime import timedelta
from typing import NamedTuple

from fastapi import Response
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.database import Transaction, transaction

RETENTION = timedelta(days=40)

# Whoever uses one key at the same time waits here; a row lock would need a row, which a refusal must not leave.
SERIALISE = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
FIND = text(
    "SELECT hash, status, address, body FROM idempotency WHERE actor = :actor AND route = :route AND key = :key"
)
KEEP = text("""
    INSERT INTO idempotency (actor, route, key, hash, status, address, body, at)
    VALUES (:actor, :route, :key, :hash, :status, :address, :body, :now)
""")
PRUNE = text("""
    DELETE FROM idempotency WHERE ctid = ANY (ARRAY(SELECT ctid FROM idempotency WHERE at < :before LIMIT :size))
""")


class Key(NamedTuple):
    """What makes a command one and the same."""

    actor: str
    route: str
    key: str


class Outcome(NamedTuple):
    """What a command was answered."""

    status: int
    body: str
    address: str | None = None
    retry_after: str | None = None
    media_type: str = "application/json"
    replayed: bool = False

    def response(self) -> Response:
        """As an HTTP answer."""
        headers = {"Location": self.address, "Retry-After": self.retry_after}
        shown = {name: value for name, value in headers.items() if value}
        if self.replayed:
            shown["Idempotent-Replayed"] = "true"
        return Response(self.body, self.status, shown, self.media_type)


class Before(NamedTuple):
    """An answer that a key got before, and the hash of the body it was given for."""

    hash: bytes
    outcome: Outcome


async def find(tx: Transaction, key: Key) -> Before | None:
    """The answer that this key got, after everybody else who is using it has finished."""
    await tx.rows(SERIALISE, {"name": "\n".join(key)})
    found = await tx.rows(FIND, key._asdict())
    if not found:
        return None
    (row,) = found
    outcome = Outcome(status=row.status, body=row.body, address=row.address, replayed=True)
    return Before(hash=row.hash, outcome=outcome)


async def keep(tx: Transaction, key: Key, digest: bytes, outcome: Outcome) -> None:
    """Keep an answer under its key."""
    given = {"hash": digest, "status": outcome.status, "address": outcome.address, "body": outcome.body}
    await tx.run(KEEP, key._asdict() | given | {"now": tx.now})


async def prune(engine: AsyncEngine, size: int = 5000) -> int:
    """Forget old keys, a batch a transaction."""
    gone = 0
    while True:
        async with transaction(engine) as tx:
            deleted = await tx.run(PRUNE, {"before": tx.now - RETENTION, "size": size})
        gone += deleted
        if deleted < size:
            return gone
