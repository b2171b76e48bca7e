"""Where a lot came from and where it went, from the ledger."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text

from shared.database import Transaction

MOST = 10_000
"""Lines an answer has at most."""

CAME = text("""
    SELECT change, on_hand AS quantity, warehouse, location, recorded AS recorded_at, occurred AS occurred_at, actor,
        reason, receipt, line, supplier, return_id, order_id AS "order", customer
    FROM ledger
    WHERE sku = :sku AND lot = :lot AND change IN ('RECEIVED', 'RETURNED', 'FOUND', 'COUNTED_UP')
    ORDER BY id LIMIT :most
""")
SHIPPED = text("""
    SELECT s.*, coalesce(n.customer_name, '') AS customer_name, coalesce(n.contact, '') AS contact FROM (
        SELECT shipment, order_id AS "order", line, customer, warehouse, -sum(picked) AS quantity,
            min(recorded) AS shipped_at, min(id) AS id
        FROM ledger WHERE sku = :sku AND lot = :lot AND change = 'SHIPPED'
        GROUP BY shipment, order_id, line, customer, warehouse ORDER BY min(id) LIMIT :most
    ) AS s LEFT JOIN consignee AS n ON n.shipment = s.shipment AND n.order_id = s."order"
    ORDER BY s.id
""")
PROMISED = text("""
    SELECT r.order_id AS "order", r.line, r.status, r.location, r.quantity, d.customer FROM (
        SELECT demand, order_id, line, 'ALLOCATED' AS status, location, quantity FROM reserved
        WHERE sku = :sku AND lot = :lot AND quantity > 0
        UNION ALL
        SELECT demand, order_id, line, 'PICKED', NULL, quantity FROM picked
        WHERE sku = :sku AND lot = :lot AND quantity > 0
    ) AS r LEFT JOIN demand AS d ON d.id = r.demand
    ORDER BY r.order_id, r.line, r.status, r.location LIMIT :most
""")
GONE = text("""
    SELECT change, -on_hand AS quantity, warehouse, location, recorded AS recorded_at, actor, reason FROM ledger
    WHERE sku = :sku AND lot = :lot AND change IN ('SCRAPPED', 'LOST', 'COUNTED_DOWN', 'SENT_BACK')
    ORDER BY id LIMIT :most
""")


async def came(tx: Transaction, sku: str, lot: str) -> Sequence[Row[Any]]:
    """Give what brought a lot here: receipts, returns, what was found."""
    return await tx.rows(CAME, _of(sku, lot))


async def shipped(tx: Transaction, sku: str, lot: str) -> Sequence[Row[Any]]:
    """Give the shipments that a lot left with, and whom they went to."""
    return await tx.rows(SHIPPED, _of(sku, lot))


async def promised(tx: Transaction, sku: str, lot: str) -> Sequence[Row[Any]]:
    """Give the orders that have some of a lot which has not left."""
    return await tx.rows(PROMISED, _of(sku, lot))


async def gone(tx: Transaction, sku: str, lot: str) -> Sequence[Row[Any]]:
    """Give what of a lot was scrapped, lost or sent back."""
    return await tx.rows(GONE, _of(sku, lot))


def _of(sku: str, lot: str) -> dict[str, Any]:
    return {"sku": sku, "lot": lot, "most": MOST}
