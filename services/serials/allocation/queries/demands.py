"""Queries of demands."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text

from shared.persistence.database import Transaction

SELECT_DEMANDS = text("""
    SELECT d.demand_id, d.status, d.order_id AS "order", d.line, d.sku, d.warehouse, d.customer, d.priority,
           d.placed_at, d.shortfall, d.quantity, d.open_quantity, d.min_remaining_shelf_life_days, d.single_lot,
           d.allowed_lots AS lots,
           ARRAY(
               SELECT ds.serial FROM demand_serial AS ds WHERE ds.demand_id = d.demand_id ORDER BY ds.serial
           ) AS serials
    FROM demand AS d
    WHERE d.demand_id > :after
        AND (CAST(:sku AS text) IS NULL OR d.sku = :sku)
        AND (CAST(:order AS text) IS NULL OR d.order_id = :order)
        AND (CAST(:status AS text[]) IS NULL OR d.status = ANY(:status))
        AND (NOT :backordered OR d.open_quantity > 0)
    ORDER BY d.demand_id LIMIT :size
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
