"""What was refused and what did not fit: a row for each such message, an event for each reason."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text

from shared.contracts.envelope import MAX_UNITS, CloudEvent, Rejected
from shared.contracts.problems import Code, Refusal
from shared.database import Transaction

LONGEST_DETAIL, LONGEST_ID = 2000, 100
"""Characters; a scan that is no serial may have a thousand."""

RECORD = text("""
    INSERT INTO rejection (kind, document, type, source, message, actor, codes, refusals, raw, at)
    SELECT kind, document, type, source, message, actor,
           ARRAY(SELECT DISTINCT refusal->>'code' FROM jsonb_array_elements(refusals) AS refusal), refusals, raw, :now
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS it
         (kind text, document text, type text, source text, message text, actor text, refusals jsonb, raw jsonb)
""")


@dataclass(slots=True)
class Rejection:
    """A message and every reason why it, or a part of it, was not taken."""

    event: CloudEvent[Any]
    kind: str = "REFUSAL"
    refusals: list[Refusal] = field(default_factory=list)

    def said_as(self, message: type[Rejected]) -> list[Rejected]:
        """As events: one a reason; what would not fit an event is cut, and the table has it whole."""
        data = self.event.data
        return [
            message(
                kind="REFUSAL", document=data.key(), refused_type=self.event.type, code=refusal.code,
                detail=refusal.detail[:LONGEST_DETAIL], sku=getattr(data, "sku", None),
                ids=[one[:LONGEST_ID] for one in refusal.ids[:MAX_UNITS]], blocked_by=refusal.blocked_by[:MAX_UNITS],
                actor=self.event.actor, cause=self.event.cause,
            )
            for refusal in self.refusals
        ]  # fmt: skip

    def row(self) -> dict[str, Any]:
        """As a row of the table, with the message as it came."""
        return {
            "kind": self.kind, "document": self.event.data.key(), "type": self.event.type,
            "source": self.event.source, "message": self.event.id, "actor": self.event.actor,
            "refusals": [refusal.model_dump(mode="json") for refusal in self.refusals],
            "raw": self.event.data.model_dump(mode="json", exclude_none=True),
        }  # fmt: skip


def disagreements(facts: Sequence[Rejected], events: Sequence[CloudEvent[Any]]) -> list[Rejection]:
    """Gather what a handler said did not fit, by the message that it was about."""
    caused: Mapping[tuple[str, str], CloudEvent[Any]] = {(event.source, event.id): event for event in events}
    found: dict[tuple[str, str], Rejection] = {}
    for fact in facts:
        if fact.cause is None or (event := caused.get((fact.cause.source, fact.cause.id))) is None:
            raise ValueError(f"{fact.TYPE} {fact.code} names no message of its run as its cause")
        at = (event.source, event.id)
        rejection = found.setdefault(at, Rejection(event, fact.kind))
        rejection.refusals.append(
            Refusal(code=Code(fact.code), detail=fact.detail, ids=fact.ids, blocked_by=fact.blocked_by)
        )
    return list(found.values())


async def record(tx: Transaction, rejections: Sequence[Rejection]) -> None:
    """Write them all down, in one statement."""
    if rejections:
        rows = json.dumps([rejection.row() for rejection in rejections])
        await tx.run(RECORD, {"rows": rows, "now": tx.now})
