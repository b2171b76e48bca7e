"""Queries of the dead letters of a service; `tracelot dead-letters replay` publishes one again."""

from base64 import b64encode
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from sqlalchemy import Row

from shared.auth.roles import Role
from shared.contracts.model import KnownFieldsModel
from shared.contracts.problems import Code
from shared.http.auth import requires
from shared.http.dependencies import ReadTransaction
from shared.http.lists import PageRequest, paged_by
from shared.http.pages import MAX_BIGINT, Page
from shared.http.parameters import ONLY_DIGITS, OpenFilter
from shared.http.problems import ProblemError
from shared.messaging import dead_letters

router = APIRouter(tags=["dead letters"])
PREVIEW_LENGTH = 2000


class DeadLetterSummary(KnownFieldsModel):
    """A record that could not be processed: position, error and a text preview."""

    id: int
    topic: str
    partition: int
    offset: int
    error: str
    stored_at: datetime
    written_at: datetime
    replayed_at: datetime | None
    size: int
    key: str | None
    preview: str | None


class DeadLetterDetail(DeadLetterSummary):
    """A dead letter with its complete value and headers (base64), apart from a token."""

    value: str | None
    headers: list[tuple[str, str | None]]


def _to_fields(row: Row[Any]) -> dict[str, Any]:
    return row._asdict() | {
        "key": None if row.key is None else row.key.decode(errors="replace"),
        "preview": None if row.value is None else row.value[:PREVIEW_LENGTH].decode(errors="replace"),
        "value": None if row.value is None else b64encode(row.value).decode(),
        "headers": row.headers,
    }


def _to_summary(row: Row[Any]) -> DeadLetterSummary:
    return DeadLetterSummary.model_validate(_to_fields(row))


@router.get("/dead-letters", openapi_extra=requires(Role.ADMIN))
async def list_dead_letters(
    tx: ReadTransaction,
    topic: Annotated[str | None, Query(description="Kafka topic.")] = None,
    open: OpenFilter = None,  # noqa: A002 - the name of the parameter
    *,
    page: Annotated[PageRequest, paged_by(dead_letters.SORTS)],
) -> Page[DeadLetterSummary]:
    """List the dead letters, newest first."""
    rows = await page.fetch(tx, dead_letters.select_dead_letters, {"topic": topic, "open": open})
    return page.build(rows, _to_summary)


@router.get("/dead-letters/{dead_letter}", openapi_extra=requires(Role.ADMIN))
async def get_dead_letter(
    tx: ReadTransaction,
    dead_letter: Annotated[int, Path(ge=1, le=MAX_BIGINT, description="Id of the dead letter."), ONLY_DIGITS],
) -> DeadLetterDetail:
    """Get a dead letter with its complete value and headers (base64)."""
    row = await dead_letters.get(tx, dead_letter)
    if row is None:
        raise ProblemError(Code.NOT_FOUND, f"Dead letter {dead_letter} not found")
    return DeadLetterDetail.model_validate(_to_fields(row))
