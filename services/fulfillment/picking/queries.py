"""The pick list, and what became of exchanges; read-only."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text

from shared.database import Transaction

# In the order of the pickers' walk; an order that ships complete is on no list before every line of it is full.
_RELEASED = """
    CROSS JOIN LATERAL (
        SELECT bool_or(allocated > 0) AS to_pick,
               bool_or(ordered > allocated + picked + shipped AND NOT cancelled) AS short
        FROM order_line l WHERE l.order_id = o.order_id) AS lines
    WHERE o.status IN ('OPEN', 'WAITING') AND lines.to_pick AND (o.backorders <> 'SHIP_COMPLETE' OR NOT lines.short)
"""
_KEY = """
    coalesce(l.pick_sequence, 0), u.location, u.sku, coalesce(u.serial, ''), coalesce(u.lot, ''), u.order_id, u.line
"""
_GOODS = f"""
    SELECT u.order_id, u.line, u.sku, coalesce(p.name, '') AS name, u.serial, u.lot, u.expiry, u.quantity, u.location,
           coalesce(l.pick_sequence, 0) AS pick_sequence, wave.priority
    FROM wave CROSS JOIN LATERAL (
        SELECT order_id, line, sku, serial, CAST(NULL AS text) AS lot, expiry, 1 AS quantity, location FROM unit
        WHERE order_id = wave.order_id AND status = 'ALLOCATED'
        UNION ALL
        SELECT order_id, line, sku, NULL, lot, expiry, sum(quantity), location FROM pile
        WHERE order_id = wave.order_id AND status = 'ALLOCATED' GROUP BY order_id, line, sku, lot, expiry, location
    ) u
    LEFT JOIN product p ON p.sku = u.sku LEFT JOIN location l ON l.location = u.location
    WHERE ({_KEY}) > (:sequence, :location, :sku, :serial, :lot, :after_order, :line)
    ORDER BY {_KEY} LIMIT :size
"""  # noqa: S608 - the parts are this module's own
OF_ORDER = text(f"""
    WITH wave AS (SELECT o.order_id, o.priority FROM sales_order o {_RELEASED} AND o.order_id = :order) {_GOODS}
""")  # noqa: S608 - the parts are this module's own
# By sales_order_open: the most urgent orders first, and of their goods those that the walk meets first.
OF_WAREHOUSE = text(f"""
    WITH wave AS (
        SELECT o.order_id, o.priority FROM sales_order o {_RELEASED} AND o.warehouse = :warehouse
        ORDER BY o.priority DESC, o.placed_at LIMIT :orders
    ) {_GOODS}
""")  # noqa: S608 - the parts are this module's own
STATUS = text("SELECT status FROM sales_order WHERE order_id = :order")
EXCHANGE = text("""
    SELECT demand, order_id, line, sku, instead_of, coalesce(serials[1], lots[1]) AS wanted, outcome, quantity, given,
           tracking,
           CASE WHEN given > 0 THEN 'DONE' WHEN withdrawn THEN 'ENDED' WHEN closed THEN 'FAILED' ELSE 'UNDER_WAY' END
           AS status
    FROM demand WHERE demand = :demand AND instead_of IS NOT NULL
""")


async def picks_of_order(tx: Transaction, order: str, *, after: Sequence[Any], size: int) -> Sequence[Row[Any]] | None:
    """The goods to pick for an order in the order of the walk; none where there is no such order."""
    if not await tx.rows(STATUS, {"order": order}):
        return None
    return await tx.rows(OF_ORDER, {"order": order, "size": size} | _from(after))


async def picks_of_warehouse(
    tx: Transaction, warehouse: str, orders: int, *, after: Sequence[Any], size: int
) -> Sequence[Row[Any]]:
    """The goods to pick for the most urgent orders of a warehouse, as one walk."""
    return await tx.rows(OF_WAREHOUSE, {"warehouse": warehouse, "orders": orders, "size": size} | _from(after))


def _from(after: Sequence[Any]) -> dict[str, Any]:
    return dict(zip(("sequence", "location", "sku", "serial", "lot", "after_order", "line"), after, strict=True))


async def exchange(tx: Transaction, demand: str) -> Row[Any] | None:
    """An exchange as it stands."""
    found = await tx.rows(EXCHANGE, {"demand": demand})
    return found[0] if found else None
