"""Rechecks of open demands after a time-zone change that moves a warehouse to an earlier date.

Stock that was too close to expiry may then be allocated to backorders. Thousands of products may be affected, each
under its own lock: rechecks are therefore enqueued for a scheduled job. Transactions that depend on the date of a
warehouse hold a shared lock on its time zone; a change waits for them, so that no demand is missed.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import TextClause, text

from shared.contracts.envelope import CloudEvent, Message
from shared.contracts.reference import WarehouseChanged
from shared.inventory.expiry import today
from shared.inventory.reference_data import save_warehouses, today_by_warehouse
from shared.persistence.database import Transaction


def _lock_statement(lock_function: str) -> TextClause:
    # Advisory locks: shared row locks could block a change indefinitely. Sorted, since transactions may share several.
    return text(f"SELECT {lock_function}(7230020, hashtext(name)) FROM unnest(CAST(:names AS text[])) AS name")  # noqa: S608


LOCK_EXCLUSIVE, LOCK_SHARED = _lock_statement("pg_advisory_xact_lock"), _lock_statement("pg_advisory_xact_lock_shared")
INSERT_RECHECKS = text("""
    INSERT INTO demand_recheck (sku, warehouse)
    SELECT * FROM unnest(CAST(:skus AS text[]), CAST(:warehouses AS text[]))
    ON CONFLICT DO NOTHING
""")
SELECT_RECHECKS = text("""
    SELECT sku, warehouse FROM demand_recheck WHERE (sku, warehouse) > (CAST(:sku AS text), CAST(:warehouse AS text))
    ORDER BY sku, warehouse LIMIT :size
""")
DELETE_RECHECKS = text("""
    DELETE FROM demand_recheck USING unnest(CAST(:skus AS text[]), CAST(:warehouses AS text[])) AS pool (sku, warehouse)
    WHERE demand_recheck.sku = pool.sku AND demand_recheck.warehouse = pool.warehouse
""")


class DemandRecheckDue(Message, type="demand.recheck_due.v1", key="sku"):
    """The open demands for a product in a warehouse need a recheck after a change to an earlier date."""

    sku: str
    warehouse: str


async def lock_time_zones(tx: Transaction, warehouses: Iterable[str]) -> None:
    """Lock the time zones of warehouses against changes until the end of the transaction."""
    await tx.fetch_all(LOCK_SHARED, {"names": sorted(set(warehouses))})


async def apply_time_zones(tx: Transaction, events: Sequence[CloudEvent[WarehouseChanged]]) -> list[str]:
    """Save warehouses and return those with an earlier date than before; a new warehouse is compared with UTC."""
    names = sorted({event.data.warehouse for event in events})
    await tx.fetch_all(LOCK_EXCLUSIVE, {"names": names})
    days_before = await today_by_warehouse(tx)
    await save_warehouses(tx, events)
    days_after = await today_by_warehouse(tx)
    return [name for name in names if days_after[name] < days_before.get(name, today(tx.now, "UTC"))]


async def enqueue_rechecks(tx: Transaction, pools: Iterable[tuple[str, str]]) -> None:
    """Enqueue rechecks of the demands for (sku, warehouse) pairs."""
    await tx.execute(INSERT_RECHECKS, _as_arrays(pools))


async def find_due_rechecks(tx: Transaction, after: DemandRecheckDue | None, size: int) -> Sequence[DemandRecheckDue]:
    """Find enqueued rechecks."""
    last = after or DemandRecheckDue(sku="", warehouse="")
    rows = await tx.fetch_all(SELECT_RECHECKS, {"sku": last.sku, "warehouse": last.warehouse, "size": size})
    return [DemandRecheckDue(sku=row.sku, warehouse=row.warehouse) for row in rows]


async def dequeue_rechecks(tx: Transaction, pools: Iterable[tuple[str, str]]) -> None:
    """Dequeue rechecks before they are processed.

    Time zones are locked first, in the same order as in a time-zone change, to avoid deadlocks.
    """
    pool_list = list(pools)
    await lock_time_zones(tx, (warehouse for _, warehouse in pool_list))
    await tx.execute(DELETE_RECHECKS, _as_arrays(pool_list))


def _as_arrays(pools: Iterable[tuple[str, str]]) -> dict[str, Any]:
    sorted_pools = sorted(pools)
    return {"skus": [sku for sku, _ in sorted_pools], "warehouses": [warehouse for _, warehouse in sorted_pools]}
