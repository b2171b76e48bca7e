"""Loads demands and available stock under the lock of the SKU, and saves demands.

Stock: all available balances of the product in the warehouse, some hundreds at most. A LIMIT in FEFO order would be
wrong. Some demands require certain lots, a single lot or a longer shelf life.

Demands: only those that released stock could fill, however long the queue. This relies on an invariant of every
transaction: no demand is open while matching stock is available. So only released lots can fill a demand.

Unrestricted demands are read in queue order until their sum reaches the released quantity. Later ones get none of it.
Those that require a longer shelf life are left out. Selective demands (certain lots or a single lot) are all loaded if
a released lot could fill them.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import text

from services.lots.allocation.domain.demand import Demand, DemandSet
from services.lots.allocation.domain.demand_filter import DemandFilter
from services.lots.balances.domain.records import Balance, PickedQuantity, Pool, Reservation
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from services.lots.balances.store import BALANCE, PICKED, RESERVATION
from shared.contracts.envelope import CloudEvent
from shared.contracts.fulfillment import OrderDispatched
from shared.persistence.database import Transaction
from shared.persistence.records import load_records

DEMAND_COLUMNS = """
    d.demand_id, d.status, d.order_id, d.line, d.sku, d.tracking, d.warehouse, d.customer, d.priority,
    d.placed_at, d.shortfall, d.quantity, d.open_quantity, d.allowed_lots, d.single_lot,
    d.min_remaining_shelf_life_days, d.assigned_lot
"""
SELECT_BY_ID = text(f"""
    SELECT {DEMAND_COLUMNS} FROM demand AS d WHERE d.demand_id = ANY(CAST(:demand_ids AS text[]))
""")  # noqa: S608

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
        AS pool (sku text, warehouse text, lots text[], max_quantity numeric)
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
    SELECT {DEMAND_COLUMNS} FROM demand AS d WHERE d.demand_id IN (SELECT demand_id FROM queue)
    UNION ALL
    SELECT {DEMAND_COLUMNS} FROM pool AS p CROSS JOIN LATERAL (
        SELECT * FROM demand AS d
        WHERE d.sku = p.sku AND d.warehouse = p.warehouse
            AND d.open_quantity > 0 AND (d.single_lot OR d.allowed_lots <> '{{}}')
            AND (d.allowed_lots = '{{}}' OR d.allowed_lots && p.lots)
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

SELECT_AVAILABLE = text(f"""
    SELECT {BALANCE.select_columns}
    FROM unnest(CAST(:skus AS text[]), CAST(:warehouses AS text[])) AS pool (sku, warehouse)
    JOIN balance USING (sku, warehouse)
    WHERE balance.on_hand > 0 AND balance.is_storage AND balance.on_hand > balance.allocated
""")  # noqa: S608

SELECT_RESERVATIONS = text(f"""
    SELECT {RESERVATION.select_columns} FROM reservation WHERE demand_id = ANY(CAST(:demand_ids AS text[]))
""")  # noqa: S608

SELECT_PICKED = text(f"""
    SELECT {PICKED.select_columns} FROM picked_stock WHERE demand_id = ANY(CAST(:demand_ids AS text[]))
""")  # noqa: S608

SELECT_PICKED_FOR_ORDERS = text(f"""
    SELECT {PICKED.select_columns} FROM picked_stock
    WHERE order_id = ANY(CAST(:orders AS text[])) AND sku = ANY(CAST(:skus AS text[])) AND quantity > 0
