"""Demands over HTTP."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from sqlalchemy import Row

from services.lots.allocation import handlers, queries
from services.lots.allocation.domain.demand import DemandStatus
from shared.contracts.counted import LotAt, LotQuantity
from shared.contracts.fulfillment import Shortfall
from shared.contracts.lots import SkippedStock
from shared.contracts.model import KnownFieldsModel
from shared.contracts.reference import Tracking
from shared.http import Cursor, Limit, NotFound, OrderFilter, Page, Reading, SkuFilter, StatusFilter, page, parts
from shared.identifiers import Count

router = APIRouter(tags=["demands"])


class DemandOut(KnownFieldsModel):
    """What an order line wants of a counted product, what it has of it, and what is open.

    One that was withdrawn before it was asked for names no more.
    """

    demand: str
    status: DemandStatus
    order: str
    line: str
    sku: str
    tracking: Tracking
    warehouse: str | None
    customer: str | None
    priority: int | None
    placed_at: datetime | None
    shortfall: Shortfall | None
    quantity: Count | None
    open: Count
    lots: list[str]
    single_lot: bool
    min_life_days: int
    allocated: list[LotAt]
    picked: list[LotQuantity]


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


class ShortfallExplanation(KnownFieldsModel):
    """What lies in a demand's warehouse that it is not given, and why; nothing, where nothing of it is open."""

    demand: str
    open: Count
    skipped: list[SkippedStock]


@router.get("/demands/{demand}/explanation", summary="Explain what a demand is short of")
async def explain_demand(tx: Reading, demand: Annotated[str, Path(description="Demand.")]) -> ShortfallExplanation:
    """Why a demand is short: every lot that lies there now, with quantity and reason."""
    found = await handlers.passed_over(tx, demand)
    if found is None:
        raise NotFound(f"there is no demand {demand}", ids=[demand])
    return ShortfallExplanation(demand=demand, open=found[0].open, skipped=found[1])
