"""Saves the changed records. A record that changed since it was loaded is a conflict; the batch is retried.

Two commands without a common lock can change the same unit: for example, one closes its receipt while another receipt
takes it over. Therefore units and receipts have versions, and each update checks the loaded version.
"""

from collections.abc import Sequence
from typing import Any

from services.receiving.receipts.store import tables
from services.receiving.unit_of_work import ReceivingUnitOfWork
from shared.persistence.database import Transaction
from shared.working_set import Changes


async def save(tx: Transaction, uow: ReceivingUnitOfWork) -> None:
    """Save all changes, at most three statements per table."""
    lines, sessions, units = uow.lines.pop_changes(), uow.sessions.pop_changes(), uow.units.pop_changes()
    unmatched_scans, lot_scans = uow.unmatched_scans.pop_changes(), uow.lot_scans.pop_changes()
    discrepancies, announced_lines = uow.discrepancies.pop_changes(), uow.announced_lines.pop_changes()
    announced_cartons = uow.announced_cartons.pop_changes()
    children: Sequence[Changes[Any, Any]] = (
        lines, sessions, unmatched_scans, lot_scans, discrepancies, announced_lines, announced_cartons,
    )  # fmt: skip
    touched = {row.receipt for changes in children for row in (*changes.added, *changes.changed)}
    touched |= {changes.saved_states[key].receipt for changes in children for key in changes.removed}
    await _save_receipts(tx, uow, touched)
    await tables.LINES.save_changes(tx, lines)
    await tables.ANNOUNCED_LINES.save_changes(tx, announced_lines)
    await tables.ANNOUNCED_CARTONS.save_changes(tx, announced_cartons)
    await tables.SESSIONS.save_changes(tx, sessions)
    units.added.sort()
    await tables.UNITS.save_changes(tx, units)
    await tables.UNMATCHED_SCANS.save_changes(tx, unmatched_scans)
    await tables.LOT_SCANS.save_changes(tx, lot_scans)
    await tables.DISCREPANCIES.save_changes(tx, discrepancies)
    await _save_known_lots(tx, uow)


async def _save_known_lots(tx: Transaction, uow: ReceivingUnitOfWork) -> None:
    """Insert new lots and corrections in the order of their keys.

    Of two receipts that learn a lot in two spellings at once, the second violates a unique index and is retried.
    """
    added = sorted(uow.known_lots.pop_changes().added)
    await tables.KNOWN_LOTS.insert_rows(tx, added, "ON CONFLICT (sku, lot_key, lot) DO NOTHING")
    corrections = sorted(uow.lot_corrections.pop_changes().added)
    await tables.LOT_CORRECTIONS.insert_rows(tx, corrections, "ON CONFLICT DO NOTHING")


async def _save_receipts(tx: Transaction, uow: ReceivingUnitOfWork, touched: set[str]) -> None:
    """Insert new receipts, and give a new version to changed ones and those with changed records."""
    changes = uow.receipts.pop_changes()
    await tables.RECEIPTS.insert_rows(tx, changes.added)
    for receipt_id in (touched | {row.receipt for row in changes.changed}) - {row.receipt for row in changes.added}:
        receipt = uow.receipts[receipt_id]
        uow.receipts.put(receipt._replace(version=receipt.version + 1))
    await tables.RECEIPTS.save(tx, uow.receipts)