""")  # noqa: S608

INSERT_DEMANDS = text("""
    INSERT INTO demand (demand_id, status, order_id, line, sku, tracking, warehouse, customer, priority, placed_at,
                        shortfall, quantity, open_quantity, allowed_lots, single_lot, min_remaining_shelf_life_days,
                        assigned_lot)
    SELECT demand_id, status, order_id, line, sku, tracking, warehouse, customer, priority, placed_at, shortfall,
           quantity, open_quantity, ARRAY(SELECT jsonb_array_elements_text(allowed_lots)), single_lot,
           min_remaining_shelf_life_days, assigned_lot
    FROM unnest(
        CAST(:demand_ids AS text[]), CAST(:statuses AS text[]), CAST(:orders AS text[]), CAST(:lines AS text[]),
        CAST(:skus AS text[]), CAST(:trackings AS text[]), CAST(:warehouses AS text[]), CAST(:customers AS text[]),
        CAST(:priorities AS integer[]), CAST(:placed_at AS timestamptz[]), CAST(:shortfalls AS text[]),
        CAST(:quantities AS numeric[]), CAST(:open_quantities AS numeric[]), CAST(:allowed_lots AS jsonb[]),
        CAST(:single_lots AS boolean[]), CAST(:min_shelf_lives AS integer[]), CAST(:assigned_lots AS text[])
    ) AS input (demand_id, status, order_id, line, sku, tracking, warehouse, customer, priority, placed_at, shortfall,
             quantity, open_quantity, allowed_lots, single_lot, min_remaining_shelf_life_days, assigned_lot)
""")

# A cancellation that arrives before its demand is stored as a cancelled demand.
INSERT_CANCELLED = text("""
    INSERT INTO demand (demand_id, status, order_id, line, sku, tracking)
    SELECT demand_id, 'CANCELLED', order_id, line, sku, tracking FROM unnest(
        CAST(:demand_ids AS text[]), CAST(:orders AS text[]), CAST(:lines AS text[]), CAST(:skus AS text[]),
        CAST(:trackings AS text[])
    ) AS input (demand_id, order_id, line, sku, tracking)
""")

UPDATE_DEMANDS = text("""
    UPDATE demand AS d
    SET status = input.status, open_quantity = input.open_quantity, assigned_lot = input.assigned_lot
    FROM unnest(
        CAST(:demand_ids AS text[]), CAST(:statuses AS text[]), CAST(:open_quantities AS numeric[]),
        CAST(:assigned_lots AS text[])
    ) AS input (demand_id, status, open_quantity, assigned_lot)
    WHERE d.demand_id = input.demand_id
