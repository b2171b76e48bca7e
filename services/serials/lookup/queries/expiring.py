"""Report of expiring units."""

from datetime import date
from typing import Annotated, Any

from fastapi import Query, Request
from pydantic import Field

from shared.contracts.model import KnownFieldsModel
from shared.contracts.serials import SerialStatus
from shared.http import LocationFilter, Report, SkuFilter, WarehouseFilter
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


class ExpiringUnitRow(KnownFieldsModel):
    """Expiring serials: units in a warehouse that have an expiry date, earliest first, also allocated and picked ones.

    Sorted by expiry only.
    """

    expiry: date = Field(description="expiry date, the last day on which the unit is usable")
    days_left: int = Field(description="days until the expiry date, local to the warehouse; negative once expired")
    bucket: Bucket = Field(description="days left: expired, <=7, <=30, <=90 or >90")
    sku: str = Field(description="SKU of the product")
    product: str = Field(description="name of the product")
    serial: str = Field(description="serial number")
    lot: str | None = Field(description="lot number")
    warehouse: str = Field(description="warehouse")
    location: str = Field(description="location, as warehouse/location")
    status: SerialStatus = Field(description="status of the unit")
    on_hold: bool = Field(description="whether the unit is on hold")
    order: str | None = Field(description="order that the unit is allocated to or picked for")


DATED_UNITS = "serial_state WHERE expiry IS NOT NULL AND location IS NOT NULL AND adjustment IS NULL"
"""Units of the index `serial_state_expiry_in_warehouse`."""


def select_expiring(order: SortOrder) -> str:
    """Write the statement of the report: a page of the index of each warehouse."""
    return f"""
        SELECT page.*, coalesce(p.name, '') AS product FROM (
            SELECT s.expiry, s.expiry - warehouses.day AS days_left, {bucket_of("s.expiry - warehouses.day")} AS bucket,
                s.sku, s.serial, s.lot, s.warehouse, s.location, s.status::text AS status,
                s.open_hold_count > 0 AS on_hold, s.order_id AS "order"
            FROM ({warehouses_query(DATED_UNITS)}) AS warehouses CROSS JOIN LATERAL (
                SELECT * FROM {DATED_UNITS} AND warehouse = warehouses.warehouse AND {IN_WINDOW}
                    AND (CAST(:sku AS text) IS NULL OR sku = :sku)
                    AND (CAST(:location AS text) IS NULL OR location = :location)
                    AND {order.after("expiry", "sku", "serial")}
                {order.by("expiry", "sku", "serial")} LIMIT :size
            ) AS s
            {order.by("s.expiry", "s.sku", "s.serial")} LIMIT :size
        ) AS page LEFT JOIN product AS p USING (sku)
        {order.order_by}
    """  # noqa: S608 - all parts are constants of this service


async def expiring_filters(
    request: Request,
    sku: SkuFilter = None,
    warehouse: WarehouseFilter = None,
    location: LocationFilter = None,
    bucket: Annotated[Bucket | None, Query(description=BUCKET_DESCRIPTION)] = None,
) -> dict[str, Any]:
    """Filter by product, place and bucket; add the local date of each warehouse."""
    filters = {"sku": sku, "warehouse": warehouse, "location": location}
    return filters | await local_dates(request.app.state.engine) | window(bucket)


SORTS = Sorts("expiry", expiry=[SortKey("page.expiry", "date"), SortKey("page.sku"), SortKey("page.serial")])
REPORT = Report("expiring-serials", ExpiringUnitRow, SORTS, select_expiring, expiring_filters)
