"""HTTP API of demands."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from sqlalchemy import Row

from services.lots.allocation import queries
from shared.contracts.fulfillment import Shortfall
from shared.contracts.lots import SkippedLots
from shared.contracts.model import KnownFieldsModel
from shared.contracts.quantities import LotAtLocation, PickedLot
from shared.contracts.reference import Tracking
from shared.http import (
    Cursor,
    Limit,
    NotFoundError,
    OrderFilter,
    Page,
    ReadTransaction,
    SkuFilter,
    StatusFilter,
    decode_cursor,
    paginate,
)
from shared.identifiers import NonNegativeQuantity
from shared.inventory.demand import DemandStatus

router = APIRouter(tags=["demands"])


class LotDemandOut(KnownFieldsModel):
    """A demand of an order line for lot stock: requested, allocated, picked and open quantities.

    A demand cancelled before its request arrived has no criteria.
    """

    demand_id: str
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
    quantity: NonNegativeQuantity | None
    open_quantity: NonNegativeQuantity
    lots: list[str]
    single_lot: bool
    min_remaining_shelf_life_days: int
    allocated: list[LotAtLocation]
    picked: list[PickedLot]


def _demand_out(row: Row[Any]) -> LotDemandOut:
    return LotDemandOut.model_validate(row._asdict())


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
) -> Page[LotDemandOut]:
    """List demands in order of their ids."""
    (after,) = decode_cursor(cursor, str) or ("",)
    rows = await queries.list_demands(
        tx, sku=sku, order=order, status=status, backordered=backordered, after=after, size=limit + 1
    )
    return paginate(rows, limit, _demand_out, lambda row: (row.demand_id,))


class ShortfallExplanation(KnownFieldsModel):
    """Stock in the demand's warehouse that cannot fill its open quantity, with reasons."""

    demand_id: str
    open_quantity: NonNegativeQuantity
    skipped: list[SkippedLots]


@router.get("/demands/{demand}/explanation", summary="Explain the open quantity of a demand")
async def explain_demand(
    tx: ReadTransaction, demand: Annotated[str, Path(description="Id of the demand.")]
) -> ShortfallExplanation:
    """Explain the open quantity of a demand: each skipped lot with its quantity and the reason."""
    explanation = await queries.explain_shortfall(tx, demand)
    if explanation is None:
        raise NotFoundError(f"Demand {demand} not found", ids=[demand])
    open_demand, skipped = explanation
    return ShortfallExplanation(demand_id=demand, open_quantity=open_demand.open_quantity, skipped=skipped)
