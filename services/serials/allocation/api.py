"""Demands over HTTP: who wants what, and what is open of it."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from sqlalchemy import Row

from services.serials.allocation import queries
from services.serials.allocation.domain.demand import DemandStatus
from shared.contracts.fulfillment import Shortfall
from shared.contracts.model import KnownFieldsModel
from shared.http import Cursor, Limit, OrderFilter, Page, Reading, SkuFilter, StatusFilter, page, parts

router = APIRouter(tags=["demands"])


class DemandOut(KnownFieldsModel):
    """What an order line wants, and what of it is open; one withdrawn before it was asked for names no more."""

    demand: str
    status: DemandStatus
    order: str
    line: str
    sku: str
    warehouse: str | None
    customer: str | None
    priority: int | None
    placed_at: datetime | None
    shortfall: Shortfall | None
    quantity: int
    open: int
    min_life_days: int | None
    single_lot: bool | None
    lots: list[str] | None
    serials: list[str]


def _shown(row: Row[Any]) -> DemandOut:
    return DemandOut.model_validate(row._asdict() | {"demand": row.id, "order": row.order_id})


@router.get("/demands")
async def list_demands(
    tx: Reading,
    *,
    sku: SkuFilter = None,
    order: OrderFilter = None,
    status: StatusFilter[DemandStatus] = None,
    waiting: Annotated[bool, Query(description="Only those with an open quantity.")] = False,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[DemandOut]:
    """Demands in order of their ids."""
    (after,) = parts(cursor, str) or ("",)
    rows = await queries.listed(tx, sku=sku, order=order, status=status, waiting=waiting, after=after, size=limit + 1)
    return page(rows, limit, _shown, lambda row: (row.id,))
