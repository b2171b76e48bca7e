"""Discrepancies, and how each was resolved."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from sqlalchemy import Row

from services.receiving.receipts import queries
from services.receiving.receipts.api.receipts import ReceiptPath, head
from services.receiving.receipts.domain.resolving import fitting
from shared.contracts.model import KnownFieldsModel
from shared.contracts.receiving import DiscrepancyKind, Resolution
from shared.http import Cursor, Limit, NotFound, OpenFilter, Page, Reading, SkuFilter, page, parts
from shared.identifiers import Exact

router = APIRouter(tags=["discrepancies"])


class DiscrepancyOut(KnownFieldsModel):
    """What came is not what was announced; `other` is what stands against it, `fitting` what may be decided."""

    discrepancy: str
    receipt: str
    session: str | None
    kind: DiscrepancyKind
    line: str | None
    sku: str
    serials: list[str]
    lot: str | None
    expiry: date | None
    quantity: Exact
    location: str | None
    other: str | None
    found_at: datetime
    found_by: str
    resolution: Resolution | None
    tied_to: str | None
    reason: str
    resolved_at: datetime | None
    resolved_by: str | None
    fitting: list[Resolution]


def _shown(row: Row[Any]) -> DiscrepancyOut:
    fits = [] if row.resolution else sorted(fitting(row.kind, row.scan))
    serials = [row.serial] if row.serial else row.missing
    return DiscrepancyOut.model_validate(row._asdict() | {"serials": serials, "fitting": fits})


@router.get("/receipts/{receipt}/discrepancies")
async def list_receipt_discrepancies(
    tx: Reading,
    receipt: ReceiptPath,
    *,
    open: OpenFilter = None,  # noqa: A002 - the name of the parameter
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[DiscrepancyOut]:
    """The discrepancies of a receipt, the oldest first."""
    await head(tx, receipt)
    (after,) = parts(cursor, str) or ("",)
    found = await queries.discrepancies(
        tx, receipt=receipt, kind=None, sku=None, open=open, after=after, size=limit + 1
    )
    return page(found, limit, _shown, lambda row: (row.discrepancy,))


@router.get("/discrepancies")
async def list_discrepancies(
    tx: Reading,
    *,
    receipt: Annotated[str | None, Query(description="Receipt.")] = None,
    kind: Annotated[DiscrepancyKind | None, Query(description="Kind of discrepancy.")] = None,
    sku: SkuFilter = None,
    open: OpenFilter = None,  # noqa: A002 - the name of the parameter
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[DiscrepancyOut]:
    """Discrepancies of all receipts, the oldest first."""
    (after,) = parts(cursor, str) or ("",)
    found = await queries.discrepancies(tx, receipt=receipt, kind=kind, sku=sku, open=open, after=after, size=limit + 1)
    return page(found, limit, _shown, lambda row: (row.discrepancy,))


@router.get("/discrepancies/{discrepancy}")
async def get_discrepancy(tx: Reading, discrepancy: Annotated[str, Path(description="Discrepancy.")]) -> DiscrepancyOut:
    """One discrepancy, and which resolutions fit it."""
    found = await queries.discrepancy(tx, discrepancy)
    if found is None:
        raise NotFound(f"there is no discrepancy {discrepancy}", ids=[discrepancy])
    return _shown(found)
