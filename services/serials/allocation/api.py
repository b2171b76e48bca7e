"""HTTP endpoints for demands and their open quantities."""

from collections import Counter
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query

from services.serials.allocation.queries import demands as queries
from services.serials.allocation.queries.explanation import Explanation, explain
from services.serials.units.domain.unit import Unit
from shared.contracts.fulfillment import Shortfall
from shared.contracts.model import KnownFieldsModel
from shared.contracts.serials import SerialStatus
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
from shared.inventory.demand import DemandStatus
from shared.inventory.explanation import MAX_LISTED, AllocationRule, min_acceptable_expiry, rule_of

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
    page: Annotated[PageRequest, paged_by(queries.SORTS)],
) -> Page[SerialDemandOut]:
    """List demands ordered by id."""
    filters = {"sku": sku, "order": order, "status": status, "backordered": backordered}
    return page.build(
        await page.fetch(tx, queries.select_demands, filters), lambda row: SerialDemandOut.model_validate(row._asdict())
    )


class ExplainedUnit(KnownFieldsModel):
    """A unit with what orders it: earliest expiry, then earliest receipt, then serial."""

    serial: str
    status: SerialStatus | None
    """Status; null if the serial is not registered."""
    location: str | None
    lot: str | None
    expiry: date | None
    received_at: datetime | None


class PassedOverUnitOut(ExplainedUnit):
    """A unit that the demand has not got, with the reason and the order that has it."""

    reason: str
    order: str | None
    order_line: str | None


class ReasonCount(KnownFieldsModel):
    """Number of units that the demand has not got for a reason, up to 10,000."""

    reason: str
    count: int


class SerialExplanation(KnownFieldsModel):
    """Why a demand has its units, and why it passed over others, at present; lists have up to 200 units."""

    demand_id: str
    status: DemandStatus
    rule: AllocationRule
    quantity: int
    open_quantity: int
    min_expiry: date | None
    allocated: list[ExplainedUnit]
    passed_over: list[PassedOverUnitOut]
    """Units in FEFO order: all that the line names or, if it is filled, those before its last unit."""
    passed_over_totals: list[ReasonCount]
    has_more: bool


@router.get("/demands/{demand}/explanation", summary="Explain the allocation of a demand")
async def explain_demand(
    tx: ReadTransaction, demand: Annotated[str, Path(description="Id of the demand.")]
) -> SerialExplanation:
    """Explain which units a demand has, which ones it passed over, and why, by serial."""
    explanation = await explain(tx, demand)
    if explanation is None:
        raise NotFoundError(f"Demand {demand} not found", ids=[demand])
    return _explanation_out(explanation)


def _explanation_out(explanation: Explanation) -> SerialExplanation:
    demand, rules, allocated, passed_over = explanation
    reasons = Counter(reason for _, reason in passed_over)
    return SerialExplanation(
        demand_id=demand.demand_id, status=demand.status, quantity=demand.quantity,
        rule=rule_of(demand, names_serials=bool(demand.serials)), open_quantity=demand.open_quantity,
        min_expiry=min_acceptable_expiry(demand, rules) if demand.status != "CANCELLED" else None,
        allocated=[ExplainedUnit(**_unit_fields(unit)) for unit in allocated[:MAX_LISTED]],
        passed_over=[
            PassedOverUnitOut(**_unit_fields(unit), reason=reason, order=unit.order_id, order_line=unit.order_line)
            for unit, reason in passed_over[:MAX_LISTED]
        ],
        passed_over_totals=[ReasonCount(reason=reason, count=count) for reason, count in reasons.items()],
        has_more=max(len(allocated), len(passed_over)) > MAX_LISTED,
    )  # fmt: skip


def _unit_fields(unit: Unit) -> dict[str, Any]:
    return {
        "serial": unit.serial, "status": unit.status, "location": None if unit.adjustment else unit.location,
        "lot": unit.lot, "expiry": unit.expiry, "received_at": unit.received_at,
    }  # fmt: skip
