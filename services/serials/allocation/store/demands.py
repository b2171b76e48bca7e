"""Loads the demands that what came free could serve, under the sku's lock, and writes what became of them.

What is loaded is bounded by what came free, however long the queue. That rests on what every transaction leaves behind:
no demand is open while stock that fits it is free.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Row, TextClause, text

from services.serials.allocation.domain.demand import Demand, Demands
from services.serials.allocation.store.stock import HERE, in_columns
from services.serials.units.domain.book import Book
from services.serials.units.domain.limits import Limits, LimitsOf
from services.serials.units.domain.unit import Pool, Unit
from shared.database import Transaction
from shared.records import load_records
from shared.stock.expiry import days_left

EVER = 2**31 - 1

DEMAND = """
    d.id, d.status, d.order_id AS "order", d.line, d.sku, d.warehouse, d.customer, d.priority, d.placed_at, d.shortfall,
    d.quantity, d.open, d.min_life_days, d.single_lot, d.lot, d.lots, d.kind
"""
NAMES = "(SELECT array_agg(w.serial) FROM wanted AS w WHERE w.demand = d.id AND d.kind = 'NAMED') AS names"

LOAD = text(f"SELECT {DEMAND}, {NAMES} FROM demand AS d WHERE d.id = ANY(CAST(:ids AS text[]))")  # noqa: S608

# Any unit without an expiry serves a demand of kind ANY: each takes at least one of those that came free, so no more
# need be looked at.
ANY = f"""
    SELECT d.* FROM pool AS p CROSS JOIN LATERAL (
        SELECT {DEMAND} FROM demand AS d
        WHERE d.sku = p.sku AND d.warehouse = p.warehouse AND d.kind = 'ANY' AND d.open > 0
        ORDER BY d.priority DESC, d.placed_at, d.id LIMIT p.freed
    ) AS d
"""  # noqa: S608 - the columns are this module's own
# With an expiry that holds for those who demand as many days of life; who demands more than any has left is not served.
ANY_LIFE = f"""
    SELECT {DEMAND} FROM (
        SELECT d.*, p.freed, row_number() OVER (
            PARTITION BY d.sku, d.warehouse, greatest(d.min_life_days, c.days)
            ORDER BY d.priority DESC, d.placed_at, d.id
        ) AS place
        FROM pool AS p
        JOIN demand AS d ON d.sku = p.sku AND d.warehouse = p.warehouse AND d.kind = 'ANY' AND d.open > 0
        LEFT JOIN unnest(
            CAST(:life_skus AS text[]), CAST(:life_customers AS text[]), CAST(:life_days AS integer[])
        ) AS c (sku, customer, days) ON c.sku = d.sku AND c.customer = d.customer
        WHERE greatest(d.min_life_days, c.days) <= p.days
    ) AS d WHERE d.place <= d.freed
"""  # noqa: S608


def _waiting(of_any: str) -> TextClause:
    """Find who waits for what came free: a NAMED demand by the names."""
    return text(f"""
        WITH pool AS MATERIALIZED (
            SELECT * FROM unnest(
                CAST(:skus AS text[]), CAST(:warehouses AS text[]), CAST(:freed AS integer[]), CAST(:days AS integer[])
            ) AS p (sku, warehouse, freed, days)
        ), waiting AS (
            {of_any}
            UNION
            SELECT {DEMAND}
            FROM unnest(CAST(:freed_skus AS text[]), CAST(:freed_serials AS text[])) AS u (sku, serial)
            JOIN wanted AS w USING (sku, serial) JOIN demand AS d ON d.id = w.demand
            JOIN pool AS p ON p.sku = d.sku AND p.warehouse = d.warehouse
            WHERE d.open > 0
        )
        SELECT d.*, {NAMES} FROM waiting AS d
    """)  # noqa: S608


LOAD_WAITING, LOAD_WAITING_LIFE = _waiting(ANY), _waiting(ANY_LIFE)

# Whoever wants lots is found by the lots that came free; one alone, only where it could fill the wish.
LOAD_WAITING_LOTS = text(f"""
    SELECT {DEMAND}, NULL AS names FROM unnest(
        CAST(:skus AS text[]), CAST(:warehouses AS text[]), CAST(:lots AS text[]), CAST(:freed AS integer[])
    ) AS p (sku, warehouse, lot, freed)
    JOIN demand AS d ON d.sku = p.sku AND d.warehouse = p.warehouse AND d.kind IN ('LOT', 'SINGLE') AND d.open > 0
        AND (d.lots IS NULL OR jsonb_exists(d.lots, p.lot)) AND (d.lot IS NULL OR d.lot = p.lot)
        AND (d.kind = 'LOT' OR d.open <= p.freed + (
            SELECT count(*) FROM (SELECT FROM serial_state AS s WHERE s.lot = p.lot AND {HERE} LIMIT d.open) AS s
        ))
