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
from shared.contracts.receiving import DiscrepancyKind
from shared.http import Cursor, Limit, NotFoundError, Page, ReadTransaction, decode_cursor, paginate

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


class SessionDetail(SessionSummary):
    """A session with its unconfirmed scans of serial numbers and the first 500 of its lots."""

    scans: Page[ScanOut]
    lots: list[LotScanOut]


def _to_session_out(row: Row[Any]) -> SessionSummary:
    return SessionSummary.model_validate(row._asdict())


@router.get("/receipts/{receipt}/sessions")
async def list_sessions(
    tx: ReadTransaction, receipt: ReceiptPath, cursor: Cursor = None, limit: Limit = 100
) -> Page[SessionSummary]:
    """List the scanning sessions of a receipt."""
    await get_receipt_or_404(tx, receipt)
    (after,) = decode_cursor(cursor, str) or ("",)
    found = await queries.find_sessions(tx, receipt, after=after, size=limit + 1)
    return paginate(found, limit, _to_session_out, lambda row: (row.session,))


@router.get("/receipts/{receipt}/sessions/{session}")
async def get_session(
    tx: ReadTransaction,
    receipt: ReceiptPath,
    session: Annotated[str, Path(description="Scanning session of the receipt.")],
    cursor: Cursor = None,
    limit: Limit = 100,
) -> SessionDetail:
    """Get a session and its scans, for review before confirmation."""
    found = await queries.find_sessions(tx, receipt, session=session)
    if not found:
        raise NotFoundError(
            f"Session {session} of receipt {receipt} not found", ids=[session], code=Code.SESSION_NOT_FOUND
        )
    serial, sku = decode_cursor(cursor, str, str) or ("", "")
    rows = await queries.find_scans(tx, receipt=receipt, session=session, serial=serial, sku=sku, size=limit + 1)
    scans = paginate(rows, limit, lambda row: ScanOut.model_validate(row._asdict()), lambda row: (row.serial, row.sku))
    lots = [to_lot_scan_out(row) for row in await queries.find_lot_scans(tx, receipt, session=session, size=MAX_LOTS)]
    return SessionDetail(**found[0]._asdict(), scans=scans, lots=lots)
