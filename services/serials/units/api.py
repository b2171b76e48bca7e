"""HTTP endpoints for open holds."""

from datetime import datetime

from fastapi import APIRouter

from services.serials.units import queries
from shared.contracts.model import KnownFieldsModel
from shared.contracts.serials import SerialStatus
from shared.http import Cursor, HoldFilter, Limit, Page, ReadTransaction, SkuFilter, decode_cursor, paginate

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
    reason: str
    opened_by: str
    opened_at: datetime


@router.get("/holds")
async def list_holds(
    tx: ReadTransaction, *, sku: SkuFilter = None, hold: HoldFilter = None, cursor: Cursor = None, limit: Limit = 100
) -> Page[SerialHoldSummary]:
    """List open holds, one item per unit, oldest first."""
    after = decode_cursor(cursor, int, int) or (0, 0)
    rows = await queries.list_open_holds(tx, sku=sku, hold_id=hold, after=(after[0], after[1]), size=limit + 1)
    return paginate(
        rows,
        limit,
        lambda row: SerialHoldSummary.model_validate(row._asdict()),
        lambda row: (row.opened_operation_id, row.serial_id),
    )


@router.get("/standing-holds")
async def list_standing_holds(
    tx: ReadTransaction, *, sku: SkuFilter = None, cursor: Cursor = None, limit: Limit = 100
) -> Page[StandingHoldOut]:
    """List open standing holds, ordered by product and hold."""
    after = decode_cursor(cursor, str, str, str) or ("", "", "")
    rows = await queries.list_standing_holds(tx, sku=sku, after=(after[0], after[1], after[2]), size=limit + 1)
    return paginate(
        rows,
        limit,
        lambda row: StandingHoldOut.model_validate(row._asdict()),
        lambda row: (row.sku, row.hold_id, row.recall or ""),
    )
