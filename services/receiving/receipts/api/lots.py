"""What was counted on a receipt: lots as they were scanned, and what became of them."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from sqlalchemy import Row

from services.receiving.receipts import queries
from services.receiving.receipts.api.receipts import ReceiptPath, head
from services.receiving.receipts.domain.records import LotScanState
from shared.contracts.model import KnownFieldsModel
from shared.http import Cursor, Limit, Page, Reading, SkuFilter, page, parts
from shared.identifiers import Exact

router = APIRouter(tags=["receipts"])
LOTS = 500


class LotScanOut(KnownFieldsModel):
    """So much of a lot as it was scanned; the lot of an untracked product is empty."""

    session: str
    line: str | None
    sku: str
    lot: str
    location: str
    state: LotScanState
    quantity: Exact
    expiry: date | None
    manufactured: date | None
    best_before: date | None
    actor: str
    at: datetime


def lot_shown(row: Row[Any]) -> LotScanOut:
    """A row as it is shown."""
    return LotScanOut.model_validate(row._asdict())


@router.get("/receipts/{receipt}/lots")
async def list_receipt_lots(
    tx: Reading,
    receipt: ReceiptPath,
    *,
    session: Annotated[str | None, Query(description="Scanning session.")] = None,
    sku: SkuFilter = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[LotScanOut]:
    """The lots of a receipt, scanned and received, in the order of their first scan."""
    await head(tx, receipt)
    (after,) = parts(cursor, str) or ("",)
    found = await queries.lots(tx, receipt, session=session, sku=sku, after=after, size=limit + 1)
    return page(found, limit, lot_shown, lambda row: (row.scan,))
