"""HTTP API of recalls: list, details and four lists as JSON pages and CSV files."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path

from services.lots.recalls.domain.answer import NoticeReading
from services.lots.recalls.queries import recalls as queries
from services.lots.recalls.queries.lists import LISTS
from shared.contracts.model import KnownFieldsModel
from shared.contracts.problems import Code
from shared.contracts.reference import Tracking
from shared.http import NotFoundError, OpenFilter, Page, PageRequest, ReadTransaction, add_report_routes, paged_by
from shared.identifiers import resource_path

router = APIRouter(tags=["recalls"])
lists = APIRouter(prefix="/recalls/{recall}")
add_report_routes(lists, LISTS, "recall")
router.include_router(lists)


class RecallSummary(KnownFieldsModel):
    """A recall in the list."""

    recall: str
    reason: str
    mock: bool
    dry_run: bool
    opened_at: datetime
    opened_by: str
    closed_at: datetime | None


class RecalledProductOut(KnownFieldsModel):
    """A product affected by a recall; `answered_at` is set once its service has answered."""

    sku: str
    tracking: Tracking
    answered_at: datetime | None
    lots: list[str]
    units: int


class RecallDetail(RecallSummary):
    """A recall with its products, outstanding answers and the paths of its lists."""

    notice: str
    scans: list[str]
    """Texts as the scanner sent them, of goods that are recalled."""
    closed_by: str | None
    closed_reason: str | None
    outstanding: int
    complete_at: datetime | None
    seconds: float | None
    """Seconds from opening to the last answer."""
    products: list[RecalledProductOut]
    reading: NoticeReading | None
    """What the notice says, and which of its numbers match nothing so far; null for a recall of an older version."""
    lists: dict[str, str]


@router.get("/recalls")
async def list_recalls(
    tx: ReadTransaction,
    *,
    open: OpenFilter = None,  # noqa: A002 - name of the query parameter
    page: Annotated[PageRequest, paged_by(queries.SORTS)],
) -> Page[RecallSummary]:
    """List recalls by id or by the time of their opening."""
    rows = await page.fetch(tx, queries.select_recalls, {"open": open})
    return page.build(rows, lambda row: RecallSummary.model_validate(row._asdict()))


@router.get("/recalls/{recall}")
async def get_recall(
    tx: ReadTransaction, recall: Annotated[str, Path(description="Id of the recall.")]
) -> RecallDetail:
    """Get a recall with the affected products and the answers received."""
    row = await queries.find_recall(tx, recall)
    if row is None:
        raise NotFoundError(f"Recall {recall} not found", ids=[recall], code=Code.RECALL_NOT_FOUND)
    columns = row._asdict()
    seconds = (row.complete_at - row.opened_at).total_seconds() if row.complete_at else None
    return RecallDetail(
        **{name: columns[name] for name in RecallSummary.model_fields},
        notice=row.notice,
        scans=row.scans,
        closed_by=row.closed_by,
        closed_reason=row.closed_reason,
        outstanding=row.products - row.answered,
        complete_at=row.complete_at,
        seconds=seconds,
        products=[
            RecalledProductOut.model_validate(product._asdict()) for product in await queries.find_products(tx, recall)
        ],
        reading=await queries.read_notice(tx, row),
        lists={report.name: resource_path("recalls", recall, report.name) for report in LISTS},
    )
