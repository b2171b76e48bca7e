"""Loads and saves demands under the lock of the SKU."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import text

from services.lots.allocation.domain.demand import Demand, DemandSet
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
