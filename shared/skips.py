"""An operator's word that a consumer which halted may go past a record, or past a stretch of malformed ones."""

from typing import NamedTuple

from sqlalchemy import text

from shared.database import Transaction
from shared.records import load_records

ADD = text("""
    INSERT INTO skip (topic, partition, "offset", malformed, reason, actor)
    VALUES (:topic, :partition, :offset, :malformed, :reason, :actor)
""")
FIND = text("""
    SELECT id, "offset", reason, actor FROM skip
    WHERE topic = :topic AND partition = :partition AND malformed = :malformed AND used_at IS NULL
      AND (malformed OR "offset" = :offset)
    ORDER BY id DESC LIMIT 1
""")
USE = text("UPDATE skip SET used_at = :now WHERE id = ANY(CAST(:ids AS bigint[]))")


class Skip(NamedTuple):
    """One such word: whose, and why."""

    id: int
    offset: int
    reason: str
    actor: str


async def add(
    tx: Transaction, place: tuple[str, int, int], *, malformed: bool = False, reason: str, actor: str
) -> None:
    """Leave word for the consumer that stands at this record; with `malformed`, up to this record."""
    topic, partition, offset = place
    values = {"topic": topic, "partition": partition, "offset": offset}
    await tx.run(ADD, values | {"malformed": malformed, "reason": reason, "actor": actor})


async def find(tx: Transaction, place: tuple[str, int, int], *, malformed: bool) -> Skip | None:
    """The word left for this record, if there is any that was not used."""
    topic, partition, offset = place
    values = {"topic": topic, "partition": partition, "offset": offset, "malformed": malformed}
    return next(iter(load_records(Skip, await tx.rows(FIND, values))), None)


async def use(tx: Transaction, ids: list[int]) -> None:
    """Mark words as used: offsets of a topic that is made anew begin again."""
    if ids:
        await tx.run(USE, {"ids": ids, "now": tx.now})
