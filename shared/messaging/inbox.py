"""Idempotent receiver: records the ids of processed messages, so that redelivered ones are ignored."""

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from uuid_utils import UUID, uuid5

from shared.contracts.envelope import OWN_SOURCE_PREFIX, CloudEvent
from shared.contracts.topics import DAY_MS
from shared.persistence.database import Transaction, delete_expired

RETENTION = timedelta(milliseconds=40 * DAY_MS)
"""Longer than the retention of the topics; in topics with unlimited retention, versions reveal repeated messages."""

UUID5_NAMESPACE = UUID("7c1d1b64-3c25-5f0e-9a52-6d2f0a1f6a11")

UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

# Ids are returned only if some were known; usually all are new.
INSERT_NEW = text("""
    WITH claimed AS (
        INSERT INTO inbox (id) SELECT id FROM unnest(CAST(:ids AS uuid[])) AS id ORDER BY id
        ON CONFLICT DO NOTHING RETURNING id
    )
    SELECT count(*) AS claimed, CASE WHEN count(*) < :count THEN array_agg(CAST(id AS text)) END AS ids FROM claimed
""")
DELETE_EXPIRED = text("""
    DELETE FROM inbox WHERE ctid = ANY (ARRAY(SELECT ctid FROM inbox WHERE processed_at < :before LIMIT :size))
""")


async def claim(tx: Transaction, events: Sequence[CloudEvent[Any]]) -> Sequence[CloudEvent[Any]]:
    """Record events as processed and return the new ones, each once and in order."""
    events_by_id: dict[str, CloudEvent[Any]] = {}
    for event in events:
        events_by_id.setdefault(_deduplication_id(event), event)
    if not events_by_id:
        return ()
    (result,) = await tx.fetch_all(INSERT_NEW, {"ids": list(events_by_id), "count": len(events_by_id)})
    if result.claimed == len(events_by_id):
        return list(events_by_id.values())
    claimed_ids = set(result.ids or ())
    return [event for key, event in events_by_id.items() if key in claimed_ids]


def _deduplication_id(event: CloudEvent[Any]) -> str:
    """Return a UUID for (source, id); the ids of our own messages are unique UUIDs that sort by age."""
    if event.source.startswith(OWN_SOURCE_PREFIX) and UUID7.fullmatch(event.id):
        return event.id
    return str(uuid5(UUID5_NAMESPACE, f"{event.source}\n{event.id}"))


async def prune(engine: AsyncEngine, size: int = 5000) -> int:
    """Delete expired ids in short transactions; returns their number."""
    return await delete_expired(engine, DELETE_EXPIRED, RETENTION, size)
