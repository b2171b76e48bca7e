"""Rejected commands and conflicting events: one row per message, one event per violation."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaProducer
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.contracts.envelope import MAX_ITEMS_PER_MESSAGE, CloudEvent, Rejected
from shared.contracts.problems import Code, ProblemDetail
from shared.messaging.dead_letters import Record, decode_headers, encode_headers
from shared.persistence.database import Transaction, read_only, transaction

MAX_DETAIL_LENGTH, MAX_ID_LENGTH = 2000, 100
"""Maximum numbers of characters in events; an invalid scan may have a thousand characters."""

INSERT_REJECTIONS = text("""
    INSERT INTO rejection (kind, document, type, source, message_id, actor, codes, violations, raw, record, recorded_at)
    SELECT kind, document, type, source, message_id, actor,
           ARRAY(SELECT DISTINCT violation->>'code' FROM jsonb_array_elements(violations) AS violation),
           violations, raw, record, :now
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS rejected
         (kind text, document text, type text, source text, message_id text, actor text, violations jsonb, raw jsonb,
          record jsonb)
""")


SELECT_RECORD = text("SELECT record FROM rejection WHERE id = :id AND record IS NOT NULL")
UPDATE_REPLAYED = text("UPDATE rejection SET replayed_at = :now WHERE id = :id")


@dataclass(slots=True)
class Rejection:
    """A message and the violations for which it was rejected in whole or in part."""

    event: CloudEvent[Any]
    kind: str = "COMMAND_REJECTED"
    violations: list[ProblemDetail] = field(default_factory=list)
    raw: Mapping[str, Any] | None = None
    """Data with unknown fields."""
    record: Record | None = None
    """Kafka record of a message that is refused unread."""
    is_replayable: bool = True
    """Whether the record may be published again as it is."""

    @property
    def position(self) -> tuple[str, int, int] | None:
        """Topic, partition and offset of the record."""
        return None if self.record is None else (self.record.topic, self.record.partition, self.record.offset)

    def to_events(self, event_type: type[Rejected]) -> list[Rejected]:
        """Convert to one event per violation; long values are truncated in events, not in the table."""
        data = self.event.data
        return [
            event_type(
                kind="COMMAND_REJECTED", document=data.key(), rejected_type=self.event.type, code=violation.code,
                detail=violation.detail[:MAX_DETAIL_LENGTH], sku=getattr(data, "sku", None),
                ids=[id_[:MAX_ID_LENGTH] for id_ in violation.ids[:MAX_ITEMS_PER_MESSAGE]],
                blocked_by=violation.blocked_by[:MAX_ITEMS_PER_MESSAGE], actor=self.event.actor, cause=self.event.cause,
            )
            for violation in self.violations
        ]  # fmt: skip

    def to_row(self) -> dict[str, Any]:
        """Convert to a table row, with the message data."""
        return {
            "kind": self.kind, "document": self.event.data.key(), "type": self.event.type,
            "source": self.event.source, "message_id": self.event.id, "actor": self.event.actor,
            "violations": [violation.model_dump(mode="json") for violation in self.violations],
            "raw": self.raw or self.event.data.model_dump(mode="json", **self.event.data.SERIALIZATION),
            "record": _encode_record(self.record) if self.record is not None and self.is_replayable else None,
        }  # fmt: skip


def _encode_record(record: Record) -> dict[str, Any]:
    """Return a valid record as JSON, with its value byte for byte."""
    return {
        "topic": record.topic, "partition": record.partition, "offset": record.offset,
        "key": (record.key or b"").decode(), "value": (record.value or b"").decode(), "headers": encode_headers(record),
    }  # fmt: skip


def reject_reused_id(event: CloudEvent[Any]) -> Rejection:
    """Reject a message whose (source, id) belongs to a message with another type or other data."""
    detail = f"Message {event.id} of {event.source} was received before with another type or other data"
    return Rejection(event, violations=[ProblemDetail(code=Code.MESSAGE_ID_REUSED, detail=detail)])


def collect_conflicts(conflicts: Sequence[Rejected], events: Sequence[CloudEvent[Any]]) -> list[Rejection]:
    """Group the conflicts reported by a handler by the message that caused them."""
    events_by_id: Mapping[tuple[str, str], CloudEvent[Any]] = {(event.source, event.id): event for event in events}
    rejections_by_event: dict[tuple[str, str], Rejection] = {}
    for conflict in conflicts:
        if conflict.cause is None or (event := events_by_id.get((conflict.cause.source, conflict.cause.id))) is None:
            raise ValueError(f"the cause of {conflict.TYPE} {conflict.code} is not a message of its batch")
        key = (event.source, event.id)
        rejection = rejections_by_event.setdefault(key, Rejection(event, conflict.kind))
        rejection.violations.append(
            ProblemDetail(
                code=Code(conflict.code), detail=conflict.detail, ids=conflict.ids, blocked_by=conflict.blocked_by
            )
        )
    return list(rejections_by_event.values())


async def replay(engine: AsyncEngine, producer: AIOKafkaProducer, rejection_id: int) -> str | None:
    """Publish a message that was refused unread again, unchanged, then mark it; returns topic and partition."""
    async with read_only(engine) as tx:
        rows = await tx.fetch_all(SELECT_RECORD, {"id": rejection_id})
    if not rows:
        return None
    stored: Mapping[str, Any] = rows[0].record
    await producer.send_and_wait(
        stored["topic"], stored["value"].encode(), stored["key"].encode(), stored["partition"],
        headers=decode_headers(stored["headers"]),
    )  # fmt: skip
    async with transaction(engine) as tx:
        await tx.execute(UPDATE_REPLAYED, {"id": rejection_id, "now": tx.now})
    return f"{stored['topic']}/{stored['partition']}"


async def record(tx: Transaction, rejections: Sequence[Rejection]) -> None:
    """Insert rejections with one statement."""
    if rejections:
        rows = json.dumps([rejection.to_row() for rejection in rejections])
        await tx.execute(INSERT_REJECTIONS, {"rows": rows, "now": tx.now})
