"""Transactional outbox: stores events as CloudEvents; `shared.messaging.relay` publishes them."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text

from shared.contracts.envelope import OWN_SOURCE_PREFIX, CloudEvent, Message
from shared.persistence.database import Transaction, new_id

INSERT_MESSAGES = text("""
    INSERT INTO outbox (topic, key, value)
    SELECT topic, key, value FROM unnest(CAST(:topics AS text[]), CAST(:keys AS text[]), CAST(:values AS bytea[]))
    WITH ORDINALITY AS message (topic, key, value, position) ORDER BY position
""")


def event_source(service: str) -> str:
    """Return the CloudEvents source of a service."""
    return f"{OWN_SOURCE_PREFIX}{service}"


async def append(
    tx: Transaction,
    service: str,
    messages: Iterable[Message],
    causes: Mapping[tuple[str, str], CloudEvent[Any]] | None = None,
) -> int:
    """Append messages in order, with trace and, of acts, time of their causes; returns their number.

    Locks must be acquired first: then the rows of a key have ids in commit order, on which the relay relies.
    """
    prefix = f'{{"specversion":"1.0","source":"{event_source(service)}","time":"'
    now = f'{prefix}{_format(tx.now)}","id":"'
    topics, keys, values = [], [], []
    for message in messages:
        cause = causes.get((message.cause.source, message.cause.id)) if causes and message.cause else None
        trace_field = f'"traceparent":"{cause.traceparent}",' if cause and cause.traceparent else ""
        start = f'{prefix}{_format(cause.time)}","id":"' if cause and message.OCCURS_WITH_CAUSE else now
        envelope = (
            f'{start}{new_id()}","type":"{message.TYPE}",{trace_field}"datacontenttype":"application/json","data":'
        )
        topics.append(message.TOPIC.name)
        keys.append(message.key())
        values.append(envelope.encode() + message.__pydantic_serializer__.to_json(message, exclude_none=True) + b"}")
    if values:
        await tx.execute(INSERT_MESSAGES, {"topics": topics, "keys": keys, "values": values})
    return len(values)


def _format(time: datetime) -> str:
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")
