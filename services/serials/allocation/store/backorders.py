"""Backorders that released units could fill.

Their number is bounded by the number of released units, whatever the length of the queue. This relies on an invariant
of every transaction: no demand is open while matching stock is available.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import TextClause, text

from services.serials.allocation.store.available_units import IN_POOL, as_arrays
from services.serials.allocation.store.demands import DEMAND_COLUMNS, SERIALS_COLUMN, demands_from_rows
from services.serials.units.domain.unit import Unit
from services.serials.units.domain.unit_of_work import SerialsUnitOfWork
from shared.inventory.demand import Pool
from shared.inventory.expiry import days_left
from shared.inventory.shelf_life import ShelfLifeRules
from shared.persistence.database import Transaction
from shared.persistence.lot_keys import fold_lot_sql

NO_LIMIT = 2**31 - 1

# Any unit without an expiry fills a demand of kind ANY. Each demand takes at least one released unit, so the number of
# released units is the limit.
ANY_WITHOUT_SHELF_LIFE = f"""
    SELECT d.* FROM pool AS p CROSS JOIN LATERAL (
        SELECT {DEMAND_COLUMNS} FROM demand AS d
        WHERE d.sku = p.sku AND d.warehouse = p.warehouse AND d.kind = 'ANY' AND d.open_quantity > 0
        ORDER BY d.priority DESC, d.placed_at, d.demand_id LIMIT p.released_count
    ) AS d
"""  # noqa: S608 - the columns are this module's own

# With an expiry, this holds among demands of the same required shelf life. Demands that require more are not loaded.
ANY_WITH_SHELF_LIFE = f"""
    SELECT {DEMAND_COLUMNS} FROM (
        SELECT d.*, p.released_count, row_number() OVER (
            PARTITION BY d.sku, d.warehouse, greatest(d.min_remaining_shelf_life_days, c.days)
            ORDER BY d.priority DESC, d.placed_at, d.demand_id
        ) AS queue_position
        FROM pool AS p
        JOIN demand AS d ON d.sku = p.sku AND d.warehouse = p.warehouse AND d.kind = 'ANY' AND d.open_quantity > 0
        LEFT JOIN unnest(
            CAST(:agreement_skus AS text[]), CAST(:agreement_customers AS text[]), CAST(:agreement_days AS integer[])
        ) AS c (sku, customer, days) ON c.sku = d.sku AND c.customer = d.customer
        WHERE greatest(d.min_remaining_shelf_life_days, c.days) <= p.max_days_left
    ) AS d WHERE d.queue_position <= d.released_count
"""  # noqa: S608


def _select_fillable(any_query: str) -> TextClause:
    """Select the demands that released units could fill; BY_SERIAL demands are found by serial."""
    return text(f"""
        WITH pool AS MATERIALIZED (
            SELECT * FROM unnest(
                CAST(:skus AS text[]), CAST(:warehouses AS text[]), CAST(:released_counts AS integer[]),
                CAST(:max_days_left AS integer[])
            ) AS p (sku, warehouse, released_count, max_days_left)
        ), fillable AS (
            {any_query}
            UNION
            SELECT {DEMAND_COLUMNS}
            FROM unnest(CAST(:released_skus AS text[]), CAST(:released_serials AS text[])) AS released (sku, serial)
            JOIN demand_serial AS ds USING (sku, serial) JOIN demand AS d USING (demand_id)
            JOIN pool AS p ON p.sku = d.sku AND p.warehouse = d.warehouse
            WHERE d.open_quantity > 0
        )
        SELECT d.*, {SERIALS_COLUMN} FROM fillable AS d
    """)  # noqa: S608


SELECT_FILLABLE, SELECT_FILLABLE_WITH_SHELF_LIFE = (
    _select_fillable(ANY_WITHOUT_SHELF_LIFE),
    _select_fillable(ANY_WITH_SHELF_LIFE),
)

# Demands with lot criteria are loaded if a released lot matches. Single-lot demands also need a sufficient lot.
SELECT_FILLABLE_BY_LOT = text(f"""
    SELECT {DEMAND_COLUMNS}, NULL AS serials FROM unnest(
        CAST(:skus AS text[]), CAST(:warehouses AS text[]), CAST(:lots AS text[]), CAST(:released_counts AS integer[])
    ) AS p (sku, warehouse, lot, released_count)
    JOIN demand AS d ON d.sku = p.sku AND d.warehouse = p.warehouse AND d.kind IN ('BY_LOT', 'SINGLE_LOT')
        AND d.open_quantity > 0
        AND (d.allowed_lots IS NULL OR EXISTS (
            SELECT FROM jsonb_array_elements_text(d.allowed_lots) AS allowed (lot)
            WHERE {fold_lot_sql("allowed.lot")} = {fold_lot_sql("p.lot")}
        ))
        AND (d.assigned_lot IS NULL OR d.assigned_lot = p.lot)
        AND (d.kind = 'BY_LOT' OR d.open_quantity <= p.released_count + (
            SELECT count(*) FROM (
                SELECT FROM serial_state AS s WHERE s.lot = p.lot AND {IN_POOL} LIMIT d.open_quantity
            ) AS s
        ))
