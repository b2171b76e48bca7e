"""Loads the available units that open demands could take, under the lock of the SKU.

Units are loaded in FEFO order, up to the open quantity. Most stock has no expiry and no lot number: one statement loads
it, without shelf-life rules. Where units expire or a demand has lot criteria, the first matching units are loaded for
each combination of criteria.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import text

from services.serials.allocation.domain.available_units import criteria_of
from services.serials.allocation.domain.demand import Demand
from services.serials.units.domain.fulfillment_events import group_by_demand
from services.serials.units.domain.unit_of_work import SerialsUnitOfWork
from services.serials.units.store.unit_table import UNIT_COLUMNS, UNITS
from shared.identifiers import fold_lot
from shared.inventory import fefo
from shared.inventory.demand import Pool
from shared.inventory.shelf_life import ShelfLifeRules
from shared.persistence.database import Transaction
from shared.persistence.lot_keys import fold_lot_sql

AVAILABLE = "s.status = 'IN_INVENTORY' AND s.open_hold_count = 0 AND s.adjustment IS NULL AND NOT s.is_blocked"
EXPIRY = fefo.sql_expression("expiry", "s.expiry")
IN_POOL = f"s.sku = p.sku AND s.warehouse = p.warehouse AND {AVAILABLE}"
FEFO_ORDER = fefo.sql_order(expiry="s.expiry", received_at="s.received_at", number="s.serial")

SELECT_AVAILABLE = text(f"""
    SELECT {UNIT_COLUMNS} FROM unnest(
        CAST(:skus AS text[]), CAST(:warehouses AS text[]), CAST(:quantities AS integer[])
    ) AS p (sku, warehouse, quantity)
    CROSS JOIN LATERAL (SELECT * FROM serial_state AS s WHERE {IN_POOL} ORDER BY {FEFO_ORDER} LIMIT p.quantity) AS s
""")  # noqa: S608 - the columns are this module's own

SELECT_CANDIDATES = text(f"""
    SELECT {UNIT_COLUMNS} FROM unnest(
        CAST(:skus AS text[]), CAST(:warehouses AS text[]), CAST(:min_expiries AS date[]), CAST(:lots AS text[]),
        CAST(:quantities AS integer[])
    ) AS p (sku, warehouse, min_expiry, lot, quantity)
    CROSS JOIN LATERAL (
        (
            SELECT * FROM serial_state AS s WHERE p.lot IS NULL AND {IN_POOL} AND {EXPIRY} >= p.min_expiry
            ORDER BY {FEFO_ORDER} LIMIT p.quantity
        ) UNION ALL (
            SELECT * FROM serial_state AS s WHERE s.lot = p.lot AND {IN_POOL} AND {EXPIRY} >= p.min_expiry
            ORDER BY {FEFO_ORDER} LIMIT p.quantity
        )
    ) AS s
""")  # noqa: S608

# Other demands take at most `quantity` units in total, and so make at most as many lots insufficient.
SELECT_SUFFICIENT_LOTS = text(f"""
    SELECT p.ordinal, s.lot FROM unnest(
        CAST(:skus AS text[]), CAST(:warehouses AS text[]), CAST(:min_expiries AS date[]),
        CAST(:open_quantities AS integer[]), CAST(:quantities AS integer[])
    ) WITH ORDINALITY AS p (sku, warehouse, min_expiry, open_quantity, quantity, ordinal)
    CROSS JOIN LATERAL (
        SELECT s.lot FROM (
            SELECT s.lot, min({EXPIRY}) AS expiry FROM serial_state AS s
            WHERE {IN_POOL} AND s.lot IS NOT NULL AND {EXPIRY} >= p.min_expiry
            GROUP BY s.lot HAVING count(*) >= p.open_quantity
        ) AS s ORDER BY s.expiry FETCH FIRST (p.quantity) ROWS WITH TIES
    ) AS s
