"""Query of the messages that wait for their document."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query

from shared.contracts.model import KnownFieldsModel
from shared.http.dependencies import ReadTransaction
from shared.http.lists import PageRequest, paged_by
from shared.http.pages import Page
from shared.persistence.sorting import SortKey, SortOrder, Sorts

router = APIRouter(tags=["waiting messages"])
SORTS = Sorts("received_at", received_at=[SortKey("id", "bigint")])
"""By the ids, which are in the order of receipt."""


def select_waiting(order: SortOrder) -> str:
    """Write the statement of a page."""
    return f"""
    SELECT id, document, event->>'type' AS type, event->>'source' AS source, event->>'id' AS message_id,
           coalesce(event->'data'->>'actor', '') AS actor, received_at,
           floor(extract(epoch FROM now() - received_at))::bigint AS age_seconds
    FROM waiting_message
    WHERE {order.after()} AND (CAST(:document AS text) IS NULL OR document = :document)
    {order.order_by} LIMIT :size
    """  # noqa: S608 - constant names


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
    page: Annotated[PageRequest, paged_by(SORTS)],
) -> Page[WaitingMessageOut]:
    """List the messages that arrived before their document, oldest first; they are applied when it arrives."""
    rows = await page.fetch(tx, select_waiting, {"document": document})
    return page.build(rows, lambda row: WaitingMessageOut.model_validate(row._asdict()))
