"""HTTP endpoints for open holds."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter

from services.serials.units import queries
from shared.contracts.model import KnownFieldsModel
from shared.contracts.serials import SerialStatus
from shared.http import HoldFilter, Page, PageRequest, ReadTransaction, SkuFilter, paged_by

router = APIRouter(tags=["holds"])


class SerialHoldSummary(KnownFieldsModel):
    """Open hold on a unit, with its reason and the order that it blocks."""

    hold_id: str
    sku: str
    serial: str
    status: SerialStatus
    location: str | None
    order: str | None
    reason: str
    opened_by: str
    opened_at: datetime


class StandingHoldOut(KnownFieldsModel):
    """Open hold on lot numbers or of a recall, which also applies to units that arrive later."""

    hold_id: str
    sku: str
    recall: str | None
    lots: list[str]
    scan: str | None
    reason: str
    opened_by: str
    opened_at: datetime


@router.get("/holds")
async def list_holds(
    tx: ReadTransaction,
    *,
    sku: SkuFilter = None,
    hold: HoldFilter = None,
    page: Annotated[PageRequest, paged_by(queries.HOLD_SORTS)],
) -> Page[SerialHoldSummary]:
    """List open holds, one item per unit, oldest first."""
    rows = await page.fetch(tx, queries.select_open_holds, {"sku": sku, "hold_id": hold})
    return page.build(rows, lambda row: SerialHoldSummary.model_validate(row._asdict()))


@router.get("/standing-holds")
async def list_standing_holds(
    tx: ReadTransaction,
    *,
    sku: SkuFilter = None,
    page: Annotated[PageRequest, paged_by(queries.STANDING_HOLD_SORTS)],
) -> Page[StandingHoldOut]:
    """List open standing holds, ordered by product and hold."""
    rows = await page.fetch(tx, queries.select_standing_holds, {"sku": sku})
    return page.build(rows, lambda row: StandingHoldOut.model_validate(row._asdict()))
