"""Demands over HTTP: who wants what, and what is open of it."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from sqlalchemy import Row

from services.serials.allocation import queries
from services.serials.allocation.domain.demand import DemandStatus
from shared.contracts.fulfillment import Shortfall
from shared.contracts.model import KnownFieldsModel
from shared.http import Limit, Page, Reading, page, parts

router = APIRouter(tags=["demands"])


class DemandShown(KnownFieldsModel):
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


def _shown(row: Row[Any]) -> DemandShown:
    return DemandShown.model_validate(row._asdict() | {"demand": row.id, "order": row.order_id})


@router.get("/demands")
async def demands(
    tx: Reading,
    *,
    product: str | None = None,
    order: str | None = None,
    waiting: bool = False,
    cursor: str | None = None,
    limit: Limit = 100,
) -> Page[DemandShown]:
    """Demands in order of their ids; those that wait for stock, if only they are asked for."""
    (after,) = parts(cursor, str) or ("",)
    rows = await queries.listed(tx, sku=product, order=order, waiting=waiting, after=after, size=limit + 1)
    return page(rows, limit, _shown, lambda row: (row.id,))
