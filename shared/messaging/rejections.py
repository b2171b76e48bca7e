"""Rejected commands and conflicting events: one row per message, one event per violation."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text

from shared.contracts.envelope import MAX_ITEMS_PER_MESSAGE, CloudEvent, Rejected
from shared.contracts.problems import Code, ProblemDetail
from shared.persistence.database import Transaction

MAX_DETAIL_LENGTH, MAX_ID_LENGTH = 2000, 100
"""Maximum numbers of characters in events; an invalid scan may have a thousand characters."""

INSERT_REJECTIONS = text("""
    INSERT INTO rejection (kind, document, type, source, message_id, actor, codes, violations, raw, recorded_at)
    SELECT kind, document, type, source, message_id, actor,
           ARRAY(SELECT DISTINCT violation->>'code' FROM jsonb_array_elements(violations) AS violation),
           violations, raw, :now
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS rejected
         (kind text, document text, type text, source text, message_id text, actor text, violations jsonb, raw jsonb)
""")


@dataclass(slots=True)
class Rejection:
    """A message and the violations for which it was rejected in whole or in part."""

    event: CloudEvent[Any]
    kind: str = "COMMAND_REJECTED"
    violations: list[ProblemDetail] = field(default_factory=list)

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
            "raw": self.event.data.model_dump(mode="json", **self.event.data.SERIALIZATION),
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


async def record(tx: Transaction, rejections: Sequence[Rejection]) -> None:
    """Insert rejections with one statement."""
    if rejections:
        rows = json.dumps([rejection.to_row() for rejection in rejections])
        await tx.execute(INSERT_REJECTIONS, {"rows": rows, "now": tx.now})
