"""Queries of demands."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text

from shared.persistence.database import Transaction

SELECT_DEMANDS = text("""
    SELECT demand_id, status, order_id AS "order", line, sku, tracking, warehouse, customer, priority, placed_at,
           shortfall, quantity, open_quantity, allowed_lots AS lots, single_lot, min_remaining_shelf_life_days,
           (SELECT coalesce(json_agg(json_build_object('lot', r.lot, 'location', r.location, 'quantity', r.quantity)
                                     ORDER BY r.lot, r.location), '[]')
            FROM reservation AS r WHERE r.demand_id = demand.demand_id AND r.quantity > 0) AS allocated,
           (SELECT coalesce(json_agg(json_build_object('lot', p.lot, 'location', nullif(p.location, ''), 'quantity',
                                                       p.quantity) ORDER BY p.lot, p.location), '[]')
            FROM picked_stock AS p WHERE p.demand_id = demand.demand_id AND p.quantity > 0) AS picked
    FROM demand
    WHERE demand_id > :after
        AND (CAST(:sku AS text) IS NULL OR sku = :sku)
        AND (CAST(:order AS text) IS NULL OR order_id = :order)
        AND (CAST(:status AS text[]) IS NULL OR status = ANY(:status))
        AND (NOT :backordered OR open_quantity > 0)
    ORDER BY demand_id LIMIT :size
""")


async def list_demands(
    tx: Transaction,
    *,
    sku: str | None,
    order: str | None,
    status: Sequence[str] | None,
    backordered: bool,
    after: str,
    size: int,
) -> Sequence[Row[Any]]:
    """Return demands, ordered by id."""
    values = {"sku": sku, "order": order, "status": status, "backordered": backordered, "after": after, "size": size}
    return await tx.fetch_all(SELECT_DEMANDS, values)
