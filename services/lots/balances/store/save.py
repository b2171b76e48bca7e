"""Saves new and changed lot stock, its ledger and corrections."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text

from services.lots.balances.domain.records import TrackedRow
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from services.lots.balances.store.tables import (
    BALANCE,
    CORRECTION,
    HOLD,
    LEDGER,
    LOT,
    LOT_KEYS,
    PICKED,
    RESERVATION,
    Table,
    lot_arrays,
)
from shared.persistence.database import Transaction

# A corrected expiry is copied to all balances of the lot and makes their expiry check due at once. Picked rows with
# quantity zero are left out: the next pick copies both columns from the balance.
UPDATE_EXPIRY = [
    text(f"""
        UPDATE {table} AS stock SET next_expiry_check = '-infinity', expiry = coalesce(lot.expiry, 'infinity')
        FROM {LOT_KEYS} JOIN lot USING (sku, lot) WHERE stock.sku = k.sku AND stock.lot = k.lot {condition}
    """)  # noqa: S608
    for table, condition in (("balance", ""), ("picked_stock", "AND stock.quantity > 0"))
]
DELETE_NOTICES = text(f"DELETE FROM expiry_notice AS n USING {LOT_KEYS} WHERE n.sku = k.sku AND n.lot = k.lot")  # noqa: S608


async def save(tx: Transaction, uow: LotsUnitOfWork) -> None:
    """Save new and changed rows, ledger entries and corrections."""
    for table, rows in (
        (LOT, uow.lots.values()),
        (BALANCE, uow.balances.values()),
        (RESERVATION, uow.reservations.values()),
        (PICKED, uow.picked.values()),
        (HOLD, [hold for holds in uow.holds.values() for hold in holds]),
    ):
        dirty_rows: list[TrackedRow] = [row for row in rows if row.is_dirty]
        await _write(tx, table, [row for row in dirty_rows if row.is_new])
        await _write(tx, table, [row for row in dirty_rows if not row.is_new], update=True)
    await _write(tx, LEDGER, uow.ledger)
    await _write(tx, CORRECTION, uow.corrections)
    if redated_lots := [
        (correction.sku, correction.lot)
        for correction in uow.corrections
        if correction.expiry != correction.previous_expiry
    ]:
        for statement in (*UPDATE_EXPIRY, DELETE_NOTICES):
            await tx.execute(statement, lot_arrays(redated_lots))


async def _write(tx: Transaction, table: Table, rows: Sequence[Any], *, update: bool = False) -> None:
    if rows:
        column_names = table.update_columns if update else table.insert_columns
        statement = table.update_statement if update else table.insert_statement
        await tx.execute(
            statement, {column_name: [getattr(row, column_name) for row in rows] for column_name in column_names}
        )
