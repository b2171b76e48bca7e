"""Serial reports: inventory, location and history."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import Query
from pydantic import Field

from services.serials.lookup.queries.filters import IS_EXPECTED
from services.serials.lookup.queries.location_exceptions import (
    EXCEPTION_KEY,
    SELECT_EXCEPTIONS,
    UnitLocationExceptionRow,
)
from services.serials.lookup.queries.unit import HISTORY_COLUMNS
from services.serials.lookup.queries.warranties import (
    SELECT_WARRANTIES,
    WARRANTY_KEY,
    WarrantyRow,
    warranty_filters,
)
from services.serials.units.domain.transitions import SerialChangeType
from shared.contracts.model import KnownFieldsModel
from shared.contracts.serials import SerialStatus
from shared.http import Report, Since, SkuFilter, Until, WarehouseFilter


class SerialInventoryRow(KnownFieldsModel):
    """Serial inventory: number of units by product, warehouse and status, without cancelled expectations."""

    sku: str = Field(description="SKU of the product")
    product: str = Field(description="product name")
    warehouse: str = Field(description="warehouse of the units; empty for expected and shipped units")
    status: SerialStatus = Field(description="status of the units")
    units: int = Field(description="number of units, without those out of use")
    held: int = Field(description="number of these units that are on hold")
    out_of_use: int = Field(description="number of further units that are scrapped, lost, void or returned to vendor")


# Groups before ordering: one row for each existing combination of product, warehouse and status.
SELECT_INVENTORY = f"""
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
    WHERE (s.sku, coalesce(s.warehouse, ''), s.status::text) > (:after_sku, :after_warehouse, :after_status)
    ORDER BY s.sku, coalesce(s.warehouse, ''), s.status::text LIMIT :size
"""  # noqa: S608 - the condition is this service's own


class LocationRow(KnownFieldsModel):
    """Serial location: the location of each unit on hand, without lost, scrapped, void and returned units."""

    location: str = Field(description="location, as warehouse/location")
    sku: str = Field(description="SKU of the product")
    serial: str = Field(description="serial number")
    status: SerialStatus = Field(description="status of the units")
    on_hold: bool = Field(description="whether the unit is on hold")
    received_at: datetime | None = Field(description="time of receipt")
    order: str | None = Field(description="order that the unit is allocated to or picked for")
    lot: str | None = Field(description="lot number")
    expiry: date | None = Field(description="expiry date, the last day on which the unit is usable")


SELECT_LOCATIONS = """
    SELECT location, sku, serial, status::text AS status, open_hold_count > 0 AS on_hold, received_at,
           order_id AS "order", lot, expiry
    FROM serial_state
    WHERE location IS NOT NULL AND adjustment IS NULL AND (CAST(:warehouse AS text) IS NULL OR warehouse = :warehouse)
      AND (CAST(:sku AS text) IS NULL OR sku = :sku)
      AND (warehouse, location) >= (split_part(:after_location, '/', 1), :after_location)
      AND (warehouse, location, sku, serial)
          > (split_part(:after_location, '/', 1), :after_location, :after_sku, :after_serial)
    ORDER BY warehouse, location, sku, serial LIMIT :size
"""


class HistoryRow(KnownFieldsModel):
    """Serial history: every recorded change of each unit."""

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
    lot: str | None = Field(description="lot number")
    expiry: date | None = Field(description="expiry date, the last day on which the unit is usable")


SELECT_HISTORY = f"""
    SELECT k.sku, k.serial, s.lot, s.expiry, {HISTORY_COLUMNS} FROM serial AS k JOIN serial_state AS s USING (id)
    JOIN audit_entry AS e ON e.serial_id = k.id JOIN audit_operation AS o ON o.id = e.operation_id
    WHERE (CAST(:sku AS text) IS NULL OR k.sku = :sku) AND (CAST(:serial AS text) IS NULL OR k.serial = :serial)
      AND (k.sku, k.serial) >= (:after_sku, :after_serial)
      AND (k.sku, k.serial, e.version) > (:after_sku, :after_serial, :after_version)
      AND (CAST(:since AS timestamptz) IS NULL OR o.recorded_at >= :since)
      AND (CAST(:until AS timestamptz) IS NULL OR o.recorded_at < :until)
    ORDER BY k.sku, k.serial, e.version LIMIT :size
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


REPORTS = (
    Report(
        "serial-inventory",
        SerialInventoryRow,
        {"sku": "", "warehouse": "", "status": ""},
        SELECT_INVENTORY,
        stock_filters,
    ),
    Report("serial-location", LocationRow, {"location": "", "sku": "", "serial": ""}, SELECT_LOCATIONS, stock_filters),
    Report(
        "location-exceptions",
        UnitLocationExceptionRow,
        EXCEPTION_KEY,
        SELECT_EXCEPTIONS,
        stock_filters,
    ),
    Report("serial-history", HistoryRow, {"sku": "", "serial": "", "version": 0}, SELECT_HISTORY, history_filters),
    Report("serial-warranty", WarrantyRow, WARRANTY_KEY, SELECT_WARRANTIES, warranty_filters),
)
