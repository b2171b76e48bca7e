"""HTTP API of lots scanned on a receipt."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from sqlalchemy import Row

from services.receiving.receipts import queries
from services.receiving.receipts.api.receipts import ReceiptPath, get_receipt_or_404
from services.receiving.receipts.domain.records import LotScanStatus
from shared.contracts.model import KnownFieldsModel
from shared.http import Cursor, Limit, Page, ReadTransaction, SkuFilter, decode_cursor, paginate
from shared.identifiers import SignedQuantity

router = APIRouter(tags=["receipts"])
MAX_LOTS = 500


class LotScanOut(KnownFieldsModel):
    """Scanned quantity of a lot in a session; `lot` is empty for an untracked product."""

    session: str
    line: str | None
    sku: str
    lot: str
    location: str
    status: LotScanStatus
    quantity: SignedQuantity
    expiry: date | None
    manufactured_on: date | None
    best_before: date | None
    scanned_by: str
    scanned_at: datetime


def to_lot_scan_out(row: Row[Any]) -> LotScanOut:
    """Convert a database row."""
    return LotScanOut.model_validate(row._asdict())


@router.get("/receipts/{receipt}/lots")
async def list_receipt_lots(
    tx: ReadTransaction,
    receipt: ReceiptPath,
    *,
    session: Annotated[str | None, Query(description="Scanning session of the receipt.")] = None,
    sku: SkuFilter = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[LotScanOut]:
    """List the scanned and received lots of a receipt, in the order of their first scan."""
    await get_receipt_or_404(tx, receipt)
    (after,) = decode_cursor(cursor, str) or ("",)
    found = await queries.find_lot_scans(tx, receipt, session=session, sku=sku, after=after, size=limit + 1)
    return paginate(found, limit, to_lot_scan_out, lambda row: (row.scan_id,))
