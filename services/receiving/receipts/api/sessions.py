"""Sessions of scans, until they are confirmed."""

from datetime import date, datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import Row

from services.receiving.receipts import queries
from services.receiving.receipts.api.lots import LOTS, LotScanShown, lot_shown
from services.receiving.receipts.api.receipts import head
from services.receiving.receipts.domain.records import SessionState
from shared.http import Limit, NotFound, Page, Reading, page, parts

router = APIRouter(tags=["receipts"])


class SessionShown(BaseModel):
    """Scans of one person on one receipt."""

    session: str
    owner: str
    state: SessionState
    opened_at: datetime
    ended_at: datetime | None


class ScanShown(BaseModel):
    """An unconfirmed scan: accepted, or a discrepancy once confirmed."""

    serial: str
    sku: str
    line: str | None
    location: str
    actor: str
    at: datetime
    verdict: str
    other: str | None
    lot: str | None
    expiry: date | None


class WholeSession(SessionShown):
    """A session with its unconfirmed scans of serials, and the first 500 of the lots that it counted."""

    scans: Page[ScanShown]
    lots: list[LotScanShown]


def _shown(row: Row[Any]) -> SessionShown:
    return SessionShown.model_validate(row._asdict())


@router.get("/receipts/{receipt:path}/sessions")
async def sessions(tx: Reading, receipt: str, cursor: str | None = None, limit: Limit = 100) -> Page[SessionShown]:
    """The sessions of a receipt."""
    await head(tx, receipt)
    (after,) = parts(cursor, str) or ("",)
    found = await queries.sessions(tx, receipt, after=after, size=limit + 1)
    return page(found, limit, _shown, lambda row: (row.session,))


@router.get("/receipts/{receipt:path}/sessions/{session}")
async def session(
    tx: Reading, receipt: str, session: str, cursor: str | None = None, limit: Limit = 100
) -> WholeSession:
    """One session and its scans, to be verified before they are confirmed."""
    found = await queries.sessions(tx, receipt, one=session)
    if not found:
        raise NotFound(f"receipt {receipt} has no session {session}", ids=[session])
    serial, sku = parts(cursor, str, str) or ("", "")
    rows = await queries.scans(tx, receipt=receipt, session=session, serial=serial, sku=sku, size=limit + 1)
    scans = page(rows, limit, lambda row: ScanShown.model_validate(row._asdict()), lambda row: (row.serial, row.sku))
    lots = [lot_shown(row) for row in await queries.lots(tx, receipt, session=session, size=LOTS)]
    return WholeSession(**found[0]._asdict(), scans=scans, lots=lots)
