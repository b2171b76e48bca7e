"""Loads the demands and the free stock that could meet, under the sku's lock, and writes what became of the demands.

Stock: every free pile of the product in the warehouse, some hundreds at most. FEFO could be walked with a limit only if
every demand took every lot; some want lots by name, one lot alone, or a longer life.

Demands: however long the queue, those that what came free could reach. That rests on what every transaction leaves
behind: no demand is open while stock that fits it is free. So only a lot that came free can serve anybody. Those whom
any lot serves are walked in their turn, past those for whom its life is too short, until together they want as much as
came free: whoever comes later cannot get any of it. Of those who want lots by name, or one lot alone, all are loaded
that a lot which came free could serve.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import text

from services.lots.allocation.domain.demand import Demand, Demands
from services.lots.allocation.domain.reach import Reach
from services.lots.balances.domain.book import Book
from services.lots.balances.domain.stock import Balance, Picked, Pool, Reserved
from services.lots.balances.store import BALANCE, PICKED, RESERVED
from shared.contracts.envelope import CloudEvent
from shared.contracts.fulfillment import DispatchDone
from shared.database import Transaction
from shared.records import load_records

DEMAND = """
    d.id, d.status, d.order_id AS "order", d.line, d.sku, d.tracking, d.warehouse, d.customer, d.priority,
    d.placed_at, d.shortfall, d.quantity, d.open, d.lots, d.single_lot, d.min_life_days, d.lot
"""
LOAD = text(f"SELECT {DEMAND} FROM demand AS d WHERE d.id = ANY(CAST(:ids AS text[]))")  # noqa: S608

NEXT = """
    SELECT d.id, -d.priority AS urgency, d.placed_at, d.open FROM demand AS d
    WHERE d.sku = r.sku AND d.warehouse = r.warehouse AND d.open > 0 AND NOT d.single_lot AND d.lots = '{}'
        AND (r.days IS NULL OR d.min_life_days <= r.days) AND NOT jsonb_exists(r.demanding, d.customer)
        AND d.id <> ALL(CAST(:known AS text[]))
"""
IN_TURN = "ORDER BY -d.priority, d.placed_at, d.id LIMIT 1"
LOAD_WAITING = text(f"""
    WITH RECURSIVE pool AS MATERIALIZED (
        SELECT * FROM jsonb_to_recordset(CAST(:pools AS jsonb))
        AS it (sku text, warehouse text, free numeric, lots text[], most numeric)
    ), reach AS MATERIALIZED (
        SELECT * FROM jsonb_to_recordset(CAST(:reaches AS jsonb))
        AS it (sku text, warehouse text, days integer, demanding jsonb, free numeric)
    ), walk AS (
        SELECT r.*, d.id, d.urgency, d.placed_at, r.free - d.open AS rest
        FROM reach AS r CROSS JOIN LATERAL ({NEXT} {IN_TURN}) AS d
        UNION ALL
        SELECT r.sku, r.warehouse, r.days, r.demanding, r.free, d.id, d.urgency, d.placed_at, r.rest - d.open
        FROM walk AS r CROSS JOIN LATERAL (
            {NEXT} AND (-d.priority, d.placed_at, d.id) > (r.urgency, r.placed_at, r.id) {IN_TURN}
        ) AS d
        WHERE r.rest > 0
    )
    SELECT {DEMAND} FROM demand AS d WHERE d.id IN (SELECT id FROM walk)
    UNION ALL
    SELECT {DEMAND} FROM pool AS p CROSS JOIN LATERAL (
        SELECT * FROM demand AS d
        WHERE d.sku = p.sku AND d.warehouse = p.warehouse AND d.open > 0 AND (d.single_lot OR d.lots <> '{{}}')
            AND (d.lots = '{{}}' OR d.lots && p.lots) AND (d.lot IS NULL OR d.lot = ANY(p.lots))
            AND (NOT d.single_lot OR d.open <= p.most)
        OFFSET 0  -- pool by pool: joined at once, the choosy of every product would be read
    ) AS d
""")  # noqa: S608

# Where somebody waits whom a relaxed rule may help; in two parts, each with the index of those who wait.
LOAD_POOLS = text("""
    SELECT sku, warehouse FROM demand
    WHERE sku = ANY(CAST(:skus AS text[])) AND open > 0 AND NOT single_lot AND lots = '{}'
    UNION
    SELECT sku, warehouse FROM demand
    WHERE sku = ANY(CAST(:skus AS text[])) AND open > 0 AND (single_lot OR lots <> '{}')
