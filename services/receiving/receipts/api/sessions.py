"""HTTP API of scanning sessions."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path
from sqlalchemy import Row

from services.receiving.receipts import queries
from services.receiving.receipts.api.lots import MAX_LOTS, LotScanOut, to_lot_scan_out
from services.receiving.receipts.api.receipts import ReceiptPath, get_receipt_or_404
from services.receiving.receipts.domain.records import SessionStatus
from shared.contracts.model import KnownFieldsModel
from shared.contracts.problems import Code
from shared.contracts.product_attributes import ExpirySource
from shared.contracts.receiving import DiscrepancyKind
from shared.http import NotFoundError, Page, PageRequest, ReadTransaction, first_page, paged_by

router = APIRouter(tags=["receipts"])


class SessionSummary(KnownFieldsModel):
    """A scanning session of one user on one receipt."""

    session: str
    owner: str
    status: SessionStatus
    opened_at: datetime
    ended_at: datetime | None


class ScanOut(KnownFieldsModel):
    """An unconfirmed scan: accepted, or unmatched and a discrepancy once confirmed."""

    serial: str
    sku: str
    line: str | None
    location: str
    scanned_by: str
    scanned_at: datetime
    status: Literal["ACCEPTED"] | DiscrepancyKind
    conflicting_value: str | None
    lot: str | None
    expiry: date | None
    manufactured_on: date | None
    expiry_source: ExpirySource | None
    inferred_from: str | None
    scan: str | None
    """Text as the scanner sent it; null if the number was typed."""


class SessionDetail(SessionSummary):
    """A session with its unconfirmed scans of serial numbers and the first 500 of its lots."""

    scans: Page[ScanOut]
    lots: list[LotScanOut]


def _to_session_out(row: Row[Any]) -> SessionSummary:
    return SessionSummary.model_validate(row._asdict())


@router.get("/receipts/{receipt}/sessions")
async def list_sessions(
    tx: ReadTransaction, receipt: ReceiptPath, page: Annotated[PageRequest, paged_by(queries.SESSION_SORTS)]
) -> Page[SessionSummary]:
    """List the scanning sessions of a receipt."""
    await get_receipt_or_404(tx, receipt)
    rows = await page.fetch(tx, queries.select_sessions, {"receipt": receipt, "only": None})
    return page.build(rows, _to_session_out)


@router.get("/receipts/{receipt}/sessions/{session}")
async def get_session(
    tx: ReadTransaction,
    receipt: ReceiptPath,
    session: Annotated[str, Path(description="Scanning session of the receipt.")],
    *,
    page: Annotated[PageRequest, paged_by(queries.SCAN_SORTS)],
) -> SessionDetail:
    """Get a session and its scans, for review before confirmation."""
    only_one = first_page(queries.SESSION_SORTS, 1)
    found = await only_one.fetch(tx, queries.select_sessions, {"receipt": receipt, "only": session})
    if not found:
        raise NotFoundError(
            f"Session {session} of receipt {receipt} not found", ids=[session], code=Code.SESSION_NOT_FOUND
        )
    in_session = {"receipt": receipt, "session": session}
    rows = await page.fetch(tx, queries.select_scans, in_session)
    scans = page.build(rows, lambda row: ScanOut.model_validate(row._asdict()))
    first_lots = first_page(queries.LOT_SORTS, MAX_LOTS)
    lot_rows = await first_lots.fetch(tx, queries.select_lot_scans, in_session | {"sku": None})
    return SessionDetail(**found[0]._asdict(), scans=scans, lots=first_lots.build(lot_rows, to_lot_scan_out).items)
