"""Records that could not be read or had to be passed over: kept byte for byte, to be looked at and sent again."""

import json
from base64 import b64decode, b64encode
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from aiokafka import AIOKafkaProducer, ConsumerRecord
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.database import Transaction, reading, transaction

Record = ConsumerRecord[bytes | None, bytes | None]

# Sorted as every writer sorts, and once for a record however often it is delivered.
KEEP = text("""
    INSERT INTO dead_letter (topic, partition, "offset", written_at, key, value, headers, error)
    SELECT topic, partition, "offset", written_at, key, value, CAST(headers AS jsonb), error
    FROM unnest(CAST(:topics AS text[]), CAST(:partitions AS int[]), CAST(:offsets AS bigint[]),
                CAST(:times AS timestamptz[]), CAST(:keys AS bytea[]), CAST(:values AS bytea[]),
                CAST(:headers AS text[]), CAST(:errors AS text[]))
         AS it (topic, partition, "offset", written_at, key, value, headers, error)
    ORDER BY topic, partition, "offset" ON CONFLICT DO NOTHING
""")
# A page of whole records could be a gigabyte.
LIST = text("""
    SELECT id, topic, partition, "offset", written_at, key, substr(value, 1, 2000) AS value,
           coalesce(octet_length(value), 0) AS size, headers, error, at, retried_at
    FROM dead_letter
    WHERE id < :before AND (CAST(:topic AS text) IS NULL OR topic = :topic)
      AND (CAST(:open AS boolean) IS NULL OR (retried_at IS NULL) = :open)
    ORDER BY id DESC LIMIT :size
""")
ONE = text("""
    SELECT id, topic, partition, "offset", written_at, key, value, coalesce(octet_length(value), 0) AS size, headers,
           error, at, retried_at
    FROM dead_letter WHERE id = :id
""")
RETRIED = text("UPDATE dead_letter SET retried_at = :now WHERE id = :id")


class Letter(NamedTuple):
    """A record and why it was put aside."""

    record: Record
    error: str


def _headers(record: Record) -> str:
    given = [(name.replace("\0", ""), value) for name, value in record.headers]
    return json.dumps([(name, None if value is None else b64encode(value).decode()) for name, value in given])


def _time(record: Record) -> datetime:
    """When it was written, as its sender says; a sender can say anything."""
    return datetime.fromtimestamp(min(max(record.timestamp, 0) / 1000, 7e9), UTC)


async def keep(tx: Transaction, letters: Sequence[Letter]) -> None:
    """Put records aside, in the transaction of their batch."""
    if not letters:
        return
    records = [letter.record for letter in letters]
    await tx.run(
        KEEP,
        {
            "topics": [record.topic for record in records],
            "partitions": [record.partition for record in records],
            "offsets": [record.offset for record in records],
            "times": [_time(record) for record in records],
            "keys": [record.key for record in records],
            "values": [record.value for record in records],
            "headers": [_headers(record) for record in records],
            "errors": [letter.error[:4000].replace("\0", "") for letter in letters],
        },
    )


async def listed(
    tx: Transaction,
    *,
    topic: str | None = None,
    is_open: bool | None = None,
    before: int = 2**63 - 1,
    size: int = 100,
) -> Sequence[Row[Any]]:
    """Put-aside records with the beginning of each, newest first; the open ones nobody has sent again."""
    return await tx.rows(LIST, {"topic": topic, "open": is_open, "before": before, "size": size})


async def one(tx: Transaction, letter: int) -> Row[Any] | None:
    """One put-aside record."""
    found = await tx.rows(ONE, {"id": letter})
    return found[0] if found else None


async def retry(engine: AsyncEngine, producer: AIOKafkaProducer, letter: int) -> Row[Any] | None:
    """Send a record again as it came, to where it came from, and mark it; a crash between the two sends it twice."""
    async with reading(engine) as tx:
        found = await one(tx, letter)
    if found is None:
        return None
    headers = [(name, None if value is None else b64decode(value)) for name, value in found.headers]
    await producer.send_and_wait(found.topic, found.value, found.key, found.partition, headers=headers)
    async with transaction(engine) as tx:
        await tx.run(RETRIED, {"id": letter, "now": tx.now})
    return found