""")  # noqa: S608

# Each spelling is the next one after the last in the index.
NEXT_SPELLING = f"SELECT min(s.lot) FROM serial_state AS s WHERE {fold_lot_sql('s.lot')} = k.lot_key AND s.sku = k.sku"  # noqa: S608
SELECT_SPELLINGS = text(f"""
    WITH RECURSIVE spelling AS (
        SELECT k.sku, k.lot_key, ({NEXT_SPELLING}) AS lot
        FROM unnest(CAST(:skus AS text[]), CAST(:lot_keys AS text[])) AS k (sku, lot_key)
        UNION ALL
        SELECT k.sku, k.lot_key, ({NEXT_SPELLING} AND s.lot > k.lot) FROM spelling AS k WHERE k.lot IS NOT NULL
    )
    SELECT sku, lot_key, lot FROM spelling WHERE lot IS NOT NULL
""")  # noqa: S608

SELECT_ALLOCATED = text(f"""
    SELECT {UNIT_COLUMNS}
    FROM unnest(CAST(:demand_ids AS text[]), CAST(:order_ids AS text[])) AS d (demand_id, order_id)
    JOIN serial_state AS s ON s.order_id = d.order_id AND s.demand_id = d.demand_id AND s.status = 'ALLOCATED'
""")  # noqa: S608


class CandidateQuery(NamedTuple):
    """The first available units of a pool with a minimum expiry, of one lot or of any lot."""

    pool: Pool
    min_expiry: date
    lot: str | None
    quantity: int


def total_demand(uow: SerialsUnitOfWork) -> dict[Pool, int]:
    """Sum the open quantities of all demands by pool."""
    quantity_by_pool: dict[Pool, int] = {}
    for demand in uow.open_demands:
        quantity_by_pool[demand.pool] = quantity_by_pool.get(demand.pool, 0) + demand.open_quantity
    return quantity_by_pool


async def load_available(tx: Transaction, uow: SerialsUnitOfWork) -> None:
    """Load the first available units of each pool, up to the open quantity of its demands."""
    if quantity_by_pool := total_demand(uow):
        values = as_arrays(quantity_by_pool) | {"quantities": list(quantity_by_pool.values())}
        uow.units.load(UNITS.load(await tx.fetch_all(SELECT_AVAILABLE, values)))


def pools_with_lot_criteria(uow: SerialsUnitOfWork) -> set[Pool]:
    """Find the pools in which a demand has lot criteria."""
    return {demand.pool for demand in uow.open_demands if demand.kind in {"BY_LOT", "SINGLE_LOT"}}


def pools_with_expiry(uow: SerialsUnitOfWork, pools: Iterable[Pool]) -> set[Pool]:
    """Find the pools in which a loaded available unit has an expiry."""
    pool_set = set(pools)
    return {unit.pool for unit in uow.units if unit.expiry and unit.is_available and unit.pool in pool_set}


async def load_candidates(tx: Transaction, uow: SerialsUnitOfWork) -> None:
    """Load the first available units for each combination of criteria, in the pools that have shelf-life rules."""
    quantity_by_pool, shelf_life_by_pool = total_demand(uow), uow.shelf_life_rules
    queries = set[CandidateQuery]()
    spellings = await _find_spellings(tx, uow)
    single_lot_demands: list[Demand] = []
    for demand in uow.open_demands:
        if demand.pool in shelf_life_by_pool and not demand.serials:
            if demand.single_lot and not demand.eligible_lots:
                single_lot_demands.append(demand)
            else:
                listed = [lot for name in demand.eligible_lots for lot in spellings.get((demand.sku, name), (name,))]
                lots: Iterable[str | None] = listed or (None,)
                queries |= {
                    _candidate_query(demand, shelf_life_by_pool, lot, quantity_by_pool[demand.pool]) for lot in lots
                }
    for demand, sufficient_lots in await _sufficient_lots(
        tx, uow, single_lot_demands, shelf_life_by_pool, quantity_by_pool
    ):
        queries |= {
            _candidate_query(demand, shelf_life_by_pool, lot, quantity_by_pool[demand.pool]) for lot in sufficient_lots
        }
    if queries:
        query_list = list(queries)
        values = as_arrays([query.pool for query in query_list]) | {
            "min_expiries": [query.min_expiry for query in query_list],
            "lots": [query.lot for query in query_list],
            "quantities": [query.quantity for query in query_list],
        }
        uow.units.load(UNITS.load(await tx.fetch_all(SELECT_CANDIDATES, values)))


async def _find_spellings(tx: Transaction, uow: SerialsUnitOfWork) -> dict[tuple[str, str], list[str]]:
    """Return the stored spellings of the lots that demands list, by SKU and listed lot number."""
    listed = {
        (demand.sku, lot) for demand in uow.open_demands if demand.assigned_lot is None for lot in demand.allowed_lots
    }
    if not listed:
        return {}
    keys = sorted({(sku, fold_lot(lot)) for sku, lot in listed})
    values = {"skus": [sku for sku, _ in keys], "lot_keys": [key for _, key in keys]}
    by_key: dict[tuple[str, str], list[str]] = {}
    for row in await tx.fetch_all(SELECT_SPELLINGS, values):
        by_key.setdefault((row.sku, row.lot_key), []).append(row.lot)
    return {(sku, lot): by_key.get((sku, fold_lot(lot)), [lot]) for sku, lot in listed}


def _candidate_query(
    demand: Demand, shelf_life_by_pool: Mapping[Pool, ShelfLifeRules], lot: str | None, quantity: int
) -> CandidateQuery:
    rules = shelf_life_by_pool[demand.pool]
    return CandidateQuery(demand.pool, rules.min_acceptable_expiry(criteria_of(demand, rules)[0]), lot, quantity)


async def _sufficient_lots(
    tx: Transaction,
    uow: SerialsUnitOfWork,
    single_lot_demands: Sequence[Demand],
    shelf_life_by_pool: Mapping[Pool, ShelfLifeRules],
    quantity_by_pool: dict[Pool, int],
) -> list[tuple[Demand, set[str]]]:
    """Find the lots that can fill a single-lot demand; units released now may complete any other lot."""
    if not single_lot_demands:
        return []
    released_lots: dict[Pool, set[str]] = {}
    for pool, keys in uow.released_stock.items():
        released_lots[pool] = {unit.lot for key in keys if (unit := uow.units.get(key)) and unit.lot}
    values = as_arrays([demand.pool for demand in single_lot_demands]) | {
        "min_expiries": [
            _candidate_query(demand, shelf_life_by_pool, None, 0).min_expiry for demand in single_lot_demands
        ],
        "open_quantities": [demand.open_quantity for demand in single_lot_demands],
        "quantities": [quantity_by_pool[demand.pool] for demand in single_lot_demands],
    }
    lots_by_demand = [(demand, set(released_lots.get(demand.pool, ()))) for demand in single_lot_demands]
    for row in await tx.fetch_all(SELECT_SUFFICIENT_LOTS, values):
        lots_by_demand[row.ordinal - 1][1].add(row.lot)
    return lots_by_demand


async def load_allocated_to(tx: Transaction, uow: SerialsUnitOfWork, demands: Iterable[tuple[str, str]]) -> None:
    """Load the units allocated to demands, given as (demand, order) pairs."""
    demand_ids, order_ids = zip(*set(demands), strict=True)
    units = UNITS.load(await tx.fetch_all(SELECT_ALLOCATED, {"demand_ids": demand_ids, "order_ids": order_ids}))
    uow.units.load(units)
    uow.units_by_demand = group_by_demand(uow.units[unit.key] for unit in units)


def as_arrays(pools: Iterable[Pool]) -> dict[str, Any]:
    """Convert pools to the array parameters of a statement."""
    pool_list = list(pools)
    return {"skus": [sku for sku, _ in pool_list], "warehouses": [warehouse for _, warehouse in pool_list]}
