"""The pick list, and what became of exchanges; read-only."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text

from shared.database import Transaction

# In the order of the pickers' walk; an order that ships complete is on no list before every line of it is full.
_RELEASED = """
    (o.backorders <> 'SHIP_COMPLETE' OR NOT EXISTS (
        SELECT FROM order_line s WHERE s.order_id = o.order_id AND NOT s.cancelled
        AND s.ordered > s.allocated + s.picked + s.shipped))
"""
_UNITS = """
    SELECT u.order_id, u.line, u.sku, coalesce(p.name, '') AS name, u.serial, u.location,
           coalesce(l.pick_sequence, 0) AS pick_sequence, o.priority
    FROM sales_order o JOIN unit u ON u.order_id = o.order_id AND u.status = 'ALLOCATED'
    LEFT JOIN product p ON p.sku = u.sku LEFT JOIN location l ON l.location = u.location
"""
OF_ORDER = text(f"""
    {_UNITS} WHERE o.order_id = :order AND o.status IN ('OPEN', 'WAITING') AND {_RELEASED}
    ORDER BY pick_sequence, u.location, u.sku, u.serial
""")
# By sales_order_open: the most urgent orders first, and of their units those that the walk meets first.
OF_WAREHOUSE = text(f"""
    WITH wave AS (
        SELECT order_id FROM sales_order o
        WHERE warehouse = :warehouse AND status IN ('OPEN', 'WAITING') AND {_RELEASED}
          AND EXISTS (SELECT FROM order_line l WHERE l.order_id = o.order_id AND l.allocated > 0)
        ORDER BY priority DESC, placed_at, order_id LIMIT :orders
    )
    {_UNITS} WHERE o.order_id IN (SELECT order_id FROM wave)
    ORDER BY pick_sequence, u.location, u.sku, u.serial
""")  # noqa: S608 - the parts are this module's own
STATUS = text("SELECT status FROM sales_order WHERE order_id = :order")
EXCHANGE = text("""
    SELECT demand, order_id, line, sku, instead_of, serials[1] AS wanted, outcome,
           CASE WHEN given > 0 THEN 'DONE' WHEN withdrawn THEN 'ENDED' WHEN closed THEN 'FAILED' ELSE 'UNDER_WAY' END
           AS status
    FROM demand WHERE demand = :demand AND instead_of IS NOT NULL
""")


async def picks_of_order(tx: Transaction, order: str) -> Sequence[Row[Any]] | None:
    """The units to pick for an order in the order of the walk; none where there is no such order."""
    if not await tx.rows(STATUS, {"order": order}):
        return None
    return await tx.rows(OF_ORDER, {"order": order})


async def picks_of_warehouse(tx: Transaction, warehouse: str, orders: int) -> Sequence[Row[Any]]:
    """The units to pick for the most urgent orders of a warehouse, as one walk."""
    return await tx.rows(OF_WAREHOUSE, {"warehouse": warehouse, "orders": orders})


async def exchange(tx: Transaction, demand: str) -> Row[Any] | None:
    """An exchange as it stands."""
    found = await tx.rows(EXCHANGE, {"demand": demand})
    return found[0] if found else None
