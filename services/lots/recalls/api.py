"""Recalls over HTTP, to look at: each as a whole, and its four lists as pages and as files."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path

from services.lots.recalls.queries import recalls as queries
from services.lots.recalls.queries.lists import LISTS
from shared.contracts.model import KnownFieldsModel
from shared.contracts.reference import Tracking
from shared.http import Cursor, Limit, NotFound, OpenFilter, Page, Reading, page, parts, serve
from shared.identifiers import address_of

router = APIRouter(tags=["recalls"])
lists = APIRouter(prefix="/recalls/{recall}", tags=["recalls"])
serve(lists, LISTS, "recall")
router.include_router(lists)


class RecallSummary(KnownFieldsModel):
    """A recall in a list."""

    recall: str
    reason: str
    mock: bool
    opened_at: datetime
    opened_by: str
    closed_at: datetime | None


class RecalledProductOut(KnownFieldsModel):
    """A product that a recall touches; its owner has answered, or not yet."""

    sku: str
    tracking: Tracking
    answered_at: datetime | None
    lots: list[str]
    units: int


class RecallDetail(RecallSummary):
    """A recall: what was asked, who has answered, and where its lists are."""

    notice: str
    closed_by: str | None
    closed_reason: str | None
    outstanding: int
    complete_at: datetime | None
    seconds: float | None
    """From the command to the last answer."""
    products: list[RecalledProductOut]
    lists: dict[str, str]


@router.get("/recalls")
async def list_recalls(
    tx: Reading,
    *,
    open: OpenFilter = None,  # noqa: A002 - the name of the parameter
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[RecallSummary]:
    """Recalls by name."""
    (after,) = parts(cursor, str) or ("",)
    rows = await queries.listed(tx, is_open=open, after=after, size=limit + 1)
    return page(rows, limit, lambda row: RecallSummary.model_validate(row._asdict()), lambda row: (row.recall,))


@router.get("/recalls/{recall}")
async def get_recall(tx: Reading, recall: Annotated[str, Path(description="Recall.")]) -> RecallDetail:
    """One recall: what it touches, and whose answers are in."""
    found = await queries.one(tx, recall)
    if found is None:
        raise NotFound(f"there is no recall {recall}", ids=[recall])
    row = found._asdict()
    seconds = (found.complete_at - found.opened_at).total_seconds() if found.complete_at else None
    return RecallDetail(
        **{name: row[name] for name in RecallSummary.model_fields},
        notice=found.notice,
        closed_by=found.closed_by,
        closed_reason=found.closed_reason,
        outstanding=found.products - found.answered,
        complete_at=found.complete_at,
        seconds=seconds,
        products=[RecalledProductOut.model_validate(it._asdict()) for it in await queries.products(tx, recall)],
        lists={it.name: address_of("recalls", recall, it.name) for it in LISTS},
    )
