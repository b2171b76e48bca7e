"""Orders as they stand, their lines, units, stock, demands and log; read-only."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text

from shared.database import Transaction

ORDER = text("""
    SELECT order_id AS "order", warehouse, customer, customer_name, ship_to, contact, priority, backorders, placed_at,
           min_life_days, status
    FROM sales_order WHERE order_id = :order
""")
LINES = text("""
    SELECT line, sku, ordered, serials, lots, single_lot, allocated, picked, packed, shipped,
           waiting AND NOT cancelled AS waiting, cancelled,
           CASE WHEN cancelled THEN 0 ELSE ordered - allocated - picked - shipped END AS short
    FROM order_line WHERE order_id = :order ORDER BY position
""")
# Of an order of thousands of units the first ones; the pick list and the cartons have them all.
UNITS = text("""
    SELECT line, sku, serial, status, location, carton, nullif(shipment, '') AS shipment, demand, expiry,
           ARRAY(SELECT h.reason FROM unit_hold h WHERE h.sku = u.sku AND h.serial = u.serial) AS holds
    FROM unit u WHERE order_id = :order ORDER BY line, sku, serial LIMIT 1000
""")
STOCK = text("""
    SELECT line, sku, lot, expiry, quantity, status, location, carton, nullif(shipment, '') AS shipment, demand,
           ARRAY(SELECT h.reason FROM lot_hold h WHERE h.sku = p.sku AND h.lot = p.lot
                 AND (h.location = '' OR (h.location = p.location AND p.status = 'ALLOCATED'))) AS holds
    FROM pile p WHERE order_id = :order ORDER BY line, sku, expiry NULLS LAST, lot, pile LIMIT 1000
""")
DEMANDS = text("""
    SELECT demand, line, sku, tracking, quantity, shortfall, serials, lots, answered, given, closed, withdrawn,
           instead_of, outcome
    FROM demand WHERE order_id = :order ORDER BY demand LIMIT 1000
""")
LOG = text("""
    SELECT id, at, actor, what, detail FROM order_log WHERE order_id = :order AND id > :after ORDER BY id LIMIT :size
""")
# Order numbers by their beginning, in their own order: a range of the primary key.
FOUND = text("""
    SELECT order_id AS "order", warehouse, customer, customer_name, priority, placed_at, status, ordered, allocated,
           picked, shipped
    FROM (
        SELECT * FROM sales_order
        WHERE order_id > :after AND order_id >= :prefix AND (:beyond = '' OR order_id < :beyond)
          AND (CAST(:status AS text[]) IS NULL OR status = ANY(:status))
          AND (CAST(:customer AS text) IS NULL OR customer = :customer)
          AND (CAST(:warehouse AS text) IS NULL OR warehouse = :warehouse)
        ORDER BY order_id LIMIT :size
    ) o
    LEFT JOIN LATERAL (
        SELECT coalesce(sum(ordered), 0) AS ordered, coalesce(sum(allocated), 0) AS allocated,
               coalesce(sum(picked), 0) AS picked, coalesce(sum(shipped), 0) AS shipped
        FROM order_line l WHERE l.order_id = o.order_id AND NOT l.cancelled) sums ON true
    ORDER BY order_id
""")


async def order(tx: Transaction, name: str) -> Row[Any] | None:
    """An order's head."""
    found = await tx.rows(ORDER, {"order": name})
    return found[0] if found else None


async def lines(tx: Transaction, name: str) -> Sequence[Row[Any]]:
    """An order's lines, in the sender's order."""
    return await tx.rows(LINES, {"order": name})


async def units(tx: Transaction, name: str) -> Sequence[Row[Any]]:
    """An order's units, the first thousand."""
    return await tx.rows(UNITS, {"order": name})


async def stock(tx: Transaction, name: str) -> Sequence[Row[Any]]:
    """What an order has of counted goods, the first thousand piles."""
    return await tx.rows(STOCK, {"order": name})


async def demands(tx: Transaction, name: str) -> Sequence[Row[Any]]:
    """What was asked for an order, the first thousand."""
    return await tx.rows(DEMANDS, {"order": name})


async def log(tx: Transaction, name: str, after: int, size: int) -> Sequence[Row[Any]]:
    """Who did what to an order, oldest first."""
    return await tx.rows(LOG, {"order": name, "after": after, "size": size})


async def found(
    tx: Transaction,
    *,
    prefix: str,
    status: Sequence[str] | None,
    customer: str | None,
    warehouse: str | None,
    after: str,
    size: int,
) -> Sequence[Row[Any]]:
    """Orders by the beginning of their number, status, customer and warehouse."""
    return await tx.rows(
        FOUND,
        {"prefix": prefix, "beyond": _beyond(prefix), "status": status, "customer": customer, "warehouse": warehouse,
         "after": after, "size": size},
    )  # fmt: skip


def _beyond(prefix: str) -> str:
    """The first name after all that begin so; they are printable ASCII, so its last character has a next."""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1) if prefix else ""
