"""Which messages were handled already: each has its effects once, however often it arrives."""

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from uuid_utils import UUID, uuid5

from shared.contracts.envelope import OUR_SOURCES, CloudEvent
from shared.contracts.topics import DAY_MS
from shared.database import Transaction, transaction

RETENTION = timedelta(milliseconds=40 * DAY_MS)
"""Longer than any topic keeps a message that could come again; the topics kept for ever carry versions."""

NAMES = UUID("7c1d1b64-3c25-5f0e-9a52-6d2f0a1f6a11")

OURS = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

# The ids themselves come back only where some were known: mostly all are new.
CLAIM = text("""
    WITH claimed AS (
        INSERT INTO inbox (id) SELECT id FROM unnest(CAST(:ids AS uuid[])) AS id ORDER BY id
        ON CONFLICT DO NOTHING RETURNING id
    )
    SELECT count(*) AS claimed, CASE WHEN count(*) < :count THEN array_agg(CAST(id AS text)) END AS ids FROM claimed
""")
PRUNE = text("""
    DELETE FROM inbox WHERE ctid = ANY (ARRAY(SELECT ctid FROM inbox WHERE at < :before LIMIT :size))
""")


async def claim(tx: Transaction, events: Sequence[CloudEvent[Any]]) -> Sequence[CloudEvent[Any]]:
    """Those of the events that nobody has handled yet, each once, in order; from here on they count as handled."""
    first: dict[str, CloudEvent[Any]] = {}
    for event in events:
        first.setdefault(_id_of(event), event)
    if not first:
        return ()
    (found,) = await tx.rows(CLAIM, {"ids": list(first), "count": len(first)})
    if found.claimed == len(first):
        return list(first.values())
    fresh = set(found.ids or ())
    return [event for key, event in first.items() if key in fresh]


def _id_of(event: CloudEvent[Any]) -> str:
    """What makes a message one and the same: (source, id). Our own ids do by themselves, and they sort by age."""
    if event.source.startswith(OUR_SOURCES) and OURS.fullmatch(event.id):
        return event.id
    return str(uuid5(NAMES, f"{event.source}\n{event.id}"))


async def prune(engine: AsyncEngine, size: int = 5000) -> int:
    """Forget what no topic can bring again; a batch a transaction, so that nobody waits."""
    gone = 0
    while True:
        async with transaction(engine) as tx:
            deleted = await tx.run(PRUNE, {"before": tx.now - RETENTION, "size": size})
        gone += deleted
        if deleted < size:
            return gone
