"""Demands, read for people."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text

from shared.database import Transaction

LISTED = text("""
    SELECT id, status, order_id, line, sku, tracking, warehouse, customer, priority, placed_at, shortfall, quantity
    FROM demand
    WHERE id > :after
        AND (CAST(:sku AS text) IS NULL OR sku = :sku)
        AND (CAST(:order AS text) IS NULL OR order_id = :order)
        AND (CAST(:status AS text) IS NULL OR status = :status)
    ORDER BY id LIMIT :size
""")


async def listed(
    tx: Transaction, *, sku: str | None, order: str | None, status: str | None, after: str, size: int
) -> Sequence[Row[Any]]:
    """Give demands in order of their ids."""
    values = {"sku": sku, "order": order, "status": status, "after": after, "size": size}
    return await tx.rows(LISTED, values)
