"""Loads the demands and the free stock that could meet, under the sku's lock, and writes what became of the demands.

Both are bounded by what came free and by what is wanted, however long the queue and however full the shelves. That
rests on what every transaction leaves behind: no demand is open while stock that fits it is free.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Row, text

from services.serials.allocation.domain.demand import Demand, Demands
from services.serials.units.domain.book import Book
from services.serials.units.domain.unit import Key, Pool
from services.serials.units.store import UNIT, unit_of
from shared.database import Transaction

DEMAND = """
    d.id, d.status, d.order_id, d.line, d.sku, d.warehouse, d.customer, d.priority, d.placed_at, d.shortfall,
    d.quantity, d.open, d.kind
"""
NAMES = "(SELECT array_agg(w.serial) FROM wanted AS w WHERE w.demand = d.id AND d.kind = 'NAMED') AS names"
FREE = "s.status = 'IN_INVENTORY' AND s.holds = 0 AND s.adjustment IS NULL"

LOAD = text(f"SELECT {DEMAND}, {NAMES} FROM demand AS d WHERE d.id = ANY(CAST(:ids AS text[]))")  # noqa: S608

# Any unit serves a demand of kind ANY: each takes at least one of those that came free, so no more need be looked at.
# A NAMED one is found by the names that came free, a WHOLE one only where all that is free could fill it.
LOAD_WAITING = text(f"""
    WITH pool AS MATERIALIZED (
        SELECT * FROM unnest(CAST(:skus AS text[]), CAST(:warehouses AS text[]), CAST(:freed AS integer[]))
        AS p (sku, warehouse, freed)
    ), waiting AS (
        SELECT d.* FROM pool AS p CROSS JOIN LATERAL (
            SELECT {DEMAND} FROM demand AS d
            WHERE d.sku = p.sku AND d.warehouse = p.warehouse AND d.kind = 'ANY' AND d.open > 0
            ORDER BY d.priority DESC, d.placed_at, d.id LIMIT p.freed
        ) AS d
        UNION ALL
        SELECT d.* FROM pool AS p CROSS JOIN LATERAL (
            SELECT count(*) AS free FROM (
                SELECT FROM serial_state AS s
                WHERE s.sku = p.sku AND s.warehouse = p.warehouse AND {FREE} AND EXISTS (
                    SELECT FROM demand AS d
                    WHERE d.sku = p.sku AND d.warehouse = p.warehouse AND d.kind = 'WHOLE' AND d.open > 0
                ) LIMIT 100000
            ) AS s
        ) AS stock CROSS JOIN LATERAL (
            SELECT {DEMAND} FROM demand AS d
            WHERE d.sku = p.sku AND d.warehouse = p.warehouse AND d.kind = 'WHOLE' AND d.open > 0
                AND d.open <= p.freed + stock.free
            ORDER BY d.priority DESC, d.placed_at, d.id LIMIT p.freed + stock.free
        ) AS d
        UNION
        SELECT {DEMAND}
        FROM unnest(CAST(:freed_skus AS text[]), CAST(:freed_serials AS text[])) AS u (sku, serial)
        JOIN wanted AS w USING (sku, serial) JOIN demand AS d ON d.id = w.demand
        JOIN pool AS p ON p.sku = d.sku AND p.warehouse = d.warehouse
        WHERE d.open > 0
    )
    SELECT d.*, {NAMES} FROM waiting AS d
""")  # noqa: S608

LOAD_FREE = text(f"""
    SELECT {UNIT} FROM unnest(CAST(:skus AS text[]), CAST(:warehouses AS text[]), CAST(:wanted AS integer[]))
        AS p (sku, warehouse, wanted)
    CROSS JOIN LATERAL (
        SELECT * FROM serial_state AS s
        WHERE s.sku = p.sku AND s.warehouse = p.warehouse AND {FREE}
        ORDER BY s.received_at, s.serial LIMIT p.wanted
    ) AS s
""")  # noqa: S608

LOAD_UNDER = text(f"""
    SELECT {UNIT} FROM unnest(CAST(:demands AS text[]), CAST(:orders AS text[])) AS k (demand, order_id)
    JOIN serial_state AS s ON s.order_id = k.order_id AND s.demand = k.demand AND s.status = 'ALLOCATED'
