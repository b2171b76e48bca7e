"""Loads and saves demands under the lock of the SKU."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Row, text

from services.serials.allocation.domain.demand import Demand, DemandSet
from services.serials.allocation.store.available_units import as_arrays
from services.serials.units.domain.unit import Pool
from shared.persistence.database import Transaction
from shared.persistence.records import load_records

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


SELECT_OPEN = text(f"""
    SELECT {DEMAND_COLUMNS}, {SERIALS_COLUMN}
    FROM unnest(CAST(:skus AS text[]), CAST(:warehouses AS text[])) AS p (sku, warehouse)
    JOIN demand AS d ON d.sku = p.sku AND d.warehouse = p.warehouse AND d.open_quantity > 0
""")  # noqa: S608


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


def demands_from_rows(rows: Sequence[Row[Any]]) -> list[Demand]:
    """Build demands from DEMAND_COLUMNS and SERIALS_COLUMN."""
    demands = load_records(Demand, rows, extra_columns=("kind",))
    for demand in demands:
        demand.allowed_lots, demand.serials = frozenset(demand.allowed_lots or ()), frozenset(demand.serials or ())
    return demands


async def load(tx: Transaction, ids: Iterable[str]) -> DemandSet:
    """Load demands by id."""
    demands = DemandSet()
    if demand_ids := list(set(ids)):
        demands.load(demands_from_rows(await tx.fetch_all(SELECT_BY_ID, {"demand_ids": demand_ids})))
    return demands


async def load_open_demands(tx: Transaction, pools: Iterable[Pool]) -> DemandSet:
    """Load all open demands of pools."""
    demands = DemandSet()
    demands.load(demands_from_rows(await tx.fetch_all(SELECT_OPEN, as_arrays(pools))))
    return demands


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
