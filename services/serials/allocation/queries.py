"""Demands, read for people."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text

from shared.database import Transaction

LISTED = text("""
    SELECT d.id, d.status, d.order_id, d.line, d.sku, d.warehouse, d.customer, d.priority, d.placed_at, d.shortfall,
           d.quantity, d.open, d.min_life_days, d.single_lot, d.lots,
           ARRAY(SELECT w.serial FROM wanted AS w WHERE w.demand = d.id ORDER BY w.serial) AS serials
    FROM demand AS d
    WHERE d.id > :after
        AND (CAST(:sku AS text) IS NULL OR d.sku = :sku)
        AND (CAST(:order AS text) IS NULL OR d.order_id = :order)
        AND (CAST(:status AS text[]) IS NULL OR d.status = ANY(:status))
        AND (NOT :waiting OR d.open > 0)
    ORDER BY d.id LIMIT :size
""")


async def listed(
    tx: Transaction,
    *,
    sku: str | None,
    order: str | None,
    status: Sequence[str] | None,
    waiting: bool,
    after: str,
    size: int,
) -> Sequence[Row[Any]]:
    """Give demands in order of their ids."""
    values = {"sku": sku, "order": order, "status": status, "waiting": waiting, "after": after, "size": size}
    return await tx.rows(LISTED, values)
