"""What was counted on a receipt: lots as they were scanned, and what became of them."""

from datetime import date, datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import Row

from services.receiving.receipts import queries
from services.receiving.receipts.api.receipts import head
from services.receiving.receipts.domain.records import LotScanState
from shared.http import Limit, Page, Reading, page, parts

router = APIRouter(tags=["receipts"])
LOTS = 500


class LotScanShown(BaseModel):
    """So much of a lot as it was scanned; the lot of an untracked product is empty."""

    session: str
    line: str | None
    sku: str
    lot: str
    location: str
    state: LotScanState
    quantity: float
    expiry: date | None
    manufactured: date | None
    best_before: date | None
    actor: str
    at: datetime


def lot_shown(row: Row[Any]) -> LotScanShown:
    """A row as it is shown."""
    return LotScanShown.model_validate(row._asdict())


@router.get("/receipts/{receipt:path}/lots")
async def lots(
    tx: Reading,
    receipt: str,
    *,
    session: str | None = None,
    sku: str | None = None,
    cursor: str | None = None,
    limit: Limit = 100,
) -> Page[LotScanShown]:
    """The lots of a receipt, scanned and received, in the order of their first scan."""
    await head(tx, receipt)
    (after,) = parts(cursor, str) or ("",)
    found = await queries.lots(tx, receipt, session=session, sku=sku, after=after, size=limit + 1)
    return page(found, limit, lot_shown, lambda row: (row.scan,))
