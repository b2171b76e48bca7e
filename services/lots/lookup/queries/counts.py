"""Lists of counts and of mixed locations."""

from datetime import datetime
from typing import Any

from pydantic import Field

from services.lots.balances.domain.records import CountStatus
from services.lots.lookup.queries.totals import lot_condition, stock_filters
from shared.contracts.model import KnownFieldsModel
from shared.http import LocationFilter, LotFilter, Report, SkuFilter, StatusFilter, WarehouseFilter
from shared.identifiers import SignedQuantity
from shared.persistence.sorting import SortKey, SortOrder, Sorts


class CountRow(KnownFieldsModel):
    """Counts, latest first. A settled count is booked. A discrepancy is not booked and open until a later count of the
    lot at the location is settled; then it is superseded."""

    number: int = Field(description="number of the count")
    counted_at: datetime = Field(description="time of the count, corrected by the clock error of the device")
    sku: str = Field(description="SKU of the product")
    lot: str = Field(description="lot number; empty for untracked products")
    warehouse: str = Field(description="warehouse")
    location: str = Field(description="location")
    counted: SignedQuantity = Field(description="counted quantity, with picked stock")
    books: SignedQuantity = Field(description="quantity of the books of that time, as known at present")
    variance: SignedQuantity = Field(description="counted quantity minus the books")
    status: CountStatus = Field(description="SETTLED, DISCREPANCY or SUPERSEDED")
    code: str | None = Field(description="code of why a discrepancy is not booked")
    detail: str = Field(description="why a discrepancy is not booked")
    reason: str = Field(description="reason")
    actor: str = Field(description="user or device that counted")
    recorded_at: datetime = Field(description="time of recording")
    scan: str | None = Field(description="what the scanner sent, one scan a line; empty if nothing was scanned")


class MixedLocationRow(KnownFieldsModel):
    """Storage locations that hold several lots of a product, one row per lot: separate them."""

    location: str = Field(description="storage location")
    warehouse: str = Field(description="warehouse")
    sku: str = Field(description="SKU of the product")
    product: str = Field(description="name of the product")
    lot: str = Field(description="lot number")
    on_hand: SignedQuantity = Field(description="on-hand quantity of the lot")
    allocated: SignedQuantity = Field(description="allocated part of it")


def select_counts(order: SortOrder) -> str:
    """Write the statement of the counts."""
    return f"""
    SELECT id AS number, counted_at, sku, lot, warehouse, location, counted, books, variance, status, code, detail,
        reason, actor, recorded_at, scan
    FROM stock_count
    WHERE {order.after()}
        AND (CAST(:sku AS text) IS NULL OR sku = :sku) AND {lot_condition()}
        AND (CAST(:warehouse AS text) IS NULL OR warehouse = :warehouse)
        AND (CAST(:location AS text) IS NULL OR location = :location)
        AND (CAST(:status AS text[]) IS NULL OR status = ANY(CAST(:status AS text[])))
    {order.order_by} LIMIT :size
    """  # noqa: S608 - constant names


def select_mixed_locations(order: SortOrder) -> str:
    """Write the statement of the mixed locations."""
    return f"""
    WITH mixed AS MATERIALIZED (
        SELECT location, sku FROM balance
        WHERE on_hand > 0 AND is_storage AND {order.after("location", "sku", or_at=True)}
            AND (CAST(:sku AS text) IS NULL OR sku = :sku)
            AND (CAST(:warehouse AS text) IS NULL OR warehouse = :warehouse)
            AND (CAST(:location AS text) IS NULL OR location = :location)
        GROUP BY location, sku HAVING count(*) > 1 {order.by("location", "sku")} LIMIT :size
    )
    SELECT location, b.warehouse, sku, coalesce(p.name, '') AS product, b.lot, b.on_hand,
        least(b.allocated, b.on_hand) AS allocated
    FROM mixed JOIN balance AS b USING (location, sku) LEFT JOIN product AS p USING (sku)
    WHERE b.on_hand > 0 AND {order.after()}
    {order.order_by} LIMIT :size
    """  # noqa: S608 - constant names


def count_filters(
    sku: SkuFilter = None,
    lot: LotFilter = None,
    warehouse: WarehouseFilter = None,
    location: LocationFilter = None,
    status: StatusFilter[CountStatus] = None,
) -> dict[str, Any]:
    """Filter by product, lot, place and status."""
    return stock_filters(sku, lot, warehouse) | {"location": location, "status": status}


def mixed_filters(
    sku: SkuFilter = None, warehouse: WarehouseFilter = None, location: LocationFilter = None
) -> dict[str, Any]:
    """Filter by product and place."""
    return {"sku": sku, "warehouse": warehouse, "location": location}


COUNT_SORTS = Sorts("-number", number=[SortKey("id", "bigint", "number")])
MIXED_SORTS = Sorts("location", location=[SortKey("location"), SortKey("sku"), SortKey("b.lot")])
REPORTS = (
    Report("counts", CountRow, COUNT_SORTS, select_counts, count_filters),
    Report("mixed-locations", MixedLocationRow, MIXED_SORTS, select_mixed_locations, mixed_filters),
)
