"""Due expiry checks and published notices."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import text

from services.lots.expiry.domain import ExpiryCheck, ExpiryNotice, LotExpiryCheckDue, LotInWarehouse
from shared.inventory.reference_data import today_by_warehouse
from shared.persistence.database import Transaction
from shared.persistence.records import load_records


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
SELECT_NOTICES = text("""
    SELECT t.sku, t.lot, t.warehouse, t.threshold
    FROM unnest(CAST(:sku AS text[]), CAST(:lot AS text[]), CAST(:warehouse AS text[])) AS k (sku, lot, warehouse)
    JOIN expiry_notice AS t USING (sku, lot, warehouse)
""")
INSERT_NOTICES = text("""
    INSERT INTO expiry_notice (sku, lot, warehouse, threshold, published_at)
    SELECT *, :now FROM unnest(
        CAST(:sku AS text[]), CAST(:lot AS text[]), CAST(:warehouse AS text[]), CAST(:threshold AS integer[])
    )
""")
QUANTITY_COLUMN = {"balance": "on_hand", "picked_stock": "quantity"}
"""Tables with a next expiry check, and their quantity columns."""
UPDATE_NEXT_CHECK = [
    text(f"""
        UPDATE {table} AS stock SET next_expiry_check = checked.next_expiry_check
        FROM unnest(
            CAST(:sku AS text[]), CAST(:lot AS text[]), CAST(:warehouse AS text[]), CAST(:next_expiry_check AS date[])
        ) AS checked (sku, lot, warehouse, next_expiry_check)
        WHERE stock.sku = checked.sku AND stock.lot = checked.lot AND stock.warehouse = checked.warehouse
            AND stock.next_expiry_check <> checked.next_expiry_check AND stock.{quantity_column} > 0
    """)  # noqa: S608
    for table, quantity_column in QUANTITY_COLUMN.items()
]
# Includes balances of zero: stock unpicked there takes over the balance's date.
UPDATE_CHECKS_TO_DUE = [
    text(f"""
        UPDATE {table} SET next_expiry_check = '-infinity'
        WHERE sku = ANY(CAST(:skus AS text[])) AND next_expiry_check > '-infinity' AND next_expiry_check < 'infinity'
    """)  # noqa: S608
    for table in QUANTITY_COLUMN
]


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


async def load_notices(tx: Transaction, lot_keys: Iterable[LotInWarehouse]) -> set[ExpiryNotice]:
    """Load the published notices of lots in warehouses."""
    return set(
        load_records(
            ExpiryNotice, await tx.fetch_all(SELECT_NOTICES, _as_arrays(sorted(set(lot_keys)), LotInWarehouse._fields))
        )
    )


async def save(tx: Transaction, check: ExpiryCheck) -> None:
    """Save new notices and the dates of the next checks."""
    if check.new_notices:
        await tx.execute(INSERT_NOTICES, _as_arrays(check.new_notices, ExpiryNotice._fields) | {"now": tx.now})
    if check.next_check_by_lot:
        next_check_arrays = _as_arrays(list(check.next_check_by_lot), LotInWarehouse._fields) | {
            "next_expiry_check": list(check.next_check_by_lot.values())
        }
        for statement in UPDATE_NEXT_CHECK:
            await tx.execute(statement, next_check_arrays)


async def reschedule_checks(tx: Transaction, skus: Collection[str]) -> None:
    """Make the checks of all unexpired lots of products due at once."""
    if skus:
        for statement in UPDATE_CHECKS_TO_DUE:
            await tx.execute(statement, {"skus": list(skus)})


def _as_arrays(rows: Sequence[LotInWarehouse | ExpiryNotice], field_names: Iterable[str]) -> dict[str, Any]:
    return {field_name: [getattr(row, field_name) for row in rows] for field_name in field_names}
