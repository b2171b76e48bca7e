"""HTTP API of lots scanned on a receipt."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from sqlalchemy import Row

from services.receiving.receipts import queries
from services.receiving.receipts.api.receipts import ReceiptPath, get_receipt_or_404
from services.receiving.receipts.domain.records import LotScanStatus
from shared.contracts.model import KnownFieldsModel
from shared.contracts.product_attributes import ExpirySource
from shared.http import Page, PageRequest, ReadTransaction, SkuFilter, paged_by
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
    expiry_source: ExpirySource | None
    scan: str | None
    """Text as the scanner sent it; null if the number was typed."""
    scanned_by: str
    scanned_at: datetime
    known_lot: str | None
    inferred_from: str | None
    corrected_lots: list[str]
    """Lots to which goods of this lot were corrected after their receipt, on this or another one."""


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
    page: Annotated[PageRequest, paged_by(queries.LOT_SORTS)],
) -> Page[LotScanOut]:
    """List the scanned and received lots of a receipt, in the order of their first scan."""
    await get_receipt_or_404(tx, receipt)
    filters = {"receipt": receipt, "session": session, "sku": sku}
    return page.build(await page.fetch(tx, queries.select_lot_scans, filters), to_lot_scan_out)
