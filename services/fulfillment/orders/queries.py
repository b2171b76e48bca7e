"""Read-only queries for orders, their lines, units, lots, demands and log."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text

from services.fulfillment.orders.domain.shelf_life import describe_shelf_life
from shared.http import PageRequest
from shared.inventory.expiry import today
from shared.inventory.fefo import sql_order
from shared.inventory.reference_data import load_products, load_warehouses
from shared.persistence.database import Transaction
from shared.persistence.sorting import SortKey, SortOrder, Sorts

SELECT_ORDER = text("""
    SELECT order_id AS "order", version, warehouse, awaiting_warehouse,
           customer, customer_name, ship_to, contact, priority, backorders, placed_at,
           min_remaining_shelf_life_days, status
    FROM sales_order o WHERE order_id = :order
""")
# A line that is not cancelled has no cancelled quantity, and a cancelled one only that.
_REST = "ordered - allocated - picked - shipped"
_OPEN = f"CASE WHEN cancelled THEN 0 ELSE {_REST} - backordered - dropped END"
_CANCELLED = f"CASE WHEN cancelled THEN {_REST} ELSE 0 END"
SELECT_LINES = text(f"""
    SELECT line, sku, ordered, serials, lots, single_lot, {_OPEN} AS open, backordered, allocated,
           picked - packed AS picked, packed, shipped, {_CANCELLED} AS cancelled, dropped,
           awaiting_product AND NOT cancelled AS awaiting_product
    FROM order_line WHERE order_id = :order ORDER BY position
""")  # noqa: S608 - built from constants of this module
# The first 1,000 units only; the pick list and the cartons show all of them.
SELECT_UNITS = text("""
    SELECT line, sku, serial, status, location, carton, nullif(shipment, '') AS shipment, demand_id, expiry,
           nullif(mismatch, '') AS mismatch,
           ARRAY(SELECT h.reason FROM unit_hold h WHERE h.sku = u.sku AND h.serial = u.serial) AS holds
    FROM allocated_unit u WHERE order_id = :order ORDER BY line, sku, serial LIMIT 1000
""")
SELECT_LOTS = text(f"""
    SELECT line, sku, lot, expiry, quantity, status, location, carton, nullif(shipment, '') AS shipment, demand_id,
           nullif(mismatch, '') AS mismatch,
           ARRAY(SELECT h.reason FROM lot_hold h WHERE h.sku = a.sku AND h.lot = a.lot
                 AND (h.location = '' OR (h.location = a.location AND a.status = 'ALLOCATED'))) AS holds
    FROM allocated_lot a WHERE order_id = :order
    ORDER BY line, sku, {sql_order(expiry="expiry", number="lot")}, allocated_lot_id LIMIT 1000
""")  # noqa: S608 - constant names
SELECT_DEMANDS = text("""
    SELECT demand_id, line, sku, tracking, quantity, shortfall, serials, lots, pending = 0 AS answered, allocated_total,
           closed, cancelled, replaces, skipped_summary
    FROM demand WHERE order_id = :order ORDER BY demand_id LIMIT 1000
