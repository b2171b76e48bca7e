"""Saves the changed records. A record that changed since it was loaded is a conflict; the batch is retried.

Two commands without a common lock can change the same unit: for example, one closes its receipt while another receipt
takes it over. Therefore units and receipts have versions, and each update checks the loaded version.
"""

import json

from services.receiving.batch_statements import as_arrays, execute_exactly
from services.receiving.receipts.domain.records import (
    Discrepancy,
    LotScan,
    Receipt,
    ReceiptLine,
    RowKey,
    Session,
    Unit,
    UnmatchedScan,
)
from services.receiving.receipts.domain.unit_of_work import ReceivingUnitOfWork, WorkingSet
from services.receiving.receipts.store import write_statements as sql
from shared.persistence.database import Transaction

RESOLUTION_COLUMNS = ("discrepancy", "resolution", "matched_serial", "reason", "resolved_at", "resolved_by")


async def save(tx: Transaction, uow: ReceivingUnitOfWork) -> None:
    """Save all changes, at most three statements per table."""
    await _save_receipts(tx, uow)
    if lines := uow.lines.dirty():
        await tx.execute(sql.UPSERT_LINES, as_arrays(sorted(lines), ReceiptLine._fields))
    if sessions := uow.sessions.dirty():
        await tx.execute(sql.UPSERT_SESSIONS, as_arrays(sessions, Session._fields))
    await save_units(tx, uow.units)
    await _save_unmatched_scans(tx, uow)
    await _save_lot_scans(tx, uow)
    await _save_discrepancies(tx, uow)


async def _save_receipts(tx: Transaction, uow: ReceivingUnitOfWork) -> None:
    changed_ids = {
        *(row.receipt for row in uow.receipts.dirty()),
        *(row.receipt for row in uow.lines.dirty()),
        *(row.receipt for row in uow.sessions.dirty()),
        *(row.receipt for row in uow.unmatched_scans.dirty()),
        *(receipt for receipt, _, _ in uow.unmatched_scans.removed()),
        *(row.receipt for row in uow.lot_scans.dirty()),
        *(uow.lot_scans.original[scan_id].receipt for scan_id in uow.lot_scans.removed()),
        *(row.receipt for row in uow.discrepancies.dirty()),
    }
    updated = [uow.receipts[receipt_id] for receipt_id in sorted(changed_ids & uow.receipts.original.keys())]
    inserted = [uow.receipts[receipt_id] for receipt_id in sorted(changed_ids - uow.receipts.original.keys())]
    if updated:
        await execute_exactly(tx, sql.UPDATE_RECEIPTS, as_arrays(updated, Receipt._fields), len(updated))
    if inserted:
        await tx.execute(sql.INSERT_RECEIPTS, as_arrays(inserted, Receipt._fields))


async def save_units(tx: Transaction, working_set: WorkingSet[RowKey, Unit]) -> None:
    """Save changed units."""
    units, original = sorted(working_set.dirty()), working_set.original
    if inserted := [unit for unit in units if unit.key not in original]:
        await tx.execute(sql.INSERT_UNITS, as_arrays(inserted, Unit._fields))
    if updated := [(*unit, original[unit.key].version) for unit in units if unit.key in original]:
        await execute_exactly(tx, sql.UPDATE_UNITS, as_arrays(updated, (*Unit._fields, "loaded_version")), len(updated))


async def _save_unmatched_scans(tx: Transaction, uow: ReceivingUnitOfWork) -> None:
    if removed := uow.unmatched_scans.removed():
        await execute_exactly(
            tx, sql.DELETE_UNMATCHED_SCANS, as_arrays(sorted(removed), ("receipt", "sku", "serial")), len(removed)
        )
    if inserted := uow.unmatched_scans.dirty():
        await tx.execute(sql.INSERT_UNMATCHED_SCANS, as_arrays(inserted, UnmatchedScan._fields))


async def _save_lot_scans(tx: Transaction, uow: ReceivingUnitOfWork) -> None:
    dirty, original = uow.lot_scans.dirty(), uow.lot_scans.original
    if removed := [scan_id for scan_id in uow.lot_scans.removed() if scan_id not in uow.lot_scans]:
        await tx.execute(sql.DELETE_LOT_SCANS, {"scan_ids": sorted(removed)})
    if inserted := [scan for scan in dirty if scan.scan_id not in original]:
        await tx.execute(sql.INSERT_LOT_SCANS, as_arrays(inserted, LotScan._fields))
    if updated := [scan for scan in dirty if scan.scan_id in original]:
        await execute_exactly(tx, sql.UPDATE_LOT_SCANS, as_arrays(updated, LotScan._fields), len(updated))


async def _save_discrepancies(tx: Transaction, uow: ReceivingUnitOfWork) -> None:
    dirty = uow.discrepancies.dirty()
    original = uow.discrepancies.original
    if inserted := [
        discrepancy._replace(missing_serials=json.dumps(discrepancy.missing_serials))  # type: ignore[arg-type]
        for discrepancy in dirty
        if discrepancy.discrepancy not in original
    ]:
        await tx.execute(sql.INSERT_DISCREPANCIES, as_arrays(inserted, Discrepancy._fields))
    if updated := [
        tuple(getattr(discrepancy, name) for name in RESOLUTION_COLUMNS)
        for discrepancy in dirty
        if discrepancy.discrepancy in original
    ]:
        await execute_exactly(tx, sql.UPDATE_DISCREPANCIES, as_arrays(updated, RESOLUTION_COLUMNS), len(updated))
