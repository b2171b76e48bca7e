"""Due expiry checks, and what they require."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import text

from services.lots.balances import store as balances
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from services.lots.balances.store import NOTICE
from services.lots.expiry.domain import LotExpiryCheckDue
from shared.contracts.envelope import CloudEvent
from shared.inventory.reference_data import today_by_warehouse
from shared.persistence.database import Transaction


def _due_query(table: str, quantity_column: str) -> str:
    return f"""
        SELECT DISTINCT next_expiry_check, sku, lot FROM {table}
        WHERE warehouse = w.warehouse AND {quantity_column} > 0
            AND next_expiry_check <= w.day AND next_expiry_check < 'infinity'
            AND (warehouse, next_expiry_check, sku, lot)
                > (CAST(:warehouse AS text), CAST(:since AS date), CAST(:sku AS text), CAST(:lot AS text))
        ORDER BY next_expiry_check, sku, lot LIMIT :size
    """  # noqa: S608 - all names are constants of this module


# Reads only the indexes on next_expiry_check; checked lots move to a later date, so that few rows are skipped.
DUE_BALANCES, DUE_PICKED = _due_query("balance", "on_hand"), _due_query("picked_stock", "quantity")
SELECT_DUE = text(f"""
    SELECT b.sku, b.lot, w.warehouse, b.next_expiry_check
    FROM unnest(CAST(:warehouses AS text[]), CAST(:days AS date[])) AS w (warehouse, day) CROSS JOIN LATERAL (
        ({DUE_BALANCES}) UNION ({DUE_PICKED})
    ) AS b
    ORDER BY w.warehouse COLLATE "C", b.next_expiry_check, b.sku, b.lot LIMIT :size
""")  # noqa: S608
SELECT_NOTICES = text(f"""
    SELECT {NOTICE.columns()}
    FROM unnest(CAST(:skus AS text[]), CAST(:lots AS text[]), CAST(:warehouses AS text[])) AS k (sku, lot, warehouse)
    JOIN expiry_notice USING (sku, lot, warehouse)
""")  # noqa: S608


async def find_due(tx: Transaction, after: LotExpiryCheckDue | None, size: int) -> Sequence[LotExpiryCheckDue]:
    """Find lots with a due expiry check."""
    local_dates = await today_by_warehouse(tx)
    start = LotExpiryCheckDue(sku="", lot="", warehouse="", since=date.min)
    values = (after or start).model_dump(include={"warehouse", "since", "sku", "lot"})
    parameters = {"warehouses": list(local_dates), "days": list(local_dates.values()), "size": size}
    rows = await tx.fetch_all(SELECT_DUE, values | parameters)
    return [
        LotExpiryCheckDue(sku=row.sku, lot=row.lot, warehouse=row.warehouse, since=row.next_expiry_check)
        for row in rows
    ]


async def load_due_lots(tx: Transaction, uow: LotsUnitOfWork, events: Sequence[CloudEvent[LotExpiryCheckDue]]) -> None:
    """Load due lots with all their stock, holds and published notices."""
    keys = {(event.data.sku, event.data.lot) for event in events}
    await balances.load_lots(tx, uow, keys)
    await balances.load_lot_balances(tx, uow, keys)
    await balances.load_commitments(tx, uow, keys)
    await balances.load_products(tx, uow, {sku for sku, _ in keys})
    uow.local_dates = await today_by_warehouse(tx)
    due_lots = sorted({(event.data.sku, event.data.lot, event.data.warehouse) for event in events})
    skus, lots, warehouses = map(list, zip(*due_lots, strict=True))
    values = {"skus": skus, "lots": lots, "warehouses": warehouses}
    uow.notices.load(NOTICE.load(await tx.fetch_all(SELECT_NOTICES, values)))
