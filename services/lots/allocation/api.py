"""HTTP API of demands."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from sqlalchemy import Row

from services.lots.allocation.domain.explain import StockPart
from services.lots.allocation.queries import demands as queries
from services.lots.allocation.queries.explanation import Explanation, explain
from shared.contracts.fulfillment import Shortfall
from shared.contracts.model import KnownFieldsModel
from shared.contracts.quantities import LotAtLocation, PickedLot
from shared.contracts.reference import Tracking
from shared.http import (
    NotFoundError,
    OrderFilter,
    Page,
    PageRequest,
    ReadTransaction,
    SkuFilter,
    StatusFilter,
    paged_by,
)
from shared.identifiers import NonNegativeQuantity
from shared.inventory.demand import DemandStatus
from shared.inventory.explanation import MAX_LISTED, AllocationRule, min_acceptable_expiry, rule_of

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
    page: Annotated[PageRequest, paged_by(queries.SORTS)],
) -> Page[LotDemandOut]:
    """List demands in order of their ids."""
    filters = {"sku": sku, "order": order, "status": status, "backordered": backordered}
    return page.build(await page.fetch(tx, queries.select_demands, filters), _demand_out)


class ExplainedStock(KnownFieldsModel):
    """Stock of a lot with what orders it: earliest expiry, then earliest receipt, lot number and pick sequence."""

    lot: str
    location: str | None
    quantity: NonNegativeQuantity
    expiry: date | None
    received_at: datetime


class AllocatedStockOut(ExplainedStock):
    """Stock that the demand has; picked and shipped stock has left its location."""

    status: Literal["ALLOCATED", "PICKED", "SHIPPED"]


class PassedOverStockOut(ExplainedStock):
    """Stock that the demand has not got, with the reason and the order that has it."""

    reason: str
    order: str | None
    order_line: str | None


class ReasonQuantity(KnownFieldsModel):
    """Quantity that the demand has not got for a reason."""

    reason: str
    quantity: NonNegativeQuantity


class LotExplanation(KnownFieldsModel):
    """Why a demand has its stock, and why it passed over other stock, at present; lists have up to 200 rows."""

    demand_id: str
    status: DemandStatus
    rule: AllocationRule
    quantity: NonNegativeQuantity | None
    open_quantity: NonNegativeQuantity
    min_expiry: date | None
    allocated: list[AllocatedStockOut]
    passed_over: list[PassedOverStockOut]
    """Stock in FEFO order: that before the last allocated lot, or all stock if the line is short."""
    passed_over_totals: list[ReasonQuantity]
    has_more: bool


@router.get("/demands/{demand}/explanation", summary="Explain the allocation of a demand")
async def explain_demand(
    tx: ReadTransaction, demand: Annotated[str, Path(description="Id of the demand.")]
) -> LotExplanation:
    """Explain which stock a demand has, which it passed over, and why, by lot and location."""
    explanation = await explain(tx, demand)
    if explanation is None:
        raise NotFoundError(f"Demand {demand} not found", ids=[demand])
    return _explanation_out(explanation)


def _explanation_out(explanation: Explanation) -> LotExplanation:
    demand, rules, allocated, passed_over = explanation
    totals: dict[str, Decimal] = {}
    for part, reason in passed_over:
        totals[reason] = totals.get(reason, Decimal(0)) + part.quantity
    return LotExplanation(
        demand_id=demand.demand_id, status=demand.status, rule=rule_of(demand), quantity=demand.quantity,
        open_quantity=demand.open_quantity,
        min_expiry=min_acceptable_expiry(demand, rules) if demand.status != "CANCELLED" else None,
        allocated=[AllocatedStockOut(**_stock_fields(part), status=part.kind) for part in allocated[:MAX_LISTED]],
        passed_over=[
            PassedOverStockOut(**_stock_fields(part), reason=reason, order=part.order, order_line=part.order_line)
            for part, reason in passed_over[:MAX_LISTED]
        ],
        passed_over_totals=[ReasonQuantity(reason=reason, quantity=total) for reason, total in totals.items()],
        has_more=max(len(allocated), len(passed_over)) > MAX_LISTED,
    )  # fmt: skip


def _stock_fields(part: StockPart) -> dict[str, Any]:
    return {
        "lot": part.lot, "location": part.location, "quantity": part.quantity, "expiry": part.expiry,
        "received_at": part.received_at,
    }  # fmt: skip
