"""Serial reports: inventory, location and history."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import Query
from pydantic import Field

from services.serials.lookup.queries import expiring
from services.serials.lookup.queries.filters import IS_EXPECTED
from services.serials.lookup.queries.location_exceptions import (
    EXCEPTION_SORTS,
    UnitLocationExceptionRow,
    select_exceptions,
)
from services.serials.lookup.queries.unit import HISTORY_COLUMNS
from services.serials.lookup.queries.warranties import (
    WARRANTY_SORTS,
    WarrantyRow,
    select_warranties,
    warranty_filters,
)
from services.serials.units.domain.transitions import SerialChangeType
from shared.contracts.model import KnownFieldsModel
from shared.contracts.serials import SerialStatus
from shared.http import Report, Since, SkuFilter, Until, WarehouseFilter
from shared.persistence.sorting import SortKey, SortOrder, Sorts


class SerialInventoryRow(KnownFieldsModel):
    """Serial inventory: number of units by product, warehouse and status, without cancelled expectations.

    Sorted by product only: each page counts all units, so that no index serves another order.
    """

    sku: str = Field(description="SKU of the product")
    product: str = Field(description="product name")
    warehouse: str = Field(description="warehouse of the units; empty for expected and shipped units")
    status: SerialStatus = Field(description="status of the units")
    units: int = Field(description="number of units, without those out of use")
    held: int = Field(description="number of these units that are on hold")
    out_of_use: int = Field(description="number of further units that are scrapped, lost, void or returned to vendor")


# Groups before ordering: one row for each existing combination of product, warehouse and status.
def select_inventory(order: SortOrder) -> str:
    """Write the statement of the inventory."""
    return f"""
    SELECT s.sku, coalesce(p.name, '') AS product, coalesce(s.warehouse, '') AS warehouse, s.status::text AS status,
           s.units, s.held, s.out_of_use
    FROM (
        SELECT sku, warehouse, status, count(*) FILTER (WHERE adjustment IS NULL) AS units,
               count(*) FILTER (WHERE open_hold_count > 0 AND adjustment IS NULL) AS held,
               count(adjustment) AS out_of_use
        FROM serial_state AS s
        WHERE {IS_EXPECTED.format("s")} AND (CAST(:sku AS text) IS NULL OR sku = :sku)
          AND (CAST(:warehouse AS text) IS NULL OR warehouse = :warehouse)
        GROUP BY sku, warehouse, status
    ) AS s LEFT JOIN product AS p USING (sku)
    WHERE {order.after()} {order.order_by} LIMIT :size
    """  # noqa: S608 - the condition is this service's own


class LocationRow(KnownFieldsModel):
    """Serial location: the location of each unit on hand, without lost, scrapped, void and returned units.

    Sorted by location or by expiry; sorted by expiry, units without one are left out.
    """

    location: str = Field(description="location, as warehouse/location")
    sku: str = Field(description="SKU of the product")
    serial: str = Field(description="serial number")
    status: SerialStatus = Field(description="status of the units")
    on_hold: bool = Field(description="whether the unit is on hold")
    received_at: datetime | None = Field(description="time of receipt")
    order: str | None = Field(description="order that the unit is allocated to or picked for")
    lot: str | None = Field(description="lot number")
    expiry: date | None = Field(description="expiry date, the last day on which the unit is usable")


def select_locations(order: SortOrder) -> str:
    """Write the statement of the locations."""
    return f"""
    SELECT warehouse, location, sku, serial, status::text AS status, open_hold_count > 0 AS on_hold, received_at,
           order_id AS "order", lot, expiry
    FROM serial_state
    WHERE location IS NOT NULL AND adjustment IS NULL AND (CAST(:warehouse AS text) IS NULL OR warehouse = :warehouse)
      AND (CAST(:sku AS text) IS NULL OR sku = :sku)
      AND {order.after(*(key.column for key in order.keys[:2]), or_at=True)} AND {order.condition}
    {order.order_by} LIMIT :size
    """  # noqa: S608 - constant names


class HistoryRow(KnownFieldsModel):
    """Serial history: every recorded change of each unit.

    Sorted by serial and version only: no index has all changes in the order of their times.
    """

    sku: str = Field(description="SKU of the product")
    serial: str = Field(description="serial number")
    version: int = Field(description="sequence number of the change in the unit's history")
    recorded_at: datetime = Field(description="time at which the change was recorded")
    occurred_at: datetime = Field(description="time at which the change happened, as reported")
    change: SerialChangeType = Field(description="kind of change")
    from_status: SerialStatus | None = Field(description="status before the change")
    status: SerialStatus = Field(description="status after the change")
    from_location: str | None = Field(description="location before the change")
    location: str | None = Field(description="location after the change")
    reason: str = Field(description="reason for the change")
    actor: str = Field(description="user or service that made the change")
    document: str = Field(description="document of the change; without another one, the id of its message")
    receipt: str | None = Field(description="receipt")
    supplier: str | None = Field(description="supplier of the receipt")
    order: str | None = Field(description="order")
    shipment: str | None = Field(description="shipment")
    customer: str | None = Field(description="customer")
    return_id: str | None = Field(description="customer return")
    hold_id: str | None = Field(description="hold")
    inferred_from: str | None = Field(description="SSCC of the carton whose scan stood for that of the unit")
    scan: str | None = Field(description="text as the scanner sent it; empty if the serial number was typed")
    lot: str | None = Field(description="lot number")
    expiry: date | None = Field(description="expiry date, the last day on which the unit is usable")


def select_history(order: SortOrder) -> str:
    """Write the statement of the history."""
    return f"""
    SELECT k.sku, k.serial, s.lot, s.expiry, {HISTORY_COLUMNS} FROM serial AS k JOIN serial_state AS s USING (id)
    JOIN audit_entry AS e ON e.serial_id = k.id JOIN audit_operation AS o ON o.id = e.operation_id
    WHERE (CAST(:sku AS text) IS NULL OR k.sku = :sku) AND (CAST(:serial AS text) IS NULL OR k.serial = :serial)
      AND {order.after("k.sku", "k.serial", or_at=True)} AND {order.after()}
      AND (CAST(:since AS timestamptz) IS NULL OR o.recorded_at >= :since)
      AND (CAST(:until AS timestamptz) IS NULL OR o.recorded_at < :until)
    {order.order_by} LIMIT :size
    """  # noqa: S608 - the columns are this service's own


def stock_filters(sku: SkuFilter = None, warehouse: WarehouseFilter = None) -> dict[str, Any]:
    """Filters by product and warehouse."""
    return {"sku": sku, "warehouse": warehouse}


def history_filters(
    sku: SkuFilter = None,
    serial: Annotated[str | None, Query(description="Serial number.")] = None,
    since: Since = None,
    until: Until = None,
) -> dict[str, Any]:
    """Filters by product, serial and time of recording."""
    return {"sku": sku, "serial": serial, "since": since, "until": until}


INVENTORY_SORTS = Sorts(
    "sku",
    sku=[
        SortKey("s.sku"),
        SortKey("coalesce(s.warehouse, '')", name="warehouse"),
        SortKey("s.status::text", name="status"),
    ],
)
LOCATION_SORTS = Sorts(
    "location",
    location=[SortKey("warehouse"), SortKey("location"), SortKey("sku"), SortKey("serial")],
    expiry=[SortKey("expiry", "date"), SortKey("sku"), SortKey("serial")],
)
HISTORY_SORTS = Sorts("serial", serial=[SortKey("k.sku"), SortKey("k.serial"), SortKey("e.version", "integer")])
REPORTS = (
    Report("serial-inventory", SerialInventoryRow, INVENTORY_SORTS, select_inventory, stock_filters),
    Report("serial-location", LocationRow, LOCATION_SORTS, select_locations, stock_filters),
    Report("location-exceptions", UnitLocationExceptionRow, EXCEPTION_SORTS, select_exceptions, stock_filters),
    expiring.REPORT,
    Report("serial-history", HistoryRow, HISTORY_SORTS, select_history, history_filters),
    Report("serial-warranty", WarrantyRow, WARRANTY_SORTS, select_warranties, warranty_filters),
)
