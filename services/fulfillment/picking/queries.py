"""Read-only queries for pick lists and swaps."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text

from shared.persistence.database import Transaction

# A ship-complete order is on no pick list until every line is fully allocated.
_RELEASED_ORDERS = """
    CROSS JOIN LATERAL (
        SELECT bool_or(allocated > 0) AS to_pick,
               bool_or(ordered > allocated + picked + shipped AND NOT cancelled) AS incomplete
        FROM order_line l WHERE l.order_id = o.order_id) AS lines
    WHERE o.status IN ('OPEN', 'PARTLY_SHIPPED') AND lines.to_pick
      AND (o.backorders <> 'SHIP_COMPLETE' OR NOT lines.incomplete)
"""
_SORT_KEY = """
    coalesce(l.pick_sequence, 0), u.location, u.sku, coalesce(u.serial, ''), coalesce(u.lot, ''), u.order_id, u.line
"""
_PICK_ITEMS = f"""
    SELECT u.order_id, u.line, u.sku, coalesce(p.name, '') AS name, u.serial, u.lot, u.expiry, u.quantity, u.location,
           coalesce(l.pick_sequence, 0) AS pick_sequence, wave.priority
    FROM wave CROSS JOIN LATERAL (
        SELECT order_id, line, sku, serial, CAST(NULL AS text) AS lot, expiry, 1 AS quantity, location
        FROM allocated_unit
        WHERE order_id = wave.order_id AND status = 'ALLOCATED'
        UNION ALL
        SELECT order_id, line, sku, NULL, lot, expiry, sum(quantity), location FROM allocated_lot
        WHERE order_id = wave.order_id AND status = 'ALLOCATED' GROUP BY order_id, line, sku, lot, expiry, location
    ) u
    LEFT JOIN product p ON p.sku = u.sku LEFT JOIN location l ON l.location = u.location
    WHERE ({_SORT_KEY}) > (:sequence, :location, :sku, :serial, :lot, :after_order, :line)
    ORDER BY {_SORT_KEY} LIMIT :size
"""  # noqa: S608 - built from constants of this module
SELECT_ORDER_PICKS = text(f"""
    WITH wave AS (
        SELECT o.order_id, o.priority FROM sales_order o {_RELEASED_ORDERS} AND o.order_id = :order
    ) {_PICK_ITEMS}
""")  # noqa: S608 - built from constants of this module
# Uses sales_order_open: orders by priority, then their items by pick sequence.
SELECT_WAREHOUSE_PICKS = text(f"""
    WITH wave AS (
        SELECT o.order_id, o.priority FROM sales_order o {_RELEASED_ORDERS} AND o.warehouse = :warehouse
        ORDER BY o.priority DESC, o.placed_at LIMIT :orders
    ) {_PICK_ITEMS}
""")  # noqa: S608 - built from constants of this module
SELECT_ORDER_STATUS = text("SELECT status FROM sales_order WHERE order_id = :order")
SELECT_SWAP = text("""
    SELECT demand_id, order_id, line, sku, replaces, coalesce(serials[1], lots[1]) AS replacement, skipped_summary,
           quantity, allocated_total, tracking,
           CASE WHEN allocated_total > 0 THEN 'DONE' WHEN cancelled THEN 'CANCELLED' WHEN closed THEN 'FAILED'
                ELSE 'IN_PROGRESS' END AS status
    FROM demand WHERE demand_id = :demand_id AND replaces IS NOT NULL
""")


async def load_order_picks(
    tx: Transaction, order_id: str, *, after: Sequence[Any], size: int
) -> Sequence[Row[Any]] | None:
    """Items to pick for an order, in pick sequence; None for an unknown order."""
    if not await tx.fetch_all(SELECT_ORDER_STATUS, {"order": order_id}):
        return None
    return await tx.fetch_all(SELECT_ORDER_PICKS, {"order": order_id, "size": size} | _cursor_parameters(after))


async def load_warehouse_picks(
    tx: Transaction, warehouse: str, order_limit: int, *, after: Sequence[Any], size: int
) -> Sequence[Row[Any]]:
    """Items to pick for the orders with the highest priority of a warehouse, in pick sequence."""
    return await tx.fetch_all(
        SELECT_WAREHOUSE_PICKS,
        {"warehouse": warehouse, "orders": order_limit, "size": size} | _cursor_parameters(after),
    )


def _cursor_parameters(after: Sequence[Any]) -> dict[str, Any]:
    return dict(zip(("sequence", "location", "sku", "serial", "lot", "after_order", "line"), after, strict=True))


async def load_swap(tx: Transaction, demand_id: str) -> Row[Any] | None:
    """A swap with its current status."""
    rows = await tx.fetch_all(SELECT_SWAP, {"demand_id": demand_id})
    return rows[0] if rows else None
