"""Loads the demands that released units could fill, under the lock of the SKU, and saves their changes.

The number of loaded demands is bounded by the number of released units, whatever the length of the queue. This relies
on an invariant that every transaction keeps: no demand is open while matching stock is available.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Row, TextClause, text

from services.serials.allocation.domain.demand import Demand, DemandSet
from services.serials.allocation.store.available_units import IN_POOL, as_arrays
from services.serials.units.domain.shelf_life import ShelfLifeByPool, ShelfLifeRules
from services.serials.units.domain.unit import Pool, Unit
from services.serials.units.domain.unit_of_work import SerialsUnitOfWork
from shared.inventory.expiry import days_left
from shared.persistence.database import Transaction
from shared.persistence.records import load_records

NO_LIMIT = 2**31 - 1

DEMAND_COLUMNS = """
    d.demand_id, d.status, d.order_id, d.line, d.sku, d.warehouse, d.customer, d.priority, d.placed_at, d.shortfall,
    d.quantity, d.open_quantity, d.min_remaining_shelf_life_days, d.single_lot, d.assigned_lot, d.allowed_lots, d.kind
"""
SERIALS_COLUMN = """
    (
        SELECT array_agg(ds.serial) FROM demand_serial AS ds
        WHERE ds.demand_id = d.demand_id AND d.kind = 'BY_SERIAL'
    ) AS serials
"""

SELECT_BY_ID = text(f"""
    SELECT {DEMAND_COLUMNS}, {SERIALS_COLUMN} FROM demand AS d WHERE d.demand_id = ANY(CAST(:demand_ids AS text[]))
""")  # noqa: S608 - the columns are this module's own

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
        AND (d.allowed_lots IS NULL OR jsonb_exists(d.allowed_lots, p.lot))
        AND (d.assigned_lot IS NULL OR d.assigned_lot = p.lot)
        AND (d.kind = 'BY_LOT' OR d.open_quantity <= p.released_count + (
            SELECT count(*) FROM (
                SELECT FROM serial_state AS s WHERE s.lot = p.lot AND {IN_POOL} LIMIT d.open_quantity
            ) AS s
        ))
""")  # noqa: S608

SELECT_OPEN = text(f"""
    SELECT {DEMAND_COLUMNS}, {SERIALS_COLUMN}
    FROM unnest(CAST(:skus AS text[]), CAST(:warehouses AS text[])) AS p (sku, warehouse)
    JOIN demand AS d ON d.sku = p.sku AND d.warehouse = p.warehouse AND d.open_quantity > 0
""")  # noqa: S608

SELECT_BACKORDER_POOLS = text(
    "SELECT DISTINCT sku, warehouse FROM demand WHERE sku = ANY(CAST(:skus AS text[])) AND open_quantity > 0"
)
# Scans the partial index, which contains open demands only.
SELECT_BACKORDER_POOLS_BY_WAREHOUSE = text("""
    SELECT DISTINCT sku, warehouse FROM demand WHERE warehouse = ANY(CAST(:warehouses AS text[])) AND open_quantity > 0
""")

INSERT_DEMANDS = text("""
    INSERT INTO demand (demand_id, status, order_id, line, sku, warehouse, customer, priority, placed_at, shortfall,
                        kind, quantity, open_quantity, min_remaining_shelf_life_days, single_lot, assigned_lot,
                        allowed_lots)
    SELECT * FROM unnest(
        CAST(:demand_id AS text[]), CAST(:status AS text[]), CAST(:order_id AS text[]), CAST(:line AS text[]),
        CAST(:sku AS text[]), CAST(:warehouse AS text[]), CAST(:customer AS text[]), CAST(:priority AS integer[]),
        CAST(:placed_at AS timestamptz[]), CAST(:shortfall AS text[]), CAST(:kind AS text[]),
        CAST(:quantity AS integer[]), CAST(:open_quantity AS integer[]),
        CAST(:min_remaining_shelf_life_days AS integer[]), CAST(:single_lot AS boolean[]),
        CAST(:assigned_lot AS text[]), CAST(:allowed_lots AS jsonb[])
    )
""")

INSERT_DEMAND_SERIALS = text("""
    INSERT INTO demand_serial (sku, serial, demand_id)
    SELECT * FROM unnest(CAST(:skus AS text[]), CAST(:serials AS text[]), CAST(:demand_ids AS text[]))
""")

INSERT_CANCELLED = text("""
    INSERT INTO demand (demand_id, status, order_id, line, sku, quantity, open_quantity)
    SELECT demand_id, 'CANCELLED', order_id, line, sku, 0, 0 FROM unnest(
        CAST(:demand_ids AS text[]), CAST(:order_ids AS text[]), CAST(:lines AS text[]), CAST(:skus AS text[])
    ) AS input (demand_id, order_id, line, sku)
""")

UPDATE_DEMANDS = text("""
    UPDATE demand AS d
    SET status = input.status, open_quantity = input.open_quantity, assigned_lot = input.assigned_lot
    FROM unnest(
        CAST(:demand_id AS text[]), CAST(:status AS text[]), CAST(:open_quantity AS integer[]),
        CAST(:assigned_lot AS text[])
    ) AS input (demand_id, status, open_quantity, assigned_lot)
    WHERE d.demand_id = input.demand_id
""")

WRITTEN_COLUMNS = (
    "demand_id", "status", "order_id", "line", "sku", "warehouse", "customer", "priority", "placed_at", "shortfall",
    "kind", "quantity", "open_quantity", "min_remaining_shelf_life_days", "single_lot", "assigned_lot",
)  # fmt: skip


def _demands_from_rows(rows: Sequence[Row[Any]]) -> list[Demand]:
    demands = load_records(Demand, rows, extra_columns=("kind",))
    for demand in demands:
        demand.allowed_lots, demand.serials = frozenset(demand.allowed_lots or ()), frozenset(demand.serials or ())
    return demands


