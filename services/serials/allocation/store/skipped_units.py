"""Counts of unallocated units, which explain a shortfall."""

from collections.abc import Iterable, Mapping

from sqlalchemy import text

from services.serials.allocation.store.available_units import FEFO_ORDER, IN_POOL, as_arrays
from services.serials.units.domain.unit import Unit, UnitGroup
from shared.inventory.demand import Pool
from shared.inventory.shelf_life import ShelfLifeRules
from shared.persistence.database import Transaction

# Available units that stay unallocated match no open demand. At most the first 10,000 of a pool are counted.
SELECT_SKIPPED = text(f"""
    SELECT p.sku, p.warehouse, s.lot, s.expiry, s.on_hold, count(*) AS unit_count
    FROM unnest(CAST(:skus AS text[]), CAST(:warehouses AS text[]), CAST(:with_available AS boolean[]))
        AS p (sku, warehouse, with_available)
    CROSS JOIN LATERAL (
        SELECT s.lot, s.expiry, true AS on_hold FROM serial_state AS s
        WHERE s.sku = p.sku AND s.warehouse = p.warehouse AND s.open_hold_count > 0 AND s.status = 'IN_INVENTORY'
            AND s.adjustment IS NULL
        UNION ALL
        (
            SELECT s.lot, s.expiry, false AS on_hold FROM serial_state AS s WHERE p.with_available AND {IN_POOL}
            ORDER BY {FEFO_ORDER} LIMIT 10000
        )
    ) AS s
    GROUP BY p.sku, p.warehouse, s.lot, s.expiry, s.on_hold
""")  # noqa: S608


async def count_skipped(
    tx: Transaction, pools: Iterable[Pool], shelf_life_by_pool: Mapping[Pool, ShelfLifeRules]
) -> dict[Pool, list[UnitGroup]]:
    """Count the unallocated units of pools by lot and expiry: on hold, and available without a match."""
    groups_by_pool: dict[Pool, list[UnitGroup]] = {}
    if pool_list := list(set(pools)):
        values = as_arrays(pool_list) | {"with_available": [pool in shelf_life_by_pool for pool in pool_list]}
        for row in await tx.fetch_all(SELECT_SKIPPED, values):
            unit = Unit(row.sku, "", lot=row.lot, expiry=row.expiry, open_hold_count=int(row.on_hold))
            groups_by_pool.setdefault((row.sku, row.warehouse), []).append(UnitGroup(unit, row.unit_count))
    return groups_by_pool
