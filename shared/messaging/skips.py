"""Operator permission to skip a record at which a consumer halted, or malformed records up to an offset."""

from typing import NamedTuple

from sqlalchemy import text

from shared.persistence.database import Transaction
from shared.persistence.records import load_records

INSERT_PERMIT = text("""
    INSERT INTO offset_skip (topic, partition, "offset", is_malformed, reason, actor)
    VALUES (:topic, :partition, :offset, :is_malformed, :reason, :actor)
""")
SELECT_PERMIT = text("""
    SELECT id, "offset", reason, actor FROM offset_skip
    WHERE topic = :topic AND partition = :partition AND is_malformed = :is_malformed AND used_at IS NULL
      AND (is_malformed OR "offset" = :offset)
    ORDER BY id DESC LIMIT 1
""")
UPDATE_USED = text("UPDATE offset_skip SET used_at = :now WHERE id = ANY(CAST(:ids AS bigint[]))")


class SkipPermit(NamedTuple):
    """A permission to skip, with actor and reason."""

    id: int
    offset: int
    reason: str
    actor: str


async def add_permit(
    tx: Transaction, position: tuple[str, int, int], *, malformed: bool = False, reason: str, actor: str
) -> None:
    """Permit the consumer to skip a record, or with `malformed` all malformed records up to it."""
    topic, partition, offset = position
    values = {"topic": topic, "partition": partition, "offset": offset}
    await tx.execute(INSERT_PERMIT, values | {"is_malformed": malformed, "reason": reason, "actor": actor})


async def find_permit(tx: Transaction, position: tuple[str, int, int], *, malformed: bool) -> SkipPermit | None:
    """Find an unused permit for a record."""
    topic, partition, offset = position
    values = {"topic": topic, "partition": partition, "offset": offset, "is_malformed": malformed}
    return next(iter(load_records(SkipPermit, await tx.fetch_all(SELECT_PERMIT, values))), None)


async def mark_used(tx: Transaction, ids: list[int]) -> None:
    """Mark permits as used, since offsets restart if a topic is recreated."""
    if ids:
        await tx.execute(UPDATE_USED, {"ids": ids, "now": tx.now})