""")  # noqa: S608

LOAD_OPEN = text(f"""
    SELECT {DEMAND}, {NAMES} FROM unnest(CAST(:skus AS text[]), CAST(:warehouses AS text[])) AS p (sku, warehouse)
    JOIN demand AS d ON d.sku = p.sku AND d.warehouse = p.warehouse AND d.open > 0
""")  # noqa: S608

LOAD_POOLS = text("SELECT DISTINCT sku, warehouse FROM demand WHERE sku = ANY(CAST(:skus AS text[])) AND open > 0")
# Of a warehouse the index is read through: it holds who waits and nobody else.
LOAD_POOLS_AT = text("""
    SELECT DISTINCT sku, warehouse FROM demand WHERE warehouse = ANY(CAST(:warehouses AS text[])) AND open > 0
""")

INSERT = text("""
    INSERT INTO demand (id, status, order_id, line, sku, warehouse, customer, priority, placed_at, shortfall, kind,
                        quantity, open, min_life_days, single_lot, lot, lots)
    SELECT * FROM unnest(
        CAST(:ids AS text[]), CAST(:statuses AS text[]), CAST(:orders AS text[]), CAST(:lines AS text[]),
        CAST(:skus AS text[]), CAST(:warehouses AS text[]), CAST(:customers AS text[]), CAST(:priorities AS integer[]),
        CAST(:placed AS timestamptz[]), CAST(:shortfalls AS text[]), CAST(:kinds AS text[]),
        CAST(:quantities AS integer[]), CAST(:open AS integer[]), CAST(:lives AS integer[]),
        CAST(:alone AS boolean[]), CAST(:lot AS text[]), CAST(:lots AS jsonb[])
    )
""")

INSERT_WANTED = text("""
    INSERT INTO wanted (sku, serial, demand)
    SELECT * FROM unnest(CAST(:skus AS text[]), CAST(:serials AS text[]), CAST(:demands AS text[]))
""")

INSERT_WITHDRAWN = text("""
    INSERT INTO demand (id, status, order_id, line, sku, quantity, open)
    SELECT id, 'WITHDRAWN', order_id, line, sku, 0, 0 FROM unnest(
        CAST(:ids AS text[]), CAST(:orders AS text[]), CAST(:lines AS text[]), CAST(:skus AS text[])
    ) AS it (id, order_id, line, sku)
""")

UPDATE = text("""
    UPDATE demand AS d SET status = it.status, open = it.open, lot = it.lot
    FROM unnest(
        CAST(:ids AS text[]), CAST(:statuses AS text[]), CAST(:open AS integer[]), CAST(:lot AS text[])
    ) AS it (id, status, open, lot)
    WHERE d.id = it.id