""")

# The same of a warehouse: both indexes, which hold who waits and nobody else, are read through.
LOAD_POOLS_AT = text("""
    SELECT sku, warehouse FROM demand
    WHERE warehouse = ANY(CAST(:warehouses AS text[])) AND open > 0 AND NOT single_lot AND lots = '{}'
    UNION
    SELECT sku, warehouse FROM demand
    WHERE warehouse = ANY(CAST(:warehouses AS text[])) AND open > 0 AND (single_lot OR lots <> '{}')
""")

LOAD_FREE = text(f"""
    SELECT {BALANCE.read} FROM unnest(CAST(:skus AS text[]), CAST(:warehouses AS text[])) AS p (sku, warehouse)
    JOIN balance USING (sku, warehouse)
    WHERE balance.on_hand > 0 AND balance.stored AND balance.on_hand > balance.allocated
""")  # noqa: S608

LOAD_RESERVED = text(f"""
    SELECT {RESERVED.read} FROM reserved WHERE demand = ANY(CAST(:demands AS text[]))
""")  # noqa: S608

LOAD_PICKED = text(f"""
    SELECT {PICKED.read} FROM picked WHERE demand = ANY(CAST(:demands AS text[]))
""")  # noqa: S608

LOAD_LEAVING = text(f"""
    SELECT {PICKED.read} FROM picked
    WHERE order_id = ANY(CAST(:orders AS text[])) AND sku = ANY(CAST(:skus AS text[])) AND quantity > 0
""")  # noqa: S608

INSERT = text("""
    INSERT INTO demand (id, status, order_id, line, sku, tracking, warehouse, customer, priority, placed_at, shortfall,
                        quantity, open, lots, single_lot, min_life_days, lot)
    SELECT id, status, order_id, line, sku, tracking, warehouse, customer, priority, placed_at, shortfall, quantity,
           open, ARRAY(SELECT jsonb_array_elements_text(lots)), single_lot, min_life_days, lot
    FROM unnest(
        CAST(:ids AS text[]), CAST(:statuses AS text[]), CAST(:orders AS text[]), CAST(:lines AS text[]),
        CAST(:skus AS text[]), CAST(:trackings AS text[]), CAST(:warehouses AS text[]), CAST(:customers AS text[]),
        CAST(:priorities AS integer[]), CAST(:placed AS timestamptz[]), CAST(:shortfalls AS text[]),
        CAST(:quantities AS numeric[]), CAST(:open AS numeric[]), CAST(:lots AS jsonb[]),
        CAST(:single_lots AS boolean[]), CAST(:min_lives AS integer[]), CAST(:given_lots AS text[])
    ) AS it (id, status, order_id, line, sku, tracking, warehouse, customer, priority, placed_at, shortfall,
             quantity, open, lots, single_lot, min_life_days, lot)
""")

# A demand that is withdrawn before it was asked for is remembered, and will be found withdrawn.
INSERT_WITHDRAWN = text("""
    INSERT INTO demand (id, status, order_id, line, sku, tracking)
    SELECT id, 'WITHDRAWN', order_id, line, sku, tracking FROM unnest(
        CAST(:ids AS text[]), CAST(:orders AS text[]), CAST(:lines AS text[]), CAST(:skus AS text[]),
        CAST(:trackings AS text[])
    ) AS it (id, order_id, line, sku, tracking)
""")

UPDATE = text("""
    UPDATE demand AS d SET status = it.status, open = it.open, lot = it.lot
    FROM unnest(
        CAST(:ids AS text[]), CAST(:statuses AS text[]), CAST(:open AS numeric[]), CAST(:given_lots AS text[])
    ) AS it (id, status, open, lot)
    WHERE d.id = it.id
