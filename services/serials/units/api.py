"""Open holds over HTTP."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from sqlalchemy import Row

from services.serials.units import queries
from shared.contracts.model import KnownFieldsModel
from shared.contracts.serials import Status
from shared.http import Cursor, HoldFilter, Limit, Page, Reading, SkuFilter, page, parts

router = APIRouter(tags=["holds"])


class HoldOut(KnownFieldsModel):
    """A hold on a unit, since when and why, and the order that it keeps waiting."""

    hold: str
    sku: str
    serial: str
    status: Status
    location: str | None
    order: str | None
    reason: str
    opened_by: str
    opened_at: datetime


class StandingHoldOut(KnownFieldsModel):
    """A hold on lot numbers, or of a recall, whatever arrives; its units are listed as holds."""

    hold: str
    sku: str
    recall: str | None
    lots: list[str]
    reason: str
    opened_by: str
    opened_at: datetime


def _shown(row: Row[Any]) -> HoldOut:
    return HoldOut.model_validate(row._asdict() | {"order": row.order_id})


@router.get("/holds")
async def list_holds(
    tx: Reading, *, sku: SkuFilter = None, hold: HoldFilter = None, cursor: Cursor = None, limit: Limit = 100
) -> Page[HoldOut]:
    """Open holds, one item a unit, the oldest first."""
    after = parts(cursor, int, int) or (0, 0)
    rows = await queries.open_holds(tx, sku=sku, hold=hold, after=(after[0], after[1]), size=limit + 1)
    return page(rows, limit, _shown, lambda row: (row.opened, row.serial_id))


@router.get("/standing-holds")
async def list_standing_holds(
    tx: Reading, *, sku: SkuFilter = None, cursor: Cursor = None, limit: Limit = 100
) -> Page[StandingHoldOut]:
    """Open holds on lot numbers and of recalls, which also hold units that arrive; by product and hold."""
    after = parts(cursor, str, str, str) or ("", "", "")
    rows = await queries.open_scopes(tx, sku=sku, after=(after[0], after[1], after[2]), size=limit + 1)
    return page(
        rows,
        limit,
        lambda row: StandingHoldOut.model_validate(row._asdict()),
        lambda row: (row.sku, row.hold, row.recall or ""),
    )