""")
SORTS = Sorts(
    "order",
    order=[SortKey("order_id", name="order")],
    placed_at=[SortKey("placed_at", "timestamptz"), SortKey("order_id", name="order")],
)
"""Orders of the list, by its primary key and by the index `sales_order_placed_at`."""
LOG_SORTS = Sorts("id", id=[SortKey("id", "bigint")])


def select_orders(order: SortOrder) -> str:
    """Write the statement of a page of orders."""
    # A prefix of the order number is a range of the primary key.
    return f"""
        SELECT order_id AS "order", warehouse, awaiting_warehouse,
               customer, customer_name, priority, placed_at, status, sums.*
        FROM (
            SELECT * FROM sales_order AS o
            WHERE order_id >= :prefix AND (:upper_bound = '' OR order_id < :upper_bound)
              AND (CAST(:status AS text[]) IS NULL OR status = ANY(:status))
              AND (CAST(:customer AS text) IS NULL OR customer = :customer)
              AND (CAST(:warehouse AS text) IS NULL OR warehouse = :warehouse)
              AND (CAST(:awaiting_warehouse AS boolean) IS NULL OR awaiting_warehouse = :awaiting_warehouse)
              AND (CAST(:shipment AS text) IS NULL OR order_id = ANY(ARRAY(
                  SELECT unnest(s.orders) FROM shipment AS s WHERE s.shipment = :shipment
              )))
              AND (CAST(:changed_since AS timestamptz) IS NULL OR order_id = ANY(ARRAY(
                  SELECT l.order_id FROM order_log AS l WHERE l.recorded_at >= :changed_since
              )))
              AND {order.condition}
            {order.order_by} LIMIT :size
        ) o
        LEFT JOIN LATERAL (
            SELECT coalesce(sum(ordered), 0) AS ordered, coalesce(sum({_OPEN}), 0) AS open,
                   coalesce(sum(backordered), 0) AS backordered, coalesce(sum(allocated), 0) AS allocated,
                   coalesce(sum(picked - packed), 0) AS picked, coalesce(sum(packed), 0) AS packed,
                   coalesce(sum(shipped), 0) AS shipped, coalesce(sum({_CANCELLED}), 0) AS cancelled,
                   coalesce(sum(dropped), 0) AS dropped
            FROM order_line l WHERE l.order_id = o.order_id) sums ON true
        {order.order_by}
    """  # noqa: S608 - constant names


def select_log(order: SortOrder) -> str:
    """Write the statement of a page of the log of an order."""
    return f"""
    SELECT id, occurred_at, actor, action, detail FROM order_log
    WHERE order_id = :order AND {order.after()} {order.order_by} LIMIT :size
    """  # noqa: S608 - constant names


async def load_order(tx: Transaction, order_id: str) -> Row[Any] | None:
    """The header of an order."""
    rows = await tx.fetch_all(SELECT_ORDER, {"order": order_id})
    return rows[0] if rows else None


async def load_lines(tx: Transaction, order_id: str) -> Sequence[Row[Any]]:
    """The lines of an order, in the sequence of the sender."""
    return await tx.fetch_all(SELECT_LINES, {"order": order_id})


async def load_units(tx: Transaction, order_id: str) -> Sequence[Row[Any]]:
    """The units of an order, at most 1,000."""
    return await tx.fetch_all(SELECT_UNITS, {"order": order_id})


async def load_lots(tx: Transaction, order_id: str) -> Sequence[Row[Any]]:
    """The lot quantities of an order, at most 1,000."""
    return await tx.fetch_all(SELECT_LOTS, {"order": order_id})


async def load_demands(tx: Transaction, order_id: str) -> Sequence[Row[Any]]:
    """The demands of an order, at most 1,000."""
    return await tx.fetch_all(SELECT_DEMANDS, {"order": order_id})


async def find_orders(tx: Transaction, page: PageRequest, prefix: str, **filters: Any) -> Sequence[Row[Any]]:
    """Orders by number prefix, status, customer, warehouse, whether this is defined, shipment and time of change."""
    return await page.fetch(tx, select_orders, {"prefix": prefix, "upper_bound": _prefix_upper_bound(prefix)} | filters)


def _prefix_upper_bound(prefix: str) -> str:
    """The smallest string after all with this prefix; a printable ASCII character always has a successor."""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1) if prefix else ""


async def add_shelf_life_mismatches(tx: Transaction, order: Row[Any], rows: Sequence[Row[Any]]) -> list[dict[str, Any]]:
    """Return the fields of items; `mismatch` also says that a picked one has too little remaining shelf life.

    Nothing is stored: dates pass, and the dispatch check of the stock's owner decides.
    """
    items = [dict(row._asdict()) for row in rows]
    dated = [item for item in items if item["expiry"] and item["status"] == "PICKED" and not item["mismatch"]]
    warehouses = await load_warehouses(tx, [order.warehouse]) if dated else {}
    products = await load_products(tx, {item["sku"] for item in dated}) if warehouses else {}
    for item in dated:
        if product := products.get(item["sku"]):
            policy = product.shelf_life
            min_days = policy.min_remaining_shelf_life(order.customer, order.min_remaining_shelf_life_days)
            local_date = today(tx.clock(), warehouses[order.warehouse].time_zone)
            label = f"{item['sku']} {item.get('serial') or item.get('lot')}"
            reason = describe_shelf_life(label, item["expiry"], policy, min_days, local_date)
            item["mismatch"] = reason and reason[1]
    return items
