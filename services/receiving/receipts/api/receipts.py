"""Receipts, their lines, and what a scanner is to be prompted for."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from sqlalchemy import Row

from services.receiving.receipts import queries
from services.receiving.receipts.domain.records import ReceiptKind, ReceiptStatus
from shared.contracts.model import KnownFieldsModel
from shared.contracts.reference import Tracking
from shared.database import Transaction
from shared.http import Cursor, Limit, NotFound, Page, Reading, SkuFilter, StatusFilter, WarehouseFilter, page, parts
from shared.identifiers import Exact

router = APIRouter(tags=["receipts"])
LINES = 500
ReceiptPath = Annotated[str, Path(description="Receipt.")]


class ReceiptSummary(KnownFieldsModel):
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


class ReceiptLineOut(KnownFieldsModel):
    """One line, announced against scanned and received.

    A line is filled by scans alone: `missing` goes down with each confirmed one.
    `expected_by_name` and `expected_unnamed` are what a scanner is still to be prompted for.
    """

    line: str
    sku: str
    tracking: Tracking | None
    waiting: bool
    announced: Exact
    scanned: Exact
    received: Exact
    missing: Exact
    expected_by_name: int
    expected_unnamed: Exact


class ReceiptDetail(ReceiptSummary):
    """A receipt with its first 500 lines; `lines.next` is a cursor for the list of its lines."""

    lines: Page[ReceiptLineOut]


class ExpectedUnit(KnownFieldsModel):
    """A unit that a receipt expects by name."""

    serial: str
    sku: str
    line: str


@router.get("/receipts")
async def list_receipts(
    tx: Reading,
    *,
    status: StatusFilter[ReceiptStatus] = None,
    kind: Annotated[ReceiptKind | None, Query(description="Kind of receipt.")] = None,
    warehouse: WarehouseFilter = None,
    sku: SkuFilter = None,
    q: Annotated[str | None, Query(description="Part of the receipt number or supplier.")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[ReceiptSummary]:
    """Receipts in order of their numbers."""
    (after,) = parts(cursor, str) or ("",)
    found = await queries.receipts(
        tx, status=status, kind=kind, warehouse=warehouse, sku=sku, search=q, after=after, size=limit + 1
    )
    return page(found, limit, lambda row: ReceiptSummary.model_validate(row._asdict()), lambda row: (row.receipt,))


@router.get("/receipts/{receipt}/lines")
async def list_receipt_lines(
    tx: Reading, receipt: ReceiptPath, cursor: Cursor = None, limit: Limit = 100
) -> Page[ReceiptLineOut]:
    """A receipt's lines."""
    await head(tx, receipt)
    return await _lines(tx, receipt, cursor, limit)


@router.get("/receipts/{receipt}/expected")
async def list_expected_units(
    tx: Reading,
    receipt: ReceiptPath,
    *,
    line: Annotated[str | None, Query(description="Line of the receipt.")] = None,
    sku: SkuFilter = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[ExpectedUnit]:
    """The units that a receipt still expects by name, for a scanner to prompt for."""
    await head(tx, receipt)
    serial, of = parts(cursor, str, str) or ("", "")
    found = await queries.expected(tx, receipt=receipt, line=line, of=sku, serial=serial, sku=of, size=limit + 1)
    return page(found, limit, lambda row: ExpectedUnit.model_validate(row._asdict()), lambda row: (row.serial, row.sku))


@router.get("/receipts/{receipt}")
async def get_receipt(tx: Reading, receipt: ReceiptPath) -> ReceiptDetail:
    """One receipt, line by line."""
    found = await head(tx, receipt)
    return ReceiptDetail(**found._asdict(), lines=await _lines(tx, receipt, None, LINES))


async def head(tx: Transaction, receipt: str) -> Row[Any]:
    """A receipt's head; a 404 where there is none."""
    found = await queries.receipt(tx, receipt)
    if found is None:
        raise NotFound(f"there is no receipt {receipt}", ids=[receipt])
    return found


async def _lines(tx: Transaction, receipt: str, cursor: str | None, limit: int) -> Page[ReceiptLineOut]:
    (after,) = parts(cursor, str) or ("",)
    found = await queries.lines(tx, receipt, after=after, size=limit + 1)
    return page(found, limit, lambda row: ReceiptLineOut.model_validate(row._asdict()), lambda row: (row.line,))
