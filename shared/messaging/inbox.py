"""Idempotent receiver: records processed messages, ignores redelivered ones, and detects reused ids."""

import re
from collections.abc import Sequence
from datetime import timedelta
from hashlib import blake2b
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from uuid_utils import UUID, uuid5

from shared.contracts.envelope import OWN_SOURCE_PREFIX, CloudEvent
from shared.contracts.topics import DAY_MS
from shared.messaging.rejections import Rejection, reject_reused_id
from shared.persistence.database import Transaction, delete_expired

RETENTION = timedelta(milliseconds=40 * DAY_MS)
"""Longer than the retention of the topics; in topics with unlimited retention, versions reveal repeated messages."""

UUID5_NAMESPACE = UUID("7c1d1b64-3c25-5f0e-9a52-6d2f0a1f6a11")

UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

# Ids are returned only if some were known; usually all are new.
INSERT_NEW = text("""
    WITH claimed AS (
        INSERT INTO inbox (id, digest)
        SELECT id, digest FROM unnest(CAST(:ids AS uuid[]), CAST(:digests AS bytea[])) AS input (id, digest) ORDER BY id
        ON CONFLICT DO NOTHING RETURNING id
    )
    SELECT count(*) AS claimed, CASE WHEN count(*) < :count THEN array_agg(CAST(id AS text)) END AS ids FROM claimed
""")
# A message whose id was used with another content gets an id of its own, so that its rejection is not repeated.
INSERT_REUSED = text("""
    INSERT INTO inbox (id)
    SELECT input.reuse_id
    FROM unnest(CAST(:ids AS uuid[]), CAST(:digests AS bytea[]), CAST(:reuse_ids AS uuid[]))
         AS input (id, digest, reuse_id)
    JOIN inbox ON inbox.id = input.id AND inbox.digest <> input.digest
    ORDER BY input.reuse_id
    ON CONFLICT DO NOTHING RETURNING CAST(id AS text) AS id
""")
DELETE_EXPIRED = text("""
    DELETE FROM inbox WHERE ctid = ANY (ARRAY(SELECT ctid FROM inbox WHERE processed_at < :before LIMIT :size))
""")


Events = Sequence[CloudEvent[Any]]


class ClaimedEvents(NamedTuple):
    """The events of a batch that are not known yet, in order."""

    new: Events = ()
    refused: Sequence[Rejection] = ()
    """Rejections of events that are not handled, each once: their (source, id) belongs to an event with other content,
    or they have unknown fields."""


async def claim(tx: Transaction, events: Sequence[CloudEvent[Any]], unread: Sequence[Rejection] = ()) -> ClaimedEvents:
    """Record events as processed; return the new ones and the rejections of others, with those of unread records."""
    new, reused = await _claim_new(tx, events)
    return ClaimedEvents(new, [*map(reject_reused_id, reused), *(await _claim_unread(tx, unread))])


async def _claim_new(tx: Transaction, events: Events) -> tuple[Events, Events]:
    """Record events as processed and return the new ones and those with a reused id, each once."""
    events_by_id: dict[str, CloudEvent[Any]] = {}
    repeated = [event for event in events if events_by_id.setdefault(_deduplication_id(event), event) is not event]
    if not events_by_id:
        return (), ()
    # Our own messages keep their id as key and need no digest: their ids are never reused.
    digests = [None if key == event.id else _digest(event) for key, event in events_by_id.items()]
    parameters = {"ids": list(events_by_id), "digests": digests, "count": len(events_by_id)}
    (result,) = await tx.fetch_all(INSERT_NEW, parameters)
    if result.claimed == len(events_by_id):
        return list(events_by_id.values()), await _claim_reused(tx, repeated)
    claimed_ids = set(result.ids or ())
    known = [event for key, event in events_by_id.items() if key not in claimed_ids]
    new = [event for key, event in events_by_id.items() if key in claimed_ids]
    return new, await _claim_reused(tx, [*known, *repeated])


async def _claim_reused(tx: Transaction, events: Events) -> Events:
    """Return the events of other sources whose recorded content is another one."""
    foreign = [event for event in events if not is_own(event)]
    if not foreign:
        return ()
    digests = [_digest(event) for event in foreign]
    by_reuse_id = {
        str(uuid5(UUID5_NAMESPACE, f"{event.source}\n{event.id}\n{digest.hex()}")): (event, digest)
        for event, digest in zip(foreign, digests, strict=True)
    }
    parameters = {
        "ids": [_deduplication_id(event) for event, _ in by_reuse_id.values()],
        "digests": [digest for _, digest in by_reuse_id.values()],
        "reuse_ids": list(by_reuse_id),
    }
    reused_ids = {row.id for row in await tx.fetch_all(INSERT_REUSED, parameters)}
    return [event for reuse_id, (event, _) in by_reuse_id.items() if reuse_id in reused_ids]


async def _claim_unread(tx: Transaction, refusals: Sequence[Rejection]) -> Sequence[Rejection]:
    """Return the rejections of records that are not known yet; a replayed one is another record.

    Their own ids stay free, so that a later version processes them.
    """
    if not refusals:
        return ()
    by_id = {
        str(uuid5(UUID5_NAMESPACE, f"{refusal.event.source}\n{refusal.event.id}\n{refusal.position}")): refusal
        for refusal in refusals
    }
    parameters = {"ids": list(by_id), "digests": [None] * len(by_id), "count": len(by_id)}
    (result,) = await tx.fetch_all(INSERT_NEW, parameters)
    claimed_ids = set(by_id) if result.claimed == len(by_id) else set(result.ids or ())
    return [refusal for key, refusal in by_id.items() if key in claimed_ids]


def is_own(event: CloudEvent[Any]) -> bool:
    """Whether a message is our own: its id is a unique UUID that sorts by age."""
    return event.source.startswith(OWN_SOURCE_PREFIX) and UUID7.fullmatch(event.id) is not None


def _digest(event: CloudEvent[Any]) -> bytes:
    """Return a hash of type and canonical data; unknown fields, `time` and trace do not count."""
    data = event.data.__pydantic_serializer__.to_json(event.data, **event.data.SERIALIZATION)
    return blake2b(event.type.encode() + b"\n" + data, digest_size=16).digest()


def _deduplication_id(event: CloudEvent[Any]) -> str:
    """Return a UUID for (source, id)."""
    return event.id if is_own(event) else str(uuid5(UUID5_NAMESPACE, f"{event.source}\n{event.id}"))


async def prune(engine: AsyncEngine, size: int = 5000) -> int:
    """Delete expired ids in short transactions; returns their number."""
    return await delete_expired(engine, DELETE_EXPIRED, RETENTION, size)
