"""Query of the messages that wait for their document."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy import text

from shared.contracts.model import KnownFieldsModel
from shared.http.dependencies import ReadTransaction
from shared.http.pages import Page, decode_cursor, paginate
from shared.http.parameters import Cursor, Limit

router = APIRouter(tags=["waiting messages"])
SELECT_PAGE = text("""
    SELECT id, document, event->>'type' AS type, event->>'source' AS source, event->>'id' AS message_id,
           coalesce(event->'data'->>'actor', '') AS actor, received_at,
           floor(extract(epoch FROM now() - received_at))::bigint AS age_seconds
    FROM waiting_message
    WHERE id > :after AND (CAST(:document AS text) IS NULL OR document = :document)
    ORDER BY id LIMIT :size
""")


class WaitingMessageOut(KnownFieldsModel):
    """A message that waits for its document, and since when."""

    document: str
    type: str
    source: str
    message_id: str
    actor: str
    received_at: datetime
    age_seconds: int


@router.get("/waiting-messages")
async def list_waiting_messages(
    tx: ReadTransaction,
    *,
    document: Annotated[str | None, Query(description="Document that the message waits for.")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[WaitingMessageOut]:
    """List the messages that arrived before their document, oldest first; they are applied when it arrives."""
    (after,) = decode_cursor(cursor, int) or (0,)
    rows = await tx.fetch_all(SELECT_PAGE, {"document": document, "after": after, "size": limit + 1})
    return paginate(rows, limit, lambda row: WaitingMessageOut.model_validate(row._asdict()), lambda row: (row.id,))
