"""Messages that wait for their document: changes that arrived before it are kept, and rejected after some days."""

import json
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import text

from shared.contracts.envelope import CloudEvent, Message
from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.topics import Topic
from shared.messaging.handlers import ScheduledJob
from shared.persistence.database import Transaction
from shared.persistence.record_table import RecordTable
from shared.settings import WaitingSettings
from shared.unit_of_work import UnitOfWork, WaitingMessages

SELECT_WAITING = text("""
    SELECT document, event::text AS event, received_at FROM waiting_message
    WHERE document = ANY(CAST(:documents AS text[])) ORDER BY id
""")
SELECT_OVERDUE = text("""
    SELECT DISTINCT document FROM waiting_message
    WHERE received_at <= :received_until AND document > :after ORDER BY document LIMIT :size
""")
DELETE_TAKEN = text("""
    DELETE FROM waiting_message AS w USING unnest(CAST(:documents AS text[]), CAST(:untils AS timestamptz[]))
        AS taken (document, received_until)
    WHERE w.document = taken.document AND w.received_at <= taken.received_until
""")


class WaitingMessage(NamedTuple):
    """A message, as JSON, that arrived before its document."""

    document: str
    event: str
    received_at: datetime


WAITING_MESSAGES = RecordTable("waiting_message", WaitingMessage, "document", types={"event": "jsonb"})


class WaitingOverdue(Message, type="waiting.overdue.v1", key="document"):
    """Messages have waited for a document for too long."""

    document: str
    received_until: datetime


async def load(tx: Transaction, waiting: WaitingMessages, topic: Topic, documents: Collection[str]) -> None:
    """Load the messages that wait for documents, oldest first."""
    if not documents:
        return
    for row in await tx.fetch_all(SELECT_WAITING, {"documents": sorted(documents)}):
        fields = json.loads(row.event)
        data = topic.messages[fields["type"]].model_validate(fields["data"])
        waiting.load(row.document, CloudEvent[Any].model_validate(fields | {"data": data}), row.received_at)


async def save(tx: Transaction, waiting: WaitingMessages) -> None:
    """Store new messages, with omitted fields still omitted, and delete those that were taken."""
    rows = [
        WaitingMessage(document, event.model_dump_json(exclude_unset=True), received_at)
        for document, event, received_at in waiting.added
    ]
    await WAITING_MESSAGES.insert_rows(tx, rows)
    if waiting.taken:
        documents = sorted(waiting.taken)
        await tx.execute(
            DELETE_TAKEN, {"documents": documents, "untils": [waiting.taken[document] for document in documents]}
        )
    waiting.accept_changes()


def build_waiting_job(topic: Topic, lock: str, code: Code) -> ScheduledJob:
    """Build the job that rejects the messages of a topic whose document did not arrive in time."""

    async def load_overdue(tx: Transaction, uow: Any, events: Sequence[CloudEvent[WaitingOverdue]]) -> None:
        await load(tx, uow.waiting, topic, {event.data.document for event in events})

    def reject_overdue(uow: UnitOfWork, due: WaitingOverdue) -> None:
        for event in uow.waiting.take(due.document, due.received_until):
            detail = f"{due.document} did not arrive in time for {event.type}; send it again once it is here"
            uow.reject(event, ProblemDetail(code=code, detail=detail, ids=[due.document]))

    return ScheduledJob(
        WaitingOverdue, find_overdue, reject_overdue, lambda due: [f"{lock}:{due.document}"], load_overdue
    )


async def find_overdue(tx: Transaction, after: WaitingOverdue | None, size: int) -> Sequence[Message]:
    """Find the documents whose messages have waited for too long."""
    received_until = after.received_until if after else tx.now - _limit()
    values = {"received_until": received_until, "after": after.document if after else "", "size": size}
    rows = await tx.fetch_all(SELECT_OVERDUE, values)
    return [WaitingOverdue(document=row.document, received_until=received_until) for row in rows]


def _limit() -> timedelta:
    return timedelta(hours=WaitingSettings().waiting_message_hours)