""")


async def load(tx: Transaction, ids: Iterable[str]) -> Demands:
    """Load demands by id."""
    demands = Demands()
    if wanted := list(set(ids)):
        demands.adopt(load_records(Demand, await tx.rows(LOAD, {"ids": wanted})))
    return demands


async def load_waiting(tx: Transaction, demands: Demands, reaches: Iterable[Reach]) -> None:
    """Load the demands that stock which came free could serve."""
    if came := list(reaches):
        pools = [
            {"sku": it.pool[0], "warehouse": it.pool[1], "lots": list(it.lots), "most": str(max(it.lots.values()))}
            for it in came
        ]
        lives = [
            {"sku": it.pool[0], "warehouse": it.pool[1], "free": str(it.free), **life._asdict()}
            for it in came
            for life in it.lives
        ]
        # Those in hand may stand first in the table, and want nothing any more.
        values = {"pools": json.dumps(pools), "reaches": json.dumps(lives), "known": list(demands.known)}
        demands.adopt(load_records(Demand, await tx.rows(LOAD_WAITING, values)))


async def waiting_pools(tx: Transaction, skus: Iterable[str]) -> set[Pool]:
    """Where somebody waits for a product."""
    return {(row.sku, row.warehouse) for row in await tx.rows(LOAD_POOLS, {"skus": list(set(skus))})}


async def waiting_pools_at(tx: Transaction, warehouses: Iterable[str]) -> set[Pool]:
    """What somebody waits for in warehouses."""
    rows = await tx.rows(LOAD_POOLS_AT, {"warehouses": list(set(warehouses))})
    return {(row.sku, row.warehouse) for row in rows}


async def load_free(tx: Transaction, book: Book, pools: Iterable[Pool]) -> None:
    """Load what is stored in pools and no order has."""
    wanted = sorted(set(pools))
    values = {"skus": [sku for sku, _ in wanted], "warehouses": [warehouse for _, warehouse in wanted]}
    book.adopt(load_records(Balance, await tx.rows(LOAD_FREE, values)))


async def load_reserved(tx: Transaction, book: Book, demands: Iterable[str]) -> None:
    """Load what is allocated under demands, or was: a row that came to nothing is there to be used again."""
    if wanted := list(set(demands)):
        book.adopt(load_records(Reserved, await tx.rows(LOAD_RESERVED, {"demands": wanted})))


async def load_picked(tx: Transaction, book: Book, demands: Iterable[str]) -> None:
    """Load what is picked under demands, or was."""
    book.adopt(load_records(Picked, await tx.rows(LOAD_PICKED, {"demands": list(set(demands))})))


async def load_leaving(tx: Transaction, book: Book, orders: Iterable[str], skus: Iterable[str]) -> None:
    """Load what is picked of products for orders."""
    values = {"orders": list(set(orders)), "skus": list(set(skus))}
    book.adopt(load_records(Picked, await tx.rows(LOAD_LEAVING, values)))


async def save_consignees(tx: Transaction, events: Sequence[CloudEvent[DispatchDone]]) -> None:
    """Keep whom to call about what left: the customer of each shipment's order."""
    facts = list({(event.data.shipment, event.data.order): event.data for event in events}.values())
    values = {
        "shipments": [fact.shipment for fact in facts],
        "orders": [fact.order for fact in facts],
        "customers": [fact.customer for fact in facts],
        "names": [fact.customer_name for fact in facts],
        "contacts": [fact.contact for fact in facts],
        "now": tx.now,
    }
    await tx.run(CONSIGNEES, values)


async def save(tx: Transaction, demands: Demands) -> None:
    """Write demands that were opened, served, withdrawn."""
    if fresh := [demands.known[name] for name in demands.fresh]:
        await tx.run(INSERT, _columns(fresh))
    if unknown := list(demands.withdrawn.values()):
        values = {
            "ids": [fact.demand for fact in unknown],
            "orders": [fact.order for fact in unknown],
            "lines": [fact.line for fact in unknown],
            "skus": [fact.sku for fact in unknown],
            "trackings": [fact.tracking for fact in unknown],
        }
        await tx.run(INSERT_WITHDRAWN, values)
    if changed := [demands.known[name] for name in demands.changed - demands.fresh]:
        await tx.run(UPDATE, _columns(changed))


# An order's part of a shipment may be told in several messages: they name the same customer.
CONSIGNEES = text("""
    INSERT INTO consignee (shipment, order_id, customer, customer_name, contact, at)
    SELECT shipment, order_id, customer, name, contact, :now FROM unnest(
        CAST(:shipments AS text[]), CAST(:orders AS text[]), CAST(:customers AS text[]), CAST(:names AS text[]),
        CAST(:contacts AS text[])
    ) AS it (shipment, order_id, customer, name, contact)
    ON CONFLICT DO NOTHING
""")


def _columns(demands: Sequence[Demand]) -> dict[str, Any]:
    return {
        "ids": [demand.id for demand in demands],
        "statuses": [demand.status for demand in demands],
        "orders": [demand.order for demand in demands],
        "lines": [demand.line for demand in demands],
        "skus": [demand.sku for demand in demands],
        "trackings": [demand.tracking for demand in demands],
        "warehouses": [demand.warehouse for demand in demands],
        "customers": [demand.customer for demand in demands],
        "priorities": [demand.priority for demand in demands],
        "placed": [demand.placed_at for demand in demands],
        "shortfalls": [demand.shortfall for demand in demands],
        "quantities": [demand.quantity for demand in demands],
        "open": [demand.open for demand in demands],
        "lots": [json.dumps(demand.lots) if demand.lots else "[]" for demand in demands],
        "single_lots": [demand.single_lot for demand in demands],
        "min_lives": [demand.min_life_days for demand in demands],
        "given_lots": [demand.lot for demand in demands],
    }
