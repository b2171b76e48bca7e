"""The three reports on serials, each one statement that a page and a file share."""

from sqlalchemy import text

from services.serials.lookup.queries.unit import STEP
from shared.http import Column

INVENTORY_COLUMNS = (
    Column("sku", "the product"),
    Column("product", "its name"),
    Column("warehouse", "where the units are; empty for what is expected or has left"),
    Column("status", "one of the six"),
    Column("units", "how many units"),
    Column("held", "how many of them are on hold"),
    Column("out_of_use", "how many of them are scrapped, lost, void or sent back"),
)
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

LOCATION_COLUMNS = (
    Column("location", "the place, as warehouse/location"),
    Column("sku", "the product"),
    Column("serial", "the unit"),
    Column("status", "one of the six"),
    Column("held", "whether it is on hold"),
    Column("received_at", "when it was received"),
    Column("order", "the order it is reserved or picked for"),
    Column("lot", "the lot number on its label"),
    Column("expiry", "the last day on which it is good"),
)
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

HISTORY_COLUMNS = (
    Column("sku", "the product"),
    Column("serial", "the unit"),
    Column("version", "the step's number in the unit's life"),
    Column("recorded_at", "when it was recorded"),
    Column("occurred_at", "when it happened, by the clock of who reported it"),
    Column("change", "what happened"),
    Column("from_status", "the status before"),
    Column("status", "the status after"),
    Column("from_location", "the place before"),
    Column("location", "the place after"),
    Column("reason", "why"),
    Column("actor", "who"),
    Column("receipt", "the receipt"),
    Column("order", "the order"),
    Column("shipment", "the shipment"),
    Column("customer", "the customer"),
    Column("return_id", "the customer return"),
    Column("hold", "the hold"),
    Column("lot", "the lot number on the unit's label"),
    Column("expiry", "the last day on which the unit is good"),
)
HISTORY = f"""
    SELECT {", ".join(f'"{column.name}"' for column in HISTORY_COLUMNS)} FROM (
        SELECT k.sku, k.serial, s.lot, s.expiry, {STEP} FROM serial AS k JOIN serial_state AS s USING (id)
        JOIN audit AS u ON u.serial_id = k.id JOIN act AS a ON a.id = u.act
        WHERE (CAST(:sku AS text) IS NULL OR k.sku = :sku) AND (CAST(:serial AS text) IS NULL OR k.serial = :serial)
          AND (k.sku, k.serial) >= (:after_sku, :after_serial)
          AND (k.sku, k.serial, u.version) > (:after_sku, :after_serial, :after_version)
          AND (CAST(:since AS timestamptz) IS NULL OR a.recorded >= :since)
          AND (CAST(:until AS timestamptz) IS NULL OR a.recorded < :until)
        ORDER BY k.sku, k.serial, u.version LIMIT :size
    ) AS step
"""  # noqa: S608 - the columns are this module's own

STATEMENTS = {name: text(sql) for name, sql in (("inventory", INVENTORY), ("location", LOCATION), ("history", HISTORY))}
