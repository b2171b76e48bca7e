"""Receipts, their lines, and what a scanner is to be prompted for."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import Row

from services.receiving.receipts import queries
from services.receiving.receipts.domain.records import ReceiptKind, ReceiptStatus
from shared.contracts.reference import Tracking
from shared.database import Transaction
from shared.http import Limit, NotFound, Page, Reading, page, parts

router = APIRouter(tags=["receipts"])
LINES = 500


class ReceiptShown(BaseModel):
    """A receipt's head; its warehouse is empty while only its cancellation is known."""

    receipt: str
    kind: ReceiptKind
    warehouse: str | None
    supplier: str
    expected_at: datetime | None
    status: ReceiptStatus
    created_at: datetime
    ended_at: datetime | None
    reason: str


class LineShown(BaseModel):
    """One line, announced against scanned and received.

    A line is filled by scans alone: `missing` goes down with each confirmed one.
    `expected_by_name` and `expected_unnamed` are what a scanner is still to be prompted for.
    """

    line: str
    sku: str
    tracking: Tracking | None
    waiting: bool
    announced: float
    scanned: float
    received: float
    missing: float
    expected_by_name: int
    expected_unnamed: float


class WholeReceipt(ReceiptShown):
    """A receipt with its first 500 lines; `next_lines` is the cursor of the following ones."""

    lines: list[LineShown]
    next_lines: str | None


class ExpectedUnit(BaseModel):
    """A unit that a receipt expects by name."""

    serial: str
    sku: str
    line: str


@router.get("/receipts")
async def receipts(
    tx: Reading,
    *,
    status: ReceiptStatus | None = None,
    kind: ReceiptKind | None = None,
    warehouse: str | None = None,
    sku: str | None = None,
    search: str | None = None,
    cursor: str | None = None,
    limit: Limit = 100,
) -> Page[ReceiptShown]:
    """Receipts by name; a search looks into name and supplier."""
    (after,) = parts(cursor, str) or ("",)
    found = await queries.receipts(
        tx, status=status, kind=kind, warehouse=warehouse, sku=sku, search=search, after=after, size=limit + 1
    )
    return page(found, limit, lambda row: ReceiptShown.model_validate(row._asdict()), lambda row: (row.receipt,))


@router.get("/receipts/{receipt:path}/lines")
async def lines(tx: Reading, receipt: str, cursor: str | None = None, limit: Limit = 100) -> Page[LineShown]:
    """A receipt's lines."""
    await head(tx, receipt)
    return await _lines(tx, receipt, cursor, limit)


@router.get("/receipts/{receipt:path}/expected")
async def expected(
    tx: Reading,
    receipt: str,
    *,
    line: str | None = None,
    sku: str | None = None,
    cursor: str | None = None,
    limit: Limit = 100,
) -> Page[ExpectedUnit]:
    """The units that a receipt still expects by name, for a scanner to prompt for."""
    await head(tx, receipt)
    serial, of = parts(cursor, str, str) or ("", "")
    found = await queries.expected(tx, receipt=receipt, line=line, of=sku, serial=serial, sku=of, size=limit + 1)
    return page(found, limit, lambda row: ExpectedUnit.model_validate(row._asdict()), lambda row: (row.serial, row.sku))


@router.get("/receipts/{receipt:path}")
async def receipt(tx: Reading, receipt: str) -> WholeReceipt:
    """One receipt, line by line."""
    found = await head(tx, receipt)
    first = await _lines(tx, receipt, None, LINES)
    return WholeReceipt(**found._asdict(), lines=first.items, next_lines=first.next)


async def head(tx: Transaction, receipt: str) -> Row[Any]:
    """A receipt's head; a 404 where there is none."""
    found = await queries.receipt(tx, receipt)
    if found is None:
        raise NotFound(f"there is no receipt {receipt}", ids=[receipt])
    return found


async def _lines(tx: Transaction, receipt: str, cursor: str | None, limit: int) -> Page[LineShown]:
    (after,) = parts(cursor, str) or ("",)
    found = await queries.lines(tx, receipt, after=after, size=limit + 1)
    return page(found, limit, lambda row: LineShown.model_validate(row._asdict()), lambda row: (row.line,))
