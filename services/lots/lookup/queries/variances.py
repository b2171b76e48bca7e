"""Report of variances: stock that pickers did not find, until a count of the location."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import Field

from services.lots.balances.domain.records import Settlement
from services.lots.lookup.queries.totals import lot_condition
from shared.contracts.model import KnownFieldsModel
from shared.http import LocationFilter, LotFilter, OrderFilter, Report, SkuFilter, StatusFilter, WarehouseFilter
from shared.identifiers import SignedQuantity
from shared.persistence.sorting import SortKey, SortOrder, Sorts

VarianceStatus = Literal["OPEN", "SETTLED"]


class VarianceRow(KnownFieldsModel):
    """Variances: stock that pickers did not find, in order of the reports; a count of the location settles them."""

    number: int = Field(description="number of the variance")
    variance_id: str = Field(description="id of the short pick")
    status: VarianceStatus = Field(description="whether the quantity is still under investigation")
    count_due: bool = Field(description="whether a count of the location is due")
    sku: str = Field(description="SKU of the product")
    product: str = Field(description="name of the product")
    lot: str = Field(description="lot number; empty for untracked products")
    warehouse: str = Field(description="warehouse")
    location: str = Field(description="location that misses the quantity")
    order: str | None = Field(description="order that missed the quantity")
    quantity: SignedQuantity = Field(description="quantity that the order missed")
    missing: SignedQuantity = Field(description="quantity under investigation")
    remaining: SignedQuantity | None = Field(description="quantity left there, as reported")
    unit: str = Field(description="unit of measure")
    reason: str = Field(description="reason of the report")
    reported_by: str = Field(description="user who reported it")
    reported_at: datetime = Field(description="time of the report")
    age_hours: int = Field(description="full hours from the report to its settlement, or until now")
    settlement: Settlement | None = Field(
        description="how it ended: COUNTED, FOUND, LOST, or SUPERSEDED by another report or an earlier movement"
    )
    settled_by: str | None = Field(description="user who settled it")
    settled_at: datetime | None = Field(description="time of the settlement")


def select_variances(order: SortOrder) -> str:
    """Write the statement of the variances."""
    return f"""
    SELECT v.id AS number, v.variance_id, v.settled_at IS NULL AS count_due,
        CASE WHEN v.settled_at IS NULL THEN 'OPEN' ELSE 'SETTLED' END AS status,
        v.sku, coalesce(p.name, '') AS product, v.lot, split_part(v.location, '/', 1) AS warehouse, v.location,
        v.order_id AS "order", v.quantity, v.missing, v.remaining, coalesce(p.unit, '') AS unit, v.reason,
        v.reported_by, v.reported_at, v.settlement, v.settled_by, v.settled_at,
        CAST(floor(extract(epoch FROM coalesce(v.settled_at, now()) - v.reported_at) / 3600) AS integer) AS age_hours
    FROM variance AS v LEFT JOIN product AS p USING (sku)
    WHERE {order.after()}
        AND (CAST(:status AS text[]) IS NULL
            OR CASE WHEN v.settled_at IS NULL THEN 'OPEN' ELSE 'SETTLED' END = ANY(:status))
        AND (CAST(:sku AS text) IS NULL OR v.sku = :sku) AND {lot_condition("v.lot")}
        AND (CAST(:warehouse AS text) IS NULL OR split_part(v.location, '/', 1) = :warehouse)
        AND (CAST(:location AS text) IS NULL OR v.location = :location)
        AND (CAST(:order AS text) IS NULL OR v.order_id = :order)
        AND (CAST(:reported_by AS text) IS NULL OR v.reported_by = :reported_by)
    {order.order_by} LIMIT :size
    """  # noqa: S608 - constant names


def variance_filters(
    *,
    sku: SkuFilter = None,
    lot: LotFilter = None,
    warehouse: WarehouseFilter = None,
    location: LocationFilter = None,
    order: OrderFilter = None,
    reported_by: Annotated[str | None, Query(description="User who reported the variance.")] = None,
    status: StatusFilter[VarianceStatus] = None,
) -> dict[str, Any]:
    """Filter by product, lot, warehouse, location, order, user and status."""
    return {
        "sku": sku, "lot": lot, "warehouse": warehouse, "location": location, "order": order,
        "reported_by": reported_by, "status": status,
    }  # fmt: skip


SORTS = Sorts("number", number=[SortKey("v.id", "bigint", "number")])
REPORTS = (Report("variances", VarianceRow, SORTS, select_variances, variance_filters),)