""")


def _demands(rows: Sequence[Row[Any]]) -> list[Demand]:
    demands = load_records(Demand, rows, besides=("kind",))
    for demand in demands:
        demand.lots, demand.names = frozenset(demand.lots or ()), frozenset(demand.names or ())
    return demands


async def load(tx: Transaction, ids: Iterable[str]) -> Demands:
    """Load demands by id."""
    demands = Demands()
    if wanted := list(set(ids)):
        demands.adopt(_demands(await tx.rows(LOAD, {"ids": wanted})))
    return demands


async def load_open(tx: Transaction, pools: Iterable[Pool]) -> Demands:
    """Load all demands in pools that something is open of."""
    demands = Demands()
    demands.adopt(_demands(await tx.rows(LOAD_OPEN, in_columns(pools))))
    return demands


async def waiting_pools(tx: Transaction, skus: Iterable[str]) -> set[Pool]:
    """Where somebody waits for products."""
    return {(row.sku, row.warehouse) for row in await tx.rows(LOAD_POOLS, {"skus": list(skus)})}


async def waiting_pools_at(tx: Transaction, warehouses: Iterable[str]) -> set[Pool]:
    """What somebody waits for in warehouses."""
    rows = await tx.rows(LOAD_POOLS_AT, {"warehouses": list(warehouses)})
    return {(row.sku, row.warehouse) for row in rows}


async def load_waiting(tx: Transaction, book: Book, demands: Demands, limits: LimitsOf) -> None:
    """Load the demands that units which came free could serve; the limits are of pools where one has an expiry."""
    if book.freed:
        units = {pool: [book.units[key] for key in keys] for pool, keys in book.freed.items()}
        # Those in hand may stand first in the tables, and want nothing any more.
        known = Counter(demand.pool for demand in demands.known.values())
        values = in_columns(units) | {
            "freed": [len(some) + known[pool] for pool, some in units.items()],
            "days": [_days(some, limits.get(pool)) for pool, some in units.items()],
            "freed_skus": [unit.sku for some in units.values() for unit in some],
            "freed_serials": [unit.serial for some in units.values() for unit in some],
        }
        if limits:
            demands.adopt(_demands(await tx.rows(LOAD_WAITING_LIFE, values | _lives(limits))))
        else:
            demands.adopt(_demands(await tx.rows(LOAD_WAITING, values)))
        if lots := Counter((pool, unit.lot) for pool, some in units.items() for unit in some if unit.lot):
            values = in_columns(pool for pool, _ in lots)
            values |= {"lots": [lot for _, lot in lots], "freed": list(lots.values())}
            demands.adopt(_demands(await tx.rows(LOAD_WAITING_LOTS, values)))


def _days(units: Iterable[Unit], limits: Limits | None) -> int:
    """How many days are left at most; a unit without an expiry has all."""
    left = (days_left(unit.expiry, limits.day) if unit.expiry and limits else EVER for unit in units)
    return max(left)


def _lives(limits: LimitsOf) -> dict[str, Any]:
    """What was agreed with customers, of each the most."""
    lives = {
        (sku, one.customer): limit.life.min_life(one.customer)
        for (sku, _), limit in limits.items()
        for one in limit.life.customers
    }
    skus, customers = zip(*lives, strict=True) if lives else ((), ())
    return {"life_skus": skus, "life_customers": customers, "life_days": list(lives.values())}


async def save(tx: Transaction, demands: Demands) -> None:
    """Write demands that were opened, served, withdrawn."""
    fresh = [demands.known[name] for name in demands.fresh]
    if fresh:
        await tx.run(INSERT, _columns(fresh))
    if named := [(demand.sku, name, demand.id) for demand in fresh for name in demand.names]:
        skus, serials, ids = zip(*named, strict=True)
        await tx.run(INSERT_WANTED, {"skus": skus, "serials": serials, "demands": ids})
    if unknown := [event.data for event in demands.withdrawn.values()]:
        values = {
            "ids": [fact.demand for fact in unknown],
            "orders": [fact.order for fact in unknown],
            "lines": [fact.line for fact in unknown],
            "skus": [fact.sku for fact in unknown],
        }
        await tx.run(INSERT_WITHDRAWN, values)
    if changed := [demands.known[name] for name in demands.changed - demands.fresh]:
        await tx.run(UPDATE, _columns(changed))


def _columns(demands: Iterable[Demand]) -> dict[str, Any]:
    listed = list(demands)
    return {
        "ids": [demand.id for demand in listed],
        "statuses": [demand.status for demand in listed],
        "orders": [demand.order for demand in listed],
        "lines": [demand.line for demand in listed],
        "skus": [demand.sku for demand in listed],
        "warehouses": [demand.warehouse for demand in listed],
        "customers": [demand.customer for demand in listed],
        "priorities": [demand.priority for demand in listed],
        "placed": [demand.placed_at for demand in listed],
        "shortfalls": [demand.shortfall for demand in listed],
        "kinds": [demand.kind for demand in listed],
        "quantities": [demand.quantity for demand in listed],
        "open": [demand.open for demand in listed],
        "lives": [demand.min_life_days for demand in listed],
        "alone": [demand.single_lot for demand in listed],
        "lot": [demand.lot for demand in listed],
        "lots": [json.dumps(sorted(demand.lots)) if demand.lots else None for demand in listed],
    }
