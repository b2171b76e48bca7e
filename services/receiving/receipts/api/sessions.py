"""Sessions of scans, until they are confirmed."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path
from sqlalchemy import Row

from services.receiving.receipts import queries
from services.receiving.receipts.api.lots import LOTS, LotScanOut, lot_shown
from services.receiving.receipts.api.receipts import ReceiptPath, head
from services.receiving.receipts.domain.records import SessionState
from shared.contracts.model import KnownFieldsModel
from shared.contracts.receiving import DiscrepancyKind
from shared.http import Cursor, Limit, NotFound, Page, Reading, page, parts

router = APIRouter(tags=["receipts"])


class SessionSummary(KnownFieldsModel):
    """Scans of one person on one receipt."""

    session: str
    owner: str
    state: SessionState
    opened_at: datetime
    ended_at: datetime | None


class ScanOut(KnownFieldsModel):
    """An unconfirmed scan: accepted, or a discrepancy once confirmed."""

    serial: str
    sku: str
    line: str | None
    location: str
    actor: str
    at: datetime
    verdict: Literal["ACCEPTED"] | DiscrepancyKind
    other: str | None
    lot: str | None
    expiry: date | None


class SessionDetail(SessionSummary):
    """A session with its unconfirmed scans of serials, and the first 500 of the lots that it counted."""

    scans: Page[ScanOut]
    lots: list[LotScanOut]


def _shown(row: Row[Any]) -> SessionSummary:
    return SessionSummary.model_validate(row._asdict())


@router.get("/receipts/{receipt}/sessions")
async def list_sessions(
    tx: Reading, receipt: ReceiptPath, cursor: Cursor = None, limit: Limit = 100
) -> Page[SessionSummary]:
    """The sessions of a receipt."""
    await head(tx, receipt)
    (after,) = parts(cursor, str) or ("",)
    found = await queries.sessions(tx, receipt, after=after, size=limit + 1)
    return page(found, limit, _shown, lambda row: (row.session,))


@router.get("/receipts/{receipt}/sessions/{session}")
async def get_session(
    tx: Reading,
    receipt: ReceiptPath,
    session: Annotated[str, Path(description="Scanning session.")],
    cursor: Cursor = None,
    limit: Limit = 100,
) -> SessionDetail:
    """A session and its scans, to be checked before they are confirmed."""
    found = await queries.sessions(tx, receipt, one=session)
    if not found:
        raise NotFound(f"receipt {receipt} has no session {session}", ids=[session])
    serial, sku = parts(cursor, str, str) or ("", "")
    rows = await queries.scans(tx, receipt=receipt, session=session, serial=serial, sku=sku, size=limit + 1)
    scans = page(rows, limit, lambda row: ScanOut.model_validate(row._asdict()), lambda row: (row.serial, row.sku))
    lots = [lot_shown(row) for row in await queries.lots(tx, receipt, session=session, size=LOTS)]
    return SessionDetail(**found[0]._asdict(), scans=scans, lots=lots)
