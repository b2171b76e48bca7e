"""The three reports on serials."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import Query
from pydantic import Field

from services.serials.lookup.queries.unit import STEP
from services.serials.units.domain.transitions import Change
from shared.contracts.model import KnownFieldsModel
from shared.contracts.serials import Status
from shared.http import Report, Since, SkuFilter, Until, WarehouseFilter


class InventoryRow(KnownFieldsModel):
    """Serial inventory: how many units of a product are in each warehouse and status."""

    sku: str = Field(description="the product")
    product: str = Field(description="its name")
    warehouse: str = Field(description="where the units are; empty for what is expected or has left")
    status: Status = Field(description="one of the six")
    units: int = Field(description="how many units")
    held: int = Field(description="how many of them are on hold")
    out_of_use: int = Field(description="how many of them are scrapped, lost, void or sent back")


# Grouped before it is ordered; the rows are as many as products, warehouses and statuses meet.
INVENTORY = """
    SELECT s.sku, coalesce(p.name, '') AS product, coalesce(s.warehouse, '') AS warehouse, s.status::text AS status,
           s.units, s.held, s.out_of_use
    FROM (
        SELECT sku, warehouse, status, count(*) AS units, count(*) FILTER (WHERE holds > 0) AS held,
               count(adjustment) AS out_of_use
        FROM serial_state
        WHERE (CAST(:sku AS text) IS NULL OR sku = :sku)
          AND (CAST(:warehouse AS text) IS NULL OR warehouse = :warehouse)
        GROUP BY sku, warehouse, status
    ) AS s LEFT JOIN product AS p USING (sku)
    WHERE (s.sku, coalesce(s.warehouse, ''), s.status::text) > (:after_sku, :after_warehouse, :after_status)
    ORDER BY s.sku, coalesce(s.warehouse, ''), s.status::text LIMIT :size
"""


class LocationRow(KnownFieldsModel):
    """Serial location: which unit lies where."""

    location: str = Field(description="the place, as warehouse/location")
    sku: str = Field(description="the product")
    serial: str = Field(description="the unit")
    status: Status = Field(description="one of the six")
    held: bool = Field(description="whether it is on hold")
    received_at: datetime | None = Field(description="when it was received")
    order: str | None = Field(description="the order it is reserved or picked for")
    lot: str | None = Field(description="the lot number on its label")
    expiry: date | None = Field(description="the last day on which it is good")


LOCATION = """
    SELECT location, sku, serial, status::text AS status, holds > 0 AS held, received_at, order_id AS "order",
           lot, expiry
    FROM serial_state
    WHERE location IS NOT NULL AND (CAST(:warehouse AS text) IS NULL OR warehouse = :warehouse)
      AND (CAST(:sku AS text) IS NULL OR sku = :sku)
      AND (warehouse, location) >= (split_part(:after_location, '/', 1), :after_location)
      AND (warehouse, location, sku, serial)
          > (split_part(:after_location, '/', 1), :after_location, :after_sku, :after_serial)
    ORDER BY warehouse, location, sku, serial LIMIT :size
"""


class HistoryRow(KnownFieldsModel):
    """Serial history: from receipt to shipment, step by step."""

    sku: str = Field(description="the product")
    serial: str = Field(description="the unit")
    version: int = Field(description="the step's number in the unit's life")
    recorded_at: datetime = Field(description="when it was recorded")
    occurred_at: datetime = Field(description="when it happened, by the clock of who reported it")
    change: Change = Field(description="what happened")
    from_status: Status | None = Field(description="the status before")
    status: Status = Field(description="the status after")
    from_location: str | None = Field(description="the place before")
    location: str | None = Field(description="the place after")
    reason: str = Field(description="why")
    actor: str = Field(description="who")
    receipt: str | None = Field(description="the receipt")
    order: str | None = Field(description="the order")
    shipment: str | None = Field(description="the shipment")
    customer: str | None = Field(description="the customer")
    return_id: str | None = Field(description="the customer return")
    hold: str | None = Field(description="the hold")
    lot: str | None = Field(description="the lot number on the unit's label")
    expiry: date | None = Field(description="the last day on which the unit is good")


HISTORY = f"""
    SELECT k.sku, k.serial, s.lot, s.expiry, {STEP} FROM serial AS k JOIN serial_state AS s USING (id)
    JOIN audit AS u ON u.serial_id = k.id JOIN act AS a ON a.id = u.act
    WHERE (CAST(:sku AS text) IS NULL OR k.sku = :sku) AND (CAST(:serial AS text) IS NULL OR k.serial = :serial)
      AND (k.sku, k.serial) >= (:after_sku, :after_serial)
      AND (k.sku, k.serial, u.version) > (:after_sku, :after_serial, :after_version)
      AND (CAST(:since AS timestamptz) IS NULL OR a.recorded >= :since)
      AND (CAST(:until AS timestamptz) IS NULL OR a.recorded < :until)
    ORDER BY k.sku, k.serial, u.version LIMIT :size
"""  # noqa: S608 - the columns are this service's own


def of_stock(sku: SkuFilter = None, warehouse: WarehouseFilter = None) -> dict[str, Any]:
    """Those of a product, or in a warehouse."""
    return {"sku": sku, "warehouse": warehouse}


def of_steps(
    sku: SkuFilter = None,
    serial: Annotated[str | None, Query(description="Serial number.")] = None,
    since: Since = None,
    until: Until = None,
) -> dict[str, Any]:
    """Those of a product or a unit, and of a time."""
    return {"sku": sku, "serial": serial, "since": since, "until": until}


REPORTS = (
    Report("serial-inventory", InventoryRow, {"sku": "", "warehouse": "", "status": ""}, INVENTORY, of_stock),
    Report("serial-location", LocationRow, {"location": "", "sku": "", "serial": ""}, LOCATION, of_stock),
    Report("serial-history", HistoryRow, {"sku": "", "serial": "", "version": 0}, HISTORY, of_steps),
)
