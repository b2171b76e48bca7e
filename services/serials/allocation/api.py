"""HTTP endpoints for demands and their open quantities."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query

from services.serials.allocation import queries
from shared.contracts.fulfillment import Shortfall
from shared.contracts.model import KnownFieldsModel
from shared.http import (
    Cursor,
    Limit,
    OrderFilter,
    Page,
    ReadTransaction,
    SkuFilter,
    StatusFilter,
    decode_cursor,
    paginate,
)
from shared.inventory.demand import DemandStatus

router = APIRouter(tags=["demands"])


class SerialDemandOut(KnownFieldsModel):
    """Demand of an order line and its open quantity.

    A demand cancelled before its request arrived has only its ids and status.
    """

    demand_id: str
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
    open_quantity: int
    min_remaining_shelf_life_days: int | None
    single_lot: bool | None
    lots: list[str] | None
    serials: list[str]


@router.get("/demands")
async def list_demands(
    tx: ReadTransaction,
    *,
    sku: SkuFilter = None,
    order: OrderFilter = None,
    status: StatusFilter[DemandStatus] = None,
    backordered: Annotated[bool, Query(description="Only demands with an open quantity.")] = False,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[SerialDemandOut]:
    """List demands ordered by id."""
    (after,) = decode_cursor(cursor, str) or ("",)
    rows = await queries.list_demands(
        tx, sku=sku, order=order, status=status, backordered=backordered, after=after, size=limit + 1
    )
    return paginate(
        rows, limit, lambda row: SerialDemandOut.model_validate(row._asdict()), lambda row: (row.demand_id,)
    )