""")


async def load(tx: Transaction, ids: Iterable[str]) -> DemandSet:
    """Load demands by id."""
    demands = DemandSet()
    if demand_ids := list(set(ids)):
        demands.load(load_records(Demand, await tx.fetch_all(SELECT_BY_ID, {"demand_ids": demand_ids})))
    return demands


async def load_fillable_demands(tx: Transaction, demands: DemandSet, filters: Iterable[DemandFilter]) -> None:
    """Load the demands that released stock could fill."""
    if filter_list := list(filters):
        pools = [
            {
                "sku": demand_filter.pool[0],
                "warehouse": demand_filter.pool[1],
                "lots": list(demand_filter.lots),
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
        values = {"pools": json.dumps(pools), "supplies": json.dumps(supplies), "loaded_ids": list(demands.by_id)}
        demands.load(load_records(Demand, await tx.fetch_all(SELECT_FILLABLE, values)))


async def find_backorder_pools(tx: Transaction, skus: Iterable[str]) -> set[Pool]:
    """Return the pools of products with backorders."""
    return {(row.sku, row.warehouse) for row in await tx.fetch_all(SELECT_BACKORDER_POOLS, {"skus": list(set(skus))})}


async def find_backorder_pools_in(tx: Transaction, warehouses: Iterable[str]) -> set[Pool]:
    """Return the pools of warehouses with backorders."""
    rows = await tx.fetch_all(SELECT_BACKORDER_POOLS_BY_WAREHOUSE, {"warehouses": list(set(warehouses))})
    return {(row.sku, row.warehouse) for row in rows}


async def load_available(tx: Transaction, uow: LotsUnitOfWork, pools: Iterable[Pool]) -> None:
    """Load balances in storage with unallocated stock."""
    pool_list = sorted(set(pools))
    values = {"skus": [sku for sku, _ in pool_list], "warehouses": [warehouse for _, warehouse in pool_list]}
    uow.load(load_records(Balance, await tx.fetch_all(SELECT_AVAILABLE, values)))


async def load_reservations(tx: Transaction, uow: LotsUnitOfWork, demand_ids: Iterable[str]) -> None:
    """Load the reservations of demands; rows with quantity zero are loaded to be reused."""
    if requested := list(set(demand_ids)):
        uow.load(load_records(Reservation, await tx.fetch_all(SELECT_RESERVATIONS, {"demand_ids": requested})))


async def load_picked(tx: Transaction, uow: LotsUnitOfWork, demand_ids: Iterable[str]) -> None:
    """Load the picked stock of demands; rows with quantity zero are loaded to be reused."""
    uow.load(load_records(PickedQuantity, await tx.fetch_all(SELECT_PICKED, {"demand_ids": list(set(demand_ids))})))


async def load_picked_for(tx: Transaction, uow: LotsUnitOfWork, orders: Iterable[str], skus: Iterable[str]) -> None:
    """Load the picked stock of products for orders."""
    values = {"orders": list(set(orders)), "skus": list(set(skus))}
    uow.load(load_records(PickedQuantity, await tx.fetch_all(SELECT_PICKED_FOR_ORDERS, values)))


async def save_consignees(tx: Transaction, events: Sequence[CloudEvent[OrderDispatched]]) -> None:
    """Store the customer contact of each shipped order."""
    payloads = list({(event.data.shipment, event.data.order): event.data for event in events}.values())
    values = {
        "shipments": [payload.shipment for payload in payloads],
        "orders": [payload.order for payload in payloads],
        "customers": [payload.customer for payload in payloads],
        "names": [payload.customer_name for payload in payloads],
        "contacts": [payload.contact for payload in payloads],
        "now": tx.now,
    }
    await tx.execute(INSERT_CONSIGNEES, values)


async def save(tx: Transaction, demands: DemandSet) -> None:
    """Save new and changed demands, and early cancellations."""
    if new_demands := [demands.by_id[demand_id] for demand_id in demands.new_ids]:
        await tx.execute(INSERT_DEMANDS, _as_arrays(new_demands))
    if cancellations := list(demands.early_cancellations.values()):
        values = {
            "demand_ids": [cancellation.demand_id for cancellation in cancellations],
            "orders": [cancellation.order for cancellation in cancellations],
            "lines": [cancellation.line for cancellation in cancellations],
            "skus": [cancellation.sku for cancellation in cancellations],
            "trackings": [cancellation.tracking for cancellation in cancellations],
        }
        await tx.execute(INSERT_CANCELLED, values)
    if changed_demands := [demands.by_id[demand_id] for demand_id in demands.changed_ids - demands.new_ids]:
        await tx.execute(UPDATE_DEMANDS, _as_arrays(changed_demands))


# An order may be dispatched in several messages with the same customer.
INSERT_CONSIGNEES = text("""
    INSERT INTO consignee (shipment, order_id, customer, customer_name, contact, recorded_at)
    SELECT shipment, order_id, customer, name, contact, :now FROM unnest(
        CAST(:shipments AS text[]), CAST(:orders AS text[]), CAST(:customers AS text[]), CAST(:names AS text[]),
        CAST(:contacts AS text[])
    ) AS input (shipment, order_id, customer, name, contact)
    ON CONFLICT DO NOTHING
""")


def _as_arrays(demands: Sequence[Demand]) -> dict[str, Any]:
    return {
        "demand_ids": [demand.demand_id for demand in demands],
        "statuses": [demand.status for demand in demands],
        "orders": [demand.order_id for demand in demands],
        "lines": [demand.line for demand in demands],
        "skus": [demand.sku for demand in demands],
        "trackings": [demand.tracking for demand in demands],
        "warehouses": [demand.warehouse for demand in demands],
        "customers": [demand.customer for demand in demands],
        "priorities": [demand.priority for demand in demands],
        "placed_at": [demand.placed_at for demand in demands],
        "shortfalls": [demand.shortfall for demand in demands],
        "quantities": [demand.quantity for demand in demands],
        "open_quantities": [demand.open_quantity for demand in demands],
        "allowed_lots": [json.dumps(demand.allowed_lots) if demand.allowed_lots else "[]" for demand in demands],
        "single_lots": [demand.single_lot for demand in demands],
        "min_shelf_lives": [demand.min_remaining_shelf_life_days for demand in demands],
        "assigned_lots": [demand.assigned_lot for demand in demands],
    }
