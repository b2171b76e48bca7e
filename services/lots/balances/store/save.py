"""Saves the changes of a unit of work: stock, ledger, demands, corrections and expiry checks."""

from sqlalchemy import text

from services.lots.balances.domain.records import LotInWarehouse
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from services.lots.balances.store.tables import (
    BALANCE,
    CORRECTION,
    DEMAND,
    HOLD,
    LEDGER,
    LOT,
    LOT_KEYS,
    NOTICE,
    PICKED,
    RESERVATION,
    VARIANCE,
    lot_arrays,
)
from shared.inventory.approval_table import save_approvals
from shared.persistence.database import Transaction
from shared.persistence.record_table import execute_exactly

# Changes only the open row: a released hold may have been placed again. Ledger entries, corrections and holds get their
# numbers from one sequence, so that the history of a lot is in order.
UPDATE_HOLDS = text("""
    UPDATE hold AS t SET pending_quantity = input.pending_quantity, released_by = input.released_by,
        released_at = input.released_at, released_reason = input.released_reason,
        released_number = CASE WHEN input.released_at IS NOT NULL THEN nextval('ledger_id_seq') END
    FROM unnest(
        CAST(:sku AS text[]), CAST(:lot AS text[]), CAST(:hold_id AS text[]), CAST(:location AS text[]),
        CAST(:pending_quantity AS numeric[]), CAST(:released_by AS text[]), CAST(:released_at AS timestamptz[]),
        CAST(:released_reason AS text[])
    ) AS input (sku, lot, hold_id, location, pending_quantity, released_by, released_at, released_reason)
    WHERE t.sku = input.sku AND t.lot = input.lot AND t.hold_id = input.hold_id
        AND t.location IS NOT DISTINCT FROM input.location AND t.released_at IS NULL
""")
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
QUANTITY_COLUMN = {"balance": "on_hand", "picked_stock": "quantity"}
"""Tables with a next expiry check, and their quantity columns."""
UPDATE_NEXT_CHECK = [
    text(f"""
        UPDATE {table} AS stock SET next_expiry_check = checked.next_expiry_check
        FROM unnest(
            CAST(:skus AS text[]), CAST(:lots AS text[]), CAST(:warehouses AS text[]), CAST(:dates AS date[])
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


async def save(tx: Transaction, uow: LotsUnitOfWork) -> None:
    """Save each change once."""
    await LOT.save(tx, uow.lots)
    await BALANCE.save(tx, uow.balances)
    await VARIANCE.save(tx, uow.variances)
    await RESERVATION.save(tx, uow.reservations)
    await PICKED.save(tx, uow.picked)
    await LEDGER.insert_rows(tx, uow.ledger)
    await CORRECTION.insert_rows(tx, uow.corrections)
    await _save_holds(tx, uow)
    await DEMAND.save(tx, uow.demands)
    await save_approvals(tx, uow)
    redated_lots = {(entry.sku, entry.lot) for entry in uow.corrections if entry.expiry != entry.previous_expiry}
    uow.ledger.clear()
    uow.corrections.clear()
    if redated_lots:
        for statement in (*UPDATE_EXPIRY, DELETE_NOTICES):
            await tx.execute(statement, lot_arrays(redated_lots))
    await _save_expiry_checks(tx, uow)


async def _save_holds(tx: Transaction, uow: LotsUnitOfWork) -> None:
    changes = uow.holds.pop_changes()
    if changes.changed:
        parameters = HOLD.parameters(changes.changed, (*HOLD.key, "location", *HOLD.updated))
        await execute_exactly(tx, UPDATE_HOLDS, parameters, len(changes.changed))
    await HOLD.insert_rows(tx, changes.added)


async def _save_expiry_checks(tx: Transaction, uow: LotsUnitOfWork) -> None:
    await NOTICE.save(tx, uow.notices)
    if uow.next_checks:
        arrays = zip(LotInWarehouse._fields, zip(*uow.next_checks, strict=True), strict=True)
        values = {f"{name}s": list(column) for name, column in arrays} | {"dates": list(uow.next_checks.values())}
        for statement in UPDATE_NEXT_CHECK:
            await tx.execute(statement, values)
        uow.next_checks.clear()
    if uow.skus_to_check:
        for statement in UPDATE_CHECKS_TO_DUE:
            await tx.execute(statement, {"skus": list(uow.skus_to_check)})
        uow.skus_to_check.clear()
