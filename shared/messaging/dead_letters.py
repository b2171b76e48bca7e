"""Dead letters: malformed and skipped records, stored byte for byte for inspection and replay."""

import json
from base64 import b64decode, b64encode
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from aiokafka import AIOKafkaProducer, ConsumerRecord
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.persistence.database import Transaction, read_only, transaction
from shared.persistence.sorting import SortKey, SortOrder, Sorts

Record = ConsumerRecord[bytes | None, bytes | None]
AUTHORIZATION = "authorization"
"""Header of a record with `Bearer` and a token."""

# All writers insert in the same order to avoid deadlocks; redelivered records are stored once.
INSERT_DEAD_LETTERS = text("""
    INSERT INTO dead_letter (topic, partition, "offset", written_at, key, value, headers, error)
    SELECT topic, partition, "offset", written_at, key, value, CAST(headers AS jsonb), error
    FROM unnest(CAST(:topics AS text[]), CAST(:partitions AS int[]), CAST(:offsets AS bigint[]),
                CAST(:written_at AS timestamptz[]), CAST(:keys AS bytea[]), CAST(:values AS bytea[]),
                CAST(:headers AS text[]), CAST(:errors AS text[]))
         AS record (topic, partition, "offset", written_at, key, value, headers, error)
    ORDER BY topic, partition, "offset" ON CONFLICT DO NOTHING
""")
SORTS = Sorts("-stored_at", stored_at=[SortKey("id", "bigint")])
"""By the ids, which are in the order of storing."""


# Values are truncated: a page of whole records could be a gigabyte.
def select_dead_letters(order: SortOrder) -> str:
    """Write the statement of a page with truncated values; open ones have not been replayed."""
    return f"""
    SELECT id, topic, partition, "offset", written_at, key, substr(value, 1, 2000) AS value,
           coalesce(octet_length(value), 0) AS size, headers, error, stored_at, replayed_at
    FROM dead_letter
    WHERE {order.after()} AND (CAST(:topic AS text) IS NULL OR topic = :topic)
      AND (CAST(:open AS boolean) IS NULL OR (replayed_at IS NULL) = :open)
    {order.order_by} LIMIT :size
    """  # noqa: S608 - constant names


SELECT_ONE = text("""
    SELECT id, topic, partition, "offset", written_at, key, value, coalesce(octet_length(value), 0) AS size, headers,
           error, stored_at, replayed_at
    FROM dead_letter WHERE id = :id
""")
UPDATE_REPLAYED = text("UPDATE dead_letter SET replayed_at = :now WHERE id = :id")


class DeadLetter(NamedTuple):
    """A record and the error for which it was stored."""

    record: Record
    error: str


def encode_headers(record: Record) -> list[tuple[str, str | None]]:
    """Return the headers of a record with base64 values, without its token, which nobody may read later."""
    headers = [(name.replace("\0", ""), value) for name, value in record.headers if name.lower() != AUTHORIZATION]
    return [(name, None if value is None else b64encode(value).decode()) for name, value in headers]


def decode_headers(headers: Sequence[tuple[str, str | None]]) -> list[tuple[str, bytes | None]]:
    """Return stored headers as they were."""
    return [(name, None if value is None else b64decode(value)) for name, value in headers]


def _written_at(record: Record) -> datetime:
    """Return the timestamp of a record, limited to a valid range since producers may set any value."""
    return datetime.fromtimestamp(min(max(record.timestamp, 0) / 1000, 7e9), UTC)


async def store(tx: Transaction, dead_letters: Sequence[DeadLetter]) -> None:
    """Store dead letters in the transaction of their batch."""
    if not dead_letters:
        return
    records = [dead_letter.record for dead_letter in dead_letters]
    await tx.execute(
        INSERT_DEAD_LETTERS,
        {
            "topics": [record.topic for record in records],
            "partitions": [record.partition for record in records],
            "offsets": [record.offset for record in records],
            "written_at": [_written_at(record) for record in records],
            "keys": [record.key for record in records],
            "values": [record.value for record in records],
            "headers": [json.dumps(encode_headers(record)) for record in records],
            "errors": [dead_letter.error[:4000].replace("\0", "") for dead_letter in dead_letters],
        },
    )


async def find_open(tx: Transaction, topic: str | None, size: int) -> Sequence[Row[Any]]:
    """Fetch the newest dead letters that have not been replayed."""
    values = {"topic": topic, "open": True, "size": size} | SORTS.default.parameters(None)
    return await tx.fetch_all(text(select_dead_letters(SORTS.default)), values)


async def get(tx: Transaction, dead_letter_id: int) -> Row[Any] | None:
    """Fetch one dead letter."""
    rows = await tx.fetch_all(SELECT_ONE, {"id": dead_letter_id})
    return rows[0] if rows else None


async def replay(engine: AsyncEngine, producer: AIOKafkaProducer, dead_letter_id: int) -> str | None:
    """Publish a record unchanged to its topic and partition, then mark it; returns topic and partition.

    After a crash in between it remains open.
    """
    async with read_only(engine) as tx:
        dead_letter = await get(tx, dead_letter_id)
    if dead_letter is None:
        return None
    await producer.send_and_wait(
        dead_letter.topic,
        dead_letter.value,
        dead_letter.key,
        dead_letter.partition,
        headers=decode_headers(dead_letter.headers),
    )
    async with transaction(engine) as tx:
        await tx.execute(UPDATE_REPLAYED, {"id": dead_letter_id, "now": tx.now})
    return f"{dead_letter.topic}/{dead_letter.partition}"
