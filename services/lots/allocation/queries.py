"""Demands, read for people."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text

from shared.database import Transaction

LISTED = text("""
    SELECT id, status, order_id, line, sku, tracking, warehouse, customer, priority, placed_at, shortfall, quantity,
           open, lots, single_lot, min_life_days,
           (SELECT coalesce(json_agg(json_build_object('lot', r.lot, 'location', r.location, 'quantity', r.quantity)
                                     ORDER BY r.lot, r.location), '[]')
            FROM reserved AS r WHERE r.demand = demand.id AND r.quantity > 0) AS allocated,
           (SELECT coalesce(json_agg(json_build_object('lot', p.lot, 'quantity', p.quantity) ORDER BY p.lot), '[]')
            FROM picked AS p WHERE p.demand = demand.id AND p.quantity > 0) AS picked
    FROM demand
    WHERE id > :after
        AND (CAST(:sku AS text) IS NULL OR sku = :sku)
        AND (CAST(:order AS text) IS NULL OR order_id = :order)
        AND (CAST(:status AS text[]) IS NULL OR status = ANY(:status))
        AND (NOT :waiting OR open > 0)
    ORDER BY id LIMIT :size
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