""")  # noqa: S608
SELECT_BACKORDER_POOLS = text(
    "SELECT DISTINCT sku, warehouse FROM demand WHERE sku = ANY(CAST(:skus AS text[])) AND open_quantity > 0"
)

# Scans the partial index, which contains open demands only.
SELECT_BACKORDER_POOLS_BY_WAREHOUSE = text("""
    SELECT DISTINCT sku, warehouse FROM demand WHERE warehouse = ANY(CAST(:warehouses AS text[])) AND open_quantity > 0
""")


async def find_backorder_pools(tx: Transaction, skus: Iterable[str]) -> set[Pool]:
    """Find the pools of products that have open demands."""
    return {(row.sku, row.warehouse) for row in await tx.fetch_all(SELECT_BACKORDER_POOLS, {"skus": list(skus)})}


async def find_backorder_pools_in(tx: Transaction, warehouses: Iterable[str]) -> set[Pool]:
    """Find the pools of warehouses that have open demands."""
    rows = await tx.fetch_all(SELECT_BACKORDER_POOLS_BY_WAREHOUSE, {"warehouses": list(warehouses)})
    return {(row.sku, row.warehouse) for row in rows}


async def load_fillable_demands(tx: Transaction, uow: SerialsUnitOfWork) -> None:
    """Load the demands that released units could fill; the rules are those of pools with an expiry."""
    units = {pool: [uow.units[key] for key in keys] for pool, keys in uow.released_stock.items()}
    if not units:
        return
    rules_by_pool = uow.shelf_life_rules
    # Loaded demands may come first in the queue and have no open quantity any more.
    loaded_count = Counter(demand.pool for demand in uow.demands)
    values = as_arrays(units) | {
        "released_counts": [len(pool_units) + loaded_count[pool] for pool, pool_units in units.items()],
        "max_days_left": [_max_days_left(pool_units, rules_by_pool.get(pool)) for pool, pool_units in units.items()],
        "released_skus": [unit.sku for pool_units in units.values() for unit in pool_units],
        "released_serials": [unit.serial for pool_units in units.values() for unit in pool_units],
    }
    if rules_by_pool:
        values |= _customer_agreements(rules_by_pool)
    statement = SELECT_FILLABLE_WITH_SHELF_LIFE if rules_by_pool else SELECT_FILLABLE
    uow.demands.load(demands_from_rows(await tx.fetch_all(statement, values)))
    if lots := Counter((pool, unit.lot) for pool, pool_units in units.items() for unit in pool_units if unit.lot):
        values = as_arrays(pool for pool, _ in lots)
        values |= {"lots": [lot for _, lot in lots], "released_counts": list(lots.values())}
        uow.demands.load(demands_from_rows(await tx.fetch_all(SELECT_FILLABLE_BY_LOT, values)))


def _max_days_left(units: Iterable[Unit], rules: ShelfLifeRules | None) -> int:
    """Return the longest remaining shelf life of the units; a unit without an expiry has no limit."""
    remaining_days = (days_left(unit.expiry, rules.local_date) if unit.expiry and rules else NO_LIMIT for unit in units)
    return max(remaining_days)


def _customer_agreements(shelf_life_by_pool: Mapping[Pool, ShelfLifeRules]) -> dict[str, Any]:
    """Return the minimum remaining shelf life agreed with each customer as array parameters."""
    days_by_customer = {
        (sku, agreement.customer): rules.policy.min_remaining_shelf_life(agreement.customer)
        for (sku, _), rules in shelf_life_by_pool.items()
        for agreement in rules.policy.customers
    }
    skus, customers = zip(*days_by_customer, strict=True) if days_by_customer else ((), ())
    return {"agreement_skus": skus, "agreement_customers": customers, "agreement_days": list(days_by_customer.values())}
