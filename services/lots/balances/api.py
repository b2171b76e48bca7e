"""Open holds over HTTP."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from sqlalchemy import Row

from services.lots.balances import queries
from services.lots.balances.domain.stock import HoldKind
from shared.contracts.model import KnownFieldsModel
from shared.http import Cursor, HoldFilter, Limit, LotFilter, Page, Reading, SkuFilter, page, parts
from shared.identifiers import Exact

router = APIRouter(tags=["holds"])


class HoldOut(KnownFieldsModel):
    """A hold on a lot, everywhere or at one place, since when and why, and how much it keeps there."""

    hold: str
    sku: str
    lot: str
    location: str | None
    kind: HoldKind
    reason: str
    role: str
    return_id: str | None
    on_hand: Exact
    allocated: Exact
    opened_by: str
    opened_at: datetime


def _shown(row: Row[Any]) -> HoldOut:
    return HoldOut.model_validate(row._asdict())


@router.get("/holds")
async def list_holds(
    tx: Reading,
    *,
    sku: SkuFilter = None,
    lot: LotFilter = None,
    hold: HoldFilter = None,
    kind: Annotated[HoldKind | None, Query(description="Kind of hold.")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[HoldOut]:
    """Open holds, one item a lot or a lot at a place, the oldest first."""
    (after,) = parts(cursor, int) or (0,)
    rows = await queries.open_holds(tx, size=limit + 1, after=after, sku=sku, lot=lot, hold=hold, kind=kind)
    return page(rows, limit, _shown, lambda row: (row.id,))
