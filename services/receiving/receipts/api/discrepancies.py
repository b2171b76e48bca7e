"""Discrepancies, and how each was resolved."""

from datetime import date, datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import Row

from services.receiving.receipts import queries
from services.receiving.receipts.api.receipts import head
from services.receiving.receipts.domain.resolving import fitting
from shared.contracts.receiving import DiscrepancyKind, Resolution
from shared.http import Limit, NotFound, Page, Reading, page, parts

router = APIRouter(tags=["discrepancies"])


class DiscrepancyShown(BaseModel):
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
    quantity: float
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


def _shown(row: Row[Any]) -> DiscrepancyShown:
    fits = [] if row.resolution else sorted(fitting(row.kind, row.scan))
    serials = [row.serial] if row.serial else row.missing
    return DiscrepancyShown.model_validate(row._asdict() | {"serials": serials, "fitting": fits})


@router.get("/receipts/{receipt:path}/discrepancies")
async def of_receipt(
    tx: Reading,
    receipt: str,
    *,
    open: bool | None = None,  # noqa: A002 - what it is called in the address
    cursor: str | None = None,
    limit: Limit = 100,
) -> Page[DiscrepancyShown]:
    """The discrepancies of a receipt, the oldest first."""
    await head(tx, receipt)
    (after,) = parts(cursor, str) or ("",)
    found = await queries.discrepancies(
        tx, receipt=receipt, kind=None, sku=None, open=open, after=after, size=limit + 1
    )
    return page(found, limit, _shown, lambda row: (row.discrepancy,))


@router.get("/discrepancies")
async def discrepancies(
    tx: Reading,
    *,
    receipt: str | None = None,
    kind: DiscrepancyKind | None = None,
    sku: str | None = None,
    open: bool | None = None,  # noqa: A002 - what it is called in the address
    cursor: str | None = None,
    limit: Limit = 100,
) -> Page[DiscrepancyShown]:
    """Discrepancies of all receipts, the oldest first."""
    (after,) = parts(cursor, str) or ("",)
    found = await queries.discrepancies(tx, receipt=receipt, kind=kind, sku=sku, open=open, after=after, size=limit + 1)
    return page(found, limit, _shown, lambda row: (row.discrepancy,))


@router.get("/discrepancies/{discrepancy}")
async def discrepancy(tx: Reading, discrepancy: str) -> DiscrepancyShown:
    """One discrepancy, and which resolutions fit it."""
    found = await queries.discrepancy(tx, discrepancy)
    if found is None:
        raise NotFound(f"there is no discrepancy {discrepancy}", ids=[discrepancy])
    return _shown(found)
