"""Cartons, shipments and dispatches as they stand; read-only."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text

from shared.database import Transaction

CARTON = text("""
    SELECT c.carton, c.order_id, c.shipment, s.status FROM carton c LEFT JOIN shipment s USING (shipment)
    WHERE c.carton = :carton
""")
# What lies in the cartons `c`: a serial a row, or how much of a lot for a line.
_INSIDE = """
    SELECT line, sku, serial, CAST(NULL AS text) AS lot, CAST(NULL AS date) AS expiry, 1 AS quantity, status FROM unit
    WHERE order_id = c.order_id AND carton = c.carton
    UNION ALL
    SELECT line, sku, NULL, lot, expiry, sum(quantity), status FROM pile
    WHERE order_id = c.order_id AND carton = c.carton GROUP BY line, sku, lot, expiry, status
"""
CARTON_CONTENT = text(f"""
    SELECT u.* FROM carton c CROSS JOIN LATERAL ({_INSIDE}) u
    WHERE c.carton = :carton ORDER BY u.sku, u.serial, u.lot, u.line
""")  # noqa: S608 - the parts are this module's own
# A check is over once the packing of one of its orders has risen, though its answers are still to come.
_STATUS = """
    CASE WHEN c.status = 'CHECKING' AND EXISTS (
        SELECT FROM unnest(c.orders, c.packing) AS asked (order_id, packing)
        JOIN sales_order o ON o.order_id = asked.order_id WHERE o.packing <> asked.packing)
    THEN 'ENDED' ELSE c.status END
"""
_SHOWN_STATUS = f"CASE WHEN s.status = 'CREATED' AND {_STATUS} = 'CHECKING' THEN 'CHECKING' ELSE s.status END"
# By the status in the row first, for the index shipment_unfinished: a shipment under check is CREATED there.
_ASKED = f"""
    (CAST(:stored AS text[]) IS NULL OR s.status = ANY(:stored))
    AND (CAST(:status AS text[]) IS NULL OR {_SHOWN_STATUS} = ANY(:status))
"""
_SHIPMENT = f"""
    SELECT s.shipment, s.warehouse, s.orders, s.carrier, s.tracking_number, s.created_at, s.created_by,
           s.dispatched_at, s.check_id AS dispatch,
           {_SHOWN_STATUS} AS status
"""
_CHECK = "LEFT JOIN dispatch_check c USING (check_id)"
SHIPMENT = text(f"{_SHIPMENT} FROM shipment s {_CHECK} WHERE s.shipment = :shipment")
SHIPMENTS = text(f"""
    {_SHIPMENT} FROM shipment s {_CHECK}
    WHERE s.shipment > :after AND {_ASKED} ORDER BY s.shipment LIMIT :size
""")
SHIPMENTS_OF_ORDER = text(f"""
    {_SHIPMENT} FROM unnest(ARRAY(SELECT DISTINCT shipment FROM carton WHERE order_id = :order)) AS its (name)
    JOIN shipment s ON s.shipment = its.name {_CHECK}
    WHERE s.shipment > :after AND {_ASKED} ORDER BY s.shipment LIMIT :size
""")  # noqa: S608 - the parts are this module's own
SHIPMENT_CONTENT = text(f"""
    SELECT c.order_id, c.carton, u.* FROM carton c LEFT JOIN LATERAL ({_INSIDE}) u ON true
    WHERE c.shipment = :shipment ORDER BY c.order_id, c.carton, u.sku, u.serial, u.lot, u.line LIMIT 10000
""")  # noqa: S608 - the parts are this module's own
DISPATCH = text(f"""
    SELECT c.check_id, c.shipment, c.orders, c.asked, c.approved, c.until, c.reasons, c.at, c.actor, c.ended_at,
           {_STATUS} AS status
    FROM dispatch_check c WHERE check_id = :check
""")  # noqa: S608 - the parts are this module's own


async def carton(tx: Transaction, name: str) -> tuple[Row[Any], Sequence[Row[Any]]] | None:
    """A carton and what lies in it."""
    found = await tx.rows(CARTON, {"carton": name})
    return (found[0], await tx.rows(CARTON_CONTENT, {"carton": name})) if found else None


async def shipment(tx: Transaction, name: str) -> tuple[Row[Any], Sequence[Row[Any]]] | None:
    """A shipment and what lies in its cartons, the first ten thousand units and lots."""
    found = await tx.rows(SHIPMENT, {"shipment": name})
    return (found[0], await tx.rows(SHIPMENT_CONTENT, {"shipment": name})) if found else None


async def shipments(
    tx: Transaction, *, status: Sequence[str] | None, order: str | None, after: str, size: int
) -> Sequence[Row[Any]]:
    """Shipments by status and order."""
    stored = status and ["CREATED" if one == "CHECKING" else one for one in status]
    given = {"status": status, "stored": stored, "after": after, "size": size}
    if order is None:
        return await tx.rows(SHIPMENTS, given)
    return await tx.rows(SHIPMENTS_OF_ORDER, given | {"order": order})


async def dispatch(tx: Transaction, check: str) -> Row[Any] | None:
    """A dispatch as it stands."""
    found = await tx.rows(DISPATCH, {"check": check})
    return found[0] if found else None
