"""The dead letters of a service, to be looked at; `tracelot dead-letters retry` sends one again."""

from base64 import b64encode
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from sqlalchemy import Row

from shared import dead_letters
from shared.contracts.model import KnownFieldsModel
from shared.http.pages import Page, page, parts
from shared.http.parameters import Cursor, Limit, OpenFilter
from shared.http.problems import NotFound
from shared.http.reading import Reading

router = APIRouter(tags=["dead letters"])
PREVIEW = 2000


class DeadLetterSummary(KnownFieldsModel):
    """A record that could not be read: where it stood, what is wrong, and its beginning as text."""

    id: int
    topic: str
    partition: int
    offset: int
    error: str
    at: datetime
    written_at: datetime
    retried_at: datetime | None
    size: int
    key: str | None
    preview: str | None


class DeadLetterDetail(DeadLetterSummary):
    """A record that could not be read, byte for byte (base64)."""

    value: str | None
    headers: list[tuple[str, str | None]]


def _fields(row: Row[Any]) -> dict[str, Any]:
    return row._asdict() | {
        "key": None if row.key is None else row.key.decode(errors="replace"),
        "preview": None if row.value is None else row.value[:PREVIEW].decode(errors="replace"),
        "value": None if row.value is None else b64encode(row.value).decode(),
    }


def _shown(row: Row[Any]) -> DeadLetterSummary:
    return DeadLetterSummary.model_validate(_fields(row))


@router.get("/dead-letters")
async def list_dead_letters(
    tx: Reading,
    topic: Annotated[str | None, Query(description="Kafka topic.")] = None,
    open: OpenFilter = None,  # noqa: A002 - the name of the parameter
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[DeadLetterSummary]:
    """Records that could not be read, newest first."""
    (before,) = parts(cursor, int) or (2**63 - 1,)
    rows = await dead_letters.listed(tx, topic=topic, is_open=open, before=before, size=limit + 1)
    return page(rows, limit, _shown, lambda row: (row.id,))


@router.get("/dead-letters/{letter}")
async def get_dead_letter(tx: Reading, letter: Annotated[int, Path(description="Dead letter.")]) -> DeadLetterDetail:
    """A dead letter, byte for byte."""
    found = await dead_letters.one(tx, letter)
    if found is None:
        raise NotFound(f"there is no dead letter {letter}")
    return DeadLetterDetail.model_validate(_fields(found))
