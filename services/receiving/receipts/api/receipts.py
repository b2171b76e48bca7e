"""HTTP API of receipts, their lines and expected units."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from sqlalchemy import Row

from services.receiving.receipts import queries
from services.receiving.receipts.domain.announced_lots import parse_lots
from services.receiving.receipts.domain.records import ReceiptKind, ReceiptStatus
from shared.contracts.model import KnownFieldsModel
from shared.contracts.problems import Code
from shared.contracts.reference import Tracking
from shared.http import (
    AwaitingWarehouseFilter,
    NotFoundError,
    Page,
    PageRequest,
    ReadTransaction,
    SkuFilter,
    StatusFilter,
    WarehouseFilter,
    first_page,
    paged_by,
    select_list,
)
from shared.identifiers import SignedQuantity, fold_lot, resource_path
from shared.persistence.database import Transaction

router = APIRouter(tags=["receipts"])
MAX_LINES = 500
LOT_FIELDS = {"lot", "expiry", "manufactured_on", "best_before"}
ReceiptPath = Annotated[str, Path(description="Receipt number.")]


class ReceiptSummary(KnownFieldsModel):
    """A receipt without its lines."""

    receipt: str
    kind: ReceiptKind
    warehouse: str
    awaiting_warehouse: bool
    supplier: str
    expected_at: datetime | None
    status: ReceiptStatus
    created_at: datetime
    ended_at: datetime | None
    reason: str


class AnnouncedLotOut(KnownFieldsModel):
    """A quantity of a lot with its dates, as the ASN announces it."""

    lot: str
    quantity: SignedQuantity
    expiry: date | None
    manufactured_on: date | None
    best_before: date | None
    received: SignedQuantity | None
    """Received quantity of the lot on the whole receipt; null for units, and for dates without a lot.

    More than announced is no discrepancy while the line total fits."""


class ReceiptLineOut(KnownFieldsModel):
    """A receipt line with its expected, scanned and received quantities.

    `missing_quantity` decreases with each confirmed scan and is zero after the closing, which makes `short_quantity` of
    it; `over_quantity` was received beyond what the ASN says.
    `open_listed_serials` and `open_unlisted_quantity` are the serial numbers and the quantity still to scan; `lots` is
    what the ASN announces about their lots and dates.
    """

    line: str
    sku: str
    tracking: Tracking | None
    awaiting_product: bool
    expected_quantity: SignedQuantity
    scanned: SignedQuantity
    received: SignedQuantity
    missing_quantity: SignedQuantity
    short_quantity: SignedQuantity
    rejected_quantity: SignedQuantity
    over_quantity: SignedQuantity
    open_listed_serials: int
    open_unlisted_quantity: SignedQuantity
    lots: list[AnnouncedLotOut]


class ReceiptDetail(ReceiptSummary):
    """A receipt with its first 500 lines; `lines.next` is a cursor for the list of lines."""

    lines: Page[ReceiptLineOut]


class ExpectedUnitOut(KnownFieldsModel):
    """An expected unit with a listed serial number, and the lot and dates that its ASN announces."""

    serial: str
    sku: str
    line: str
    lot: str | None
    expiry: date | None
    manufactured_on: date | None
    best_before: date | None


@router.get("/receipts")
async def list_receipts(
    tx: ReadTransaction,
    *,
    status: StatusFilter[ReceiptStatus] = None,
    kind: Annotated[ReceiptKind | None, Query(description="Kind of receipt.")] = None,
    warehouse: WarehouseFilter = None,
    awaiting_warehouse: AwaitingWarehouseFilter = None,
    sku: SkuFilter = None,
    q: Annotated[str | None, Query(description="Part of the receipt number or supplier.")] = None,
    page: Annotated[PageRequest, paged_by(queries.SORTS)],
) -> Page[ReceiptSummary]:
    """List receipts by number, by the time of their creation or by that of their expected arrival."""
    filters = {
        "status": status, "kind": kind, "warehouse": warehouse, "awaiting_warehouse": awaiting_warehouse, "sku": sku,
        "search": q,
    }  # fmt: skip
    rows = await page.fetch(tx, queries.select_receipts, filters)
    return page.build(rows, lambda row: ReceiptSummary.model_validate(row._asdict()))


@router.get("/receipts/{receipt}/lines")
async def list_receipt_lines(
    tx: ReadTransaction, receipt: ReceiptPath, page: Annotated[PageRequest, paged_by(queries.LINE_SORTS)]
) -> Page[ReceiptLineOut]:
    """List the lines of a receipt."""
    await get_receipt_or_404(tx, receipt)
    return await _page_of_lines(tx, receipt, page)


@router.get("/receipts/{receipt}/expected")
async def list_expected_units(
    tx: ReadTransaction,
    receipt: ReceiptPath,
    *,
    line: Annotated[str | None, Query(description="Line number of the receipt.")] = None,
    sku: SkuFilter = None,
    page: Annotated[PageRequest, paged_by(queries.EXPECTED_SORTS)],
) -> Page[ExpectedUnitOut]:
    """List the units with listed serial numbers that a receipt still expects."""
    await get_receipt_or_404(tx, receipt)
    rows = await page.fetch(tx, queries.select_expected, {"receipt": receipt, "line": line, "filter_sku": sku})
    return page.build(rows, lambda row: ExpectedUnitOut.model_validate(row._asdict()))


@router.get("/receipts/{receipt}")
async def get_receipt(tx: ReadTransaction, receipt: ReceiptPath) -> ReceiptDetail:
    """Get a receipt with its lines."""
    found = await get_receipt_or_404(tx, receipt)
    select_list(f"{resource_path('receipts', receipt)}/lines")
    return ReceiptDetail(
        **found._asdict(), lines=await _page_of_lines(tx, receipt, first_page(queries.LINE_SORTS, MAX_LINES))
    )


async def get_receipt_or_404(tx: Transaction, receipt: str) -> Row[Any]:
    """Find a receipt, or raise a 404 error."""
    row = await queries.find_receipt(tx, receipt)
    if row is None:
        raise NotFoundError(f"Receipt {receipt} not found", ids=[receipt], code=Code.RECEIPT_NOT_FOUND)
    return row


async def _page_of_lines(tx: Transaction, receipt: str, page: PageRequest) -> Page[ReceiptLineOut]:
    rows = await page.fetch(tx, queries.select_lines, {"receipt": receipt})
    return page.build(rows, _to_line)


def _to_line(row: Row[Any]) -> ReceiptLineOut:
    received = row.received_lots or {}
    lots = [
        AnnouncedLotOut(
            quantity=lot.count,
            received=received.get(fold_lot(lot.lot), 0) if lot.lot and row.tracking == "LOT" else None,
            **lot.model_dump(include=LOT_FIELDS),
        )
        for lot in parse_lots(row.lots)
    ]
    return ReceiptLineOut.model_validate(row._asdict() | {"lots": lots})
