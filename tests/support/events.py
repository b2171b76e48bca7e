"""Events of messages: decoded for handlers and domain rules, encoded for Kafka."""

import json
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, TypeVar
from uuid import uuid4

from shared.contracts.envelope import CloudEvent, Message

M = TypeVar("M", bound=Message)
NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
_seconds = count(1)


def to_event(payload: M, actor: str = "anna", time: datetime | None = None) -> CloudEvent[M]:
    """Wrap a payload in an event with a new id; without a time, one second after the previous event."""
    return CloudEvent[M].model_construct(
        id=str(uuid4()),
        source="test",
        type=payload.TYPE,
        time=time or NOW + timedelta(seconds=next(_seconds)),
        data=payload.model_copy(update={"actor": payload.actor or actor}),
    )


def encode_message(payload: Message, **overrides: Any) -> bytes:
    """Encode a payload as a producer would."""
    event = {
        "specversion": "1.0", "id": str(uuid4()), "source": "tests", "type": payload.TYPE,
        "time": "2026-01-02T03:04:05Z", "data": json.loads(payload.model_dump_json(exclude_none=True)),
    }  # fmt: skip
    return json.dumps(event | overrides).encode()
