"""Backorders that released stock could fill, however long the queue.

This relies on an invariant of every transaction: no demand is open while matching stock is available. So only released
lots can fill a demand.

Unrestricted demands are read in queue order until their sum reaches the released quantity. Later ones get none of it.
Those that require a longer shelf life are left out. Selective demands (certain lots or a single lot) are all loaded if
a released lot could fill them.
"""

import json
from collections.abc import Iterable

from sqlalchemy import text

from services.lots.allocation.domain.demand_filter import DemandFilter
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from services.lots.balances.store import DEMAND
from shared.identifiers import fold_lot
from shared.inventory.demand import Pool
from shared.persistence.database import Transaction
from shared.persistence.lot_keys import fold_lot_sql

NEXT_DEMAND = """
    SELECT d.demand_id, -d.priority AS negated_priority, d.placed_at, d.open_quantity FROM demand AS d
    WHERE d.sku = s.sku AND d.warehouse = s.warehouse
        AND d.open_quantity > 0 AND NOT d.single_lot AND d.allowed_lots = '{}'
        AND (s.days IS NULL OR d.min_remaining_shelf_life_days <= s.days)
        AND NOT jsonb_exists(s.excluded_customers, d.customer)
        AND d.demand_id <> ALL(CAST(:loaded_ids AS text[]))
"""
QUEUE_ORDER = "ORDER BY -d.priority, d.placed_at, d.demand_id LIMIT 1"
SELECT_FILLABLE = text(f"""
    WITH RECURSIVE pool AS MATERIALIZED (
        SELECT * FROM jsonb_to_recordset(CAST(:pools AS jsonb))
        AS pool (sku text, warehouse text, lots text[], lot_keys text[], max_quantity numeric)
    ), supply AS MATERIALIZED (
        SELECT * FROM jsonb_to_recordset(CAST(:supplies AS jsonb))
        AS supply (sku text, warehouse text, days integer, excluded_customers jsonb, available numeric)
    ), queue AS (
        SELECT s.*, d.demand_id, d.negated_priority, d.placed_at, s.available - d.open_quantity AS remaining
        FROM supply AS s CROSS JOIN LATERAL ({NEXT_DEMAND} {QUEUE_ORDER}) AS d
        UNION ALL
        SELECT s.sku, s.warehouse, s.days, s.excluded_customers, s.available,
            d.demand_id, d.negated_priority, d.placed_at, s.remaining - d.open_quantity
        FROM queue AS s CROSS JOIN LATERAL (
            {NEXT_DEMAND}
                AND (-d.priority, d.placed_at, d.demand_id) > (s.negated_priority, s.placed_at, s.demand_id)
            {QUEUE_ORDER}
        ) AS d
        WHERE s.remaining > 0
    )
    SELECT {DEMAND.columns("d")} FROM demand AS d WHERE d.demand_id IN (SELECT demand_id FROM queue)
    UNION ALL
    SELECT {DEMAND.columns("d")} FROM pool AS p CROSS JOIN LATERAL (
        SELECT * FROM demand AS d
        WHERE d.sku = p.sku AND d.warehouse = p.warehouse
            AND d.open_quantity > 0 AND (d.single_lot OR d.allowed_lots <> '{{}}')
            AND (d.allowed_lots = '{{}}' OR EXISTS (
                SELECT FROM unnest(d.allowed_lots) AS allowed (lot)
                WHERE {fold_lot_sql("allowed.lot")} = ANY(p.lot_keys)
            ))
            AND (d.assigned_lot IS NULL OR d.assigned_lot = ANY(p.lots))
            AND (NOT d.single_lot OR d.open_quantity <= p.max_quantity)
        OFFSET 0  -- keeps the join per pool; otherwise the selective demands of all products would be read
    ) AS d
""")  # noqa: S608

# Pools with backorders; a UNION, so that each part uses its partial index.
SELECT_BACKORDER_POOLS = text("""
    SELECT sku, warehouse FROM demand
    WHERE sku = ANY(CAST(:skus AS text[])) AND open_quantity > 0 AND NOT single_lot AND allowed_lots = '{}'
    UNION
    SELECT sku, warehouse FROM demand
    WHERE sku = ANY(CAST(:skus AS text[])) AND open_quantity > 0 AND (single_lot OR allowed_lots <> '{}')
""")

# The same by warehouse: both partial indexes, which contain backorders only, are scanned completely.
SELECT_BACKORDER_POOLS_BY_WAREHOUSE = text("""
    SELECT sku, warehouse FROM demand
    WHERE warehouse = ANY(CAST(:warehouses AS text[])) AND open_quantity > 0 AND NOT single_lot AND allowed_lots = '{}'
    UNION
    SELECT sku, warehouse FROM demand
    WHERE warehouse = ANY(CAST(:warehouses AS text[])) AND open_quantity > 0 AND (single_lot OR allowed_lots <> '{}')
""")


async def load_fillable_demands(tx: Transaction, uow: LotsUnitOfWork, filters: Iterable[DemandFilter]) -> None:
    """Load the demands that released stock could fill."""
    if filter_list := list(filters):
        pools = [
            {
                "sku": demand_filter.pool[0],
                "warehouse": demand_filter.pool[1],
                "lots": list(demand_filter.lots),
                "lot_keys": list(map(fold_lot, demand_filter.lots)),
                "max_quantity": str(max(demand_filter.lots.values())),
            }
            for demand_filter in filter_list
        ]
        supplies = [
            {
                "sku": demand_filter.pool[0],
                "warehouse": demand_filter.pool[1],
                "available": str(demand_filter.available_quantity),
                **remaining_life._asdict(),
            }
            for demand_filter in filter_list
            for remaining_life in demand_filter.remaining_lives
        ]
        # Loaded demands are excluded: their rows may still be open in the table.
        loaded_ids = [demand.demand_id for demand in uow.demands]
        values = {"pools": json.dumps(pools), "supplies": json.dumps(supplies), "loaded_ids": loaded_ids}
        uow.demands.load(DEMAND.load(await tx.fetch_all(SELECT_FILLABLE, values)))


async def find_backorder_pools(tx: Transaction, skus: Iterable[str]) -> set[Pool]:
    """Return the pools of products with backorders."""
    return {(row.sku, row.warehouse) for row in await tx.fetch_all(SELECT_BACKORDER_POOLS, {"skus": list(set(skus))})}


async def find_backorder_pools_in(tx: Transaction, warehouses: Iterable[str]) -> set[Pool]:
    """Return the pools of warehouses with backorders."""
    rows = await tx.fetch_all(SELECT_BACKORDER_POOLS_BY_WAREHOUSE, {"warehouses": list(set(warehouses))})
    return {(row.sku, row.warehouse) for row in rows}