async def load(tx: Transaction, ids: Iterable[str]) -> DemandSet:
    """Load demands by id."""
    demands = DemandSet()
    if demand_ids := list(set(ids)):
        demands.load(_demands_from_rows(await tx.fetch_all(SELECT_BY_ID, {"demand_ids": demand_ids})))
    return demands


async def load_open_demands(tx: Transaction, pools: Iterable[Pool]) -> DemandSet:
    """Load all open demands of pools."""
    demands = DemandSet()
    demands.load(_demands_from_rows(await tx.fetch_all(SELECT_OPEN, as_arrays(pools))))
    return demands


async def find_backorder_pools(tx: Transaction, skus: Iterable[str]) -> set[Pool]:
    """Find the pools of products that have open demands."""
    return {(row.sku, row.warehouse) for row in await tx.fetch_all(SELECT_BACKORDER_POOLS, {"skus": list(skus)})}


async def find_backorder_pools_in(tx: Transaction, warehouses: Iterable[str]) -> set[Pool]:
    """Find the pools of warehouses that have open demands."""
    rows = await tx.fetch_all(SELECT_BACKORDER_POOLS_BY_WAREHOUSE, {"warehouses": list(warehouses)})
    return {(row.sku, row.warehouse) for row in rows}


async def load_fillable_demands(
    tx: Transaction, uow: SerialsUnitOfWork, demands: DemandSet, shelf_life_by_pool: ShelfLifeByPool
) -> None:
    """Load the demands that released units could fill; the rules are those of pools with an expiry."""
    if uow.released_stock:
        units = {pool: [uow.units[key] for key in keys] for pool, keys in uow.released_stock.items()}
        # Loaded demands may come first in the queue and have no open quantity any more.
        loaded_count = Counter(demand.pool for demand in demands.by_id.values())
        values = as_arrays(units) | {
            "released_counts": [len(pool_units) + loaded_count[pool] for pool, pool_units in units.items()],
            "max_days_left": [
                _max_days_left(pool_units, shelf_life_by_pool.get(pool)) for pool, pool_units in units.items()
            ],
            "released_skus": [unit.sku for pool_units in units.values() for unit in pool_units],
            "released_serials": [unit.serial for pool_units in units.values() for unit in pool_units],
        }
        if shelf_life_by_pool:
            values |= _customer_agreements(shelf_life_by_pool)
            demands.load(_demands_from_rows(await tx.fetch_all(SELECT_FILLABLE_WITH_SHELF_LIFE, values)))
        else:
            demands.load(_demands_from_rows(await tx.fetch_all(SELECT_FILLABLE, values)))
        if lots := Counter((pool, unit.lot) for pool, pool_units in units.items() for unit in pool_units if unit.lot):
            values = as_arrays(pool for pool, _ in lots)
            values |= {"lots": [lot for _, lot in lots], "released_counts": list(lots.values())}
            demands.load(_demands_from_rows(await tx.fetch_all(SELECT_FILLABLE_BY_LOT, values)))


def _max_days_left(units: Iterable[Unit], rules: ShelfLifeRules | None) -> int:
    """Return the longest remaining shelf life of the units; a unit without an expiry has no limit."""
    remaining_days = (days_left(unit.expiry, rules.local_date) if unit.expiry and rules else NO_LIMIT for unit in units)
    return max(remaining_days)


def _customer_agreements(shelf_life_by_pool: ShelfLifeByPool) -> dict[str, Any]:
    """Return the minimum remaining shelf life agreed with each customer as array parameters."""
    days_by_customer = {
        (sku, agreement.customer): rules.policy.min_remaining_shelf_life(agreement.customer)
        for (sku, _), rules in shelf_life_by_pool.items()
        for agreement in rules.policy.customers
    }
    skus, customers = zip(*days_by_customer, strict=True) if days_by_customer else ((), ())
    return {"agreement_skus": skus, "agreement_customers": customers, "agreement_days": list(days_by_customer.values())}


async def save(tx: Transaction, demands: DemandSet) -> None:
    """Save new, changed and cancelled demands."""
    new_demands = [demands.by_id[demand_id] for demand_id in demands.new_ids]
    if new_demands:
        await tx.execute(INSERT_DEMANDS, _as_arrays(new_demands))
    if demand_serials := [
        (demand.sku, serial, demand.demand_id) for demand in new_demands for serial in demand.serials
    ]:
        skus, serials, demand_ids = zip(*demand_serials, strict=True)
        await tx.execute(INSERT_DEMAND_SERIALS, {"skus": skus, "serials": serials, "demand_ids": demand_ids})
    if cancellations := [event.data for event in demands.early_cancellations.values()]:
        values = {
            "demand_ids": [cancellation.demand_id for cancellation in cancellations],
            "order_ids": [cancellation.order for cancellation in cancellations],
            "lines": [cancellation.line for cancellation in cancellations],
            "skus": [cancellation.sku for cancellation in cancellations],
        }
        await tx.execute(INSERT_CANCELLED, values)
    if changed_demands := [demands.by_id[demand_id] for demand_id in demands.changed_ids - demands.new_ids]:
        await tx.execute(UPDATE_DEMANDS, _as_arrays(changed_demands))


def _as_arrays(demands: Iterable[Demand]) -> dict[str, Any]:
    demand_list = list(demands)
    values: dict[str, Any] = {column: [getattr(demand, column) for demand in demand_list] for column in WRITTEN_COLUMNS}
    values["allowed_lots"] = [
        json.dumps(sorted(demand.allowed_lots)) if demand.allowed_lots else None for demand in demand_list
    ]
    return values