""")  # noqa: S608

COUNT_HELD = text("""
    SELECT p.sku, p.warehouse, count(*) AS held
    FROM unnest(CAST(:skus AS text[]), CAST(:warehouses AS text[])) AS p (sku, warehouse)
    JOIN serial_state AS s USING (sku, warehouse)
    WHERE s.holds > 0 AND s.status = 'IN_INVENTORY' AND s.adjustment IS NULL
    GROUP BY p.sku, p.warehouse
""")

INSERT = text("""
    INSERT INTO demand (id, status, order_id, line, sku, warehouse, customer, priority, placed_at, shortfall, kind,
                        quantity, open)
    SELECT * FROM unnest(
        CAST(:ids AS text[]), CAST(:statuses AS text[]), CAST(:orders AS text[]), CAST(:lines AS text[]),
        CAST(:skus AS text[]), CAST(:warehouses AS text[]), CAST(:customers AS text[]), CAST(:priorities AS integer[]),
        CAST(:placed AS timestamptz[]), CAST(:shortfalls AS text[]), CAST(:kinds AS text[]),
        CAST(:quantities AS integer[]), CAST(:open AS integer[])
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
    UPDATE demand AS d SET status = it.status, open = it.open
    FROM unnest(CAST(:ids AS text[]), CAST(:statuses AS text[]), CAST(:open AS integer[])) AS it (id, status, open)
    WHERE d.id = it.id
""")


def _demand(row: Row[Any]) -> Demand:
    demand = Demand(*row[:12])
    demand.names = frozenset(row.names or ())
    return demand


async def load(tx: Transaction, ids: Iterable[str]) -> Demands:
    """Load demands by id."""
    demands = Demands()
    if wanted := list(set(ids)):
        demands.adopt(_demand(row) for row in await tx.rows(LOAD, {"ids": wanted}))
    return demands


async def load_waiting(tx: Transaction, demands: Demands, freed: Mapping[Pool, Iterable[Key]]) -> None:
    """Load the demands that units which came free could serve."""
    if freed:
        units = {pool: list(keys) for pool, keys in freed.items()}
        # Those in hand may stand first in the tables, and want nothing any more.
        known = Counter(demand.pool for demand in demands.known.values())
        values = _pools(freed) | {
            "freed": [len(keys) + known[pool] for pool, keys in units.items()],
            "freed_skus": [sku for keys in units.values() for sku, _ in keys],
            "freed_serials": [serial for keys in units.values() for _, serial in keys],
        }
        demands.adopt(_demand(row) for row in await tx.rows(LOAD_WAITING, values))


async def load_free(tx: Transaction, book: Book, demands: Demands) -> None:
    """Load as many free units as the waiting demands could take, those that are taken first."""
    wanted: dict[Pool, int] = {}
    for demand in demands.waiting:
        if not demand.names:
            wanted[demand.pool] = wanted.get(demand.pool, 0) + demand.open
    if wanted:
        values = _pools(wanted) | {"wanted": list(wanted.values())}
        book.adopt(unit_of(row) for row in await tx.rows(LOAD_FREE, values))


async def load_under(tx: Transaction, book: Book, demands: Iterable[tuple[str, str]]) -> None:
    """Load what is allocated under demands, given as (demand, order)."""
    if wanted := set(demands):
        ids, orders = zip(*wanted, strict=True)
        book.adopt(unit_of(row) for row in await tx.rows(LOAD_UNDER, {"demands": ids, "orders": orders}))


async def count_held(tx: Transaction, pools: Iterable[Pool]) -> dict[Pool, int]:
    """Count the stored units that only a hold keeps from being given."""
    wanted = set(pools)
    rows = await tx.rows(COUNT_HELD, _pools(wanted)) if wanted else ()
    return {(row.sku, row.warehouse): row.held for row in rows}


def _pools(pools: Iterable[Pool]) -> dict[str, Any]:
    listed = list(pools)
    return {"skus": [sku for sku, _ in listed], "warehouses": [warehouse for _, warehouse in listed]}


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
    }
