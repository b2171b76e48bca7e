"""Reports of lot inventory by expiration and of expiring lots, from one statement."""

from datetime import date, datetime
from functools import partial
from typing import Annotated, Any

from fastapi import Query, Request
from pydantic import Field

from services.lots.lookup.queries.totals import LOT_FILTER, StockTotals, stock_filters, totals_query
from shared.contracts.model import KnownFieldsModel
from shared.http import LotFilter, Report, SkuFilter, WarehouseFilter
from shared.inventory.expiry_report import (
    BUCKET_DESCRIPTION,
    IN_WINDOW,
    Bucket,
    bucket_of,
    local_dates,
    warehouses_query,
    window,
)
from shared.persistence.sorting import SortKey, SortOrder, Sorts


class LotInWarehouseRow(KnownFieldsModel):
    """A lot in a warehouse."""

    expiry: date | None = Field(description="expiry date, the last usable day")
    days_left: int | None = Field(
        description="days until the expiry date, local to the warehouse; negative once expired"
    )
    sku: str = Field(description="SKU of the product")
    product: str = Field(description="name of the product")
    lot: str = Field(description="lot number; empty for untracked products")
    warehouse: str = Field(description="warehouse")


class LotInventoryRow(StockTotals, LotInWarehouseRow):
    """Lot inventory by expiration: each lot in each warehouse, earliest expiry first."""

    unit: str = Field(description="unit of measure")
    manufactured_on: date | None = Field(description="manufacturing date")
    best_before: date | None = Field(description="best-before date")
    first_received_at: datetime = Field(description="time of the first receipt")
    supplier: str = Field(description="supplier of the first receipt")


class ExpiringRow(LotInventoryRow):
    """Expiring lots: expired, within 7, 30 or 90 days, and later, in that order."""

    bucket: Bucket = Field(description="days left: expired, <=7, <=30, <=90 or >90")


WAREHOUSES = warehouses_query("balance WHERE on_hand > 0", "picked_stock WHERE quantity > 0")
PAGE_FILTER = "sku = page.sku AND lot = page.lot AND warehouse = page.warehouse"


def inventory_query(order: SortOrder, condition: str = "true") -> str:
    """Build the statement: read a page from the expiry index of each warehouse, then sum the stock of its lots."""

    def lots_query(rows: str) -> str:
        return f"""(
            SELECT DISTINCT expiry, sku, lot FROM {rows} > 0 AND warehouse = warehouses.warehouse AND {LOT_FILTER}
                AND {order.after("expiry", "sku", "lot", or_at=True)}
                AND {order.after("expiry", "sku", "lot", "warehouse")}
                AND {condition}
            {order.by("expiry", "sku", "lot")} LIMIT :size
        )"""  # noqa: S608 - all parts are constants of this service

    return f"""
        SELECT page.sku, page.lot, page.warehouse, CAST(page.expiry_key AS text) AS expiry_key, l.expiry,
            l.manufactured_on, l.best_before, l.first_received_at, l.supplier, l.expiry - page.day AS days_left,
            {bucket_of("l.expiry - page.day")} AS bucket,
            s.on_hand, s.available, s.allocated, s.held, s.staged, s.missing, s.picked, coalesce(p.name, '') AS product,
            coalesce(p.unit, '') AS unit
        FROM (
            SELECT stocked.expiry AS expiry_key, stocked.sku, stocked.lot, warehouses.warehouse, warehouses.day
            FROM ({WAREHOUSES}) AS warehouses CROSS JOIN LATERAL (
                {lots_query("balance WHERE on_hand")} UNION {lots_query("picked_stock WHERE quantity")}
            ) AS stocked
            {order.by("stocked.expiry", "stocked.sku", "stocked.lot", "warehouses.warehouse")} LIMIT :size
        ) AS page JOIN lot AS l USING (sku, lot) LEFT JOIN product AS p USING (sku)
        CROSS JOIN LATERAL ({totals_query(PAGE_FILTER, "sku", "lot", "warehouse")}) AS s
        {order.order_by}
    """  # noqa: S608 - all parts are constants of this service


async def inventory_filters(
    request: Request, sku: SkuFilter = None, lot: LotFilter = None, warehouse: WarehouseFilter = None
) -> dict[str, Any]:
    """Filter by product, lot and warehouse; add the local date of each warehouse."""
    return stock_filters(sku, lot, warehouse) | await local_dates(request.app.state.engine)


async def expiring_filters(
    request: Request,
    sku: SkuFilter = None,
    lot: LotFilter = None,
    warehouse: WarehouseFilter = None,
    bucket: Annotated[Bucket | None, Query(description=BUCKET_DESCRIPTION)] = None,
) -> dict[str, Any]:
    """Add the limits of the bucket to the inventory filters."""
    return await inventory_filters(request, sku, lot, warehouse) | window(bucket)


SORTS = Sorts(
    "expiry",
    expiry=[
        SortKey("page.expiry_key", "date"),
        SortKey("page.sku"),
        SortKey("page.lot"),
        SortKey("page.warehouse"),
    ],
)
REPORTS = (
    Report("lot-inventory", LotInventoryRow, SORTS, inventory_query, inventory_filters),
    Report("expiring-lots", ExpiringRow, SORTS, partial(inventory_query, condition=IN_WINDOW), expiring_filters),
)
