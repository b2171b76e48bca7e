"""Save what the rules changed. A row that changed since it was read is a lost race: the batch is decided again.

Two acts that share no lock can meet at a unit, a closing that ends its expectation and another receipt's take-over. So
units, like receipts, carry versions, and who saves one names the version that was read.
"""

import json

from services.receiving.receipts.domain.desk import Desk, Rows
from services.receiving.receipts.domain.records import Aside, Discrepancy, Key, Line, LotScan, Receipt, Session, Unit
from services.receiving.receipts.store import sql
from services.receiving.rows import all_of, columns
from shared.database import Transaction

RESOLVED = ("discrepancy", "resolution", "tied_to", "reason", "resolved_at", "resolved_by")


async def save(tx: Transaction, desk: Desk) -> None:
    """Write every changed row: one statement a table for the new ones, one for the others."""
    await _receipts(tx, desk)
    if lines := desk.lines.changed():
        await tx.run(sql.SAVE_LINES, columns(sorted(lines), Line._fields))
    if sessions := desk.sessions.changed():
        await tx.run(sql.SAVE_SESSIONS, columns(sessions, Session._fields))
    await save_units(tx, desk.units)
    await _asides(tx, desk)
    await _lots(tx, desk)
    await _discrepancies(tx, desk)


async def _receipts(tx: Transaction, desk: Desk) -> None:
    touched = {
        *(row.receipt for row in desk.receipts.changed()),
        *(row.receipt for row in desk.lines.changed()),
        *(row.receipt for row in desk.sessions.changed()),
        *(row.receipt for row in desk.asides.changed()),
        *(receipt for receipt, _, _ in desk.asides.gone()),
        *(row.receipt for row in desk.lots.changed()),
        *(desk.lots.read[scan].receipt for scan in desk.lots.gone()),
        *(row.receipt for row in desk.discrepancies.changed()),
    }
    old = [desk.receipts[name] for name in sorted(touched & desk.receipts.read.keys())]
    new = [desk.receipts[name] for name in sorted(touched - desk.receipts.read.keys())]
    if old:
        await all_of(tx, sql.CHANGE_RECEIPTS, columns(old, Receipt._fields), len(old))
    if new:
        await tx.run(sql.ADD_RECEIPTS, columns(new, Receipt._fields))


async def save_units(tx: Transaction, rows: Rows[Key, Unit]) -> None:
    """Write changed units."""
    units, read = sorted(rows.changed()), rows.read
    if new := [unit for unit in units if unit.key not in read]:
        await tx.run(sql.ADD_UNITS, columns(new, Unit._fields))
    if old := [(*unit, read[unit.key].version) for unit in units if unit.key in read]:
        await all_of(tx, sql.CHANGE_UNITS, columns(old, (*Unit._fields, "was")), len(old))


async def _asides(tx: Transaction, desk: Desk) -> None:
    if gone := desk.asides.gone():
        await all_of(tx, sql.DROP_ASIDES, columns(sorted(gone), ("receipt", "sku", "serial")), len(gone))
    if new := desk.asides.changed():
        await tx.run(sql.ADD_ASIDES, columns(new, Aside._fields))


async def _lots(tx: Transaction, desk: Desk) -> None:
    changed, read = desk.lots.changed(), desk.lots.read
    if gone := [scan for scan in desk.lots.gone() if scan not in desk.lots]:
        await tx.run(sql.DROP_LOTS, {"scans": sorted(gone)})
    if new := [row for row in changed if row.scan not in read]:
        await tx.run(sql.ADD_LOTS, columns(new, LotScan._fields))
    if old := [row for row in changed if row.scan in read]:
        await all_of(tx, sql.CHANGE_LOTS, columns(old, LotScan._fields), len(old))


async def _discrepancies(tx: Transaction, desk: Desk) -> None:
    changed = desk.discrepancies.changed()
    read = desk.discrepancies.read
    if new := [row._replace(missing=json.dumps(row.missing)) for row in changed if row.discrepancy not in read]:  # type: ignore[arg-type]
        await tx.run(sql.ADD_DISCREPANCIES, columns(new, Discrepancy._fields))
    if old := [tuple(getattr(row, name) for name in RESOLVED) for row in changed if row.discrepancy in read]:
        await all_of(tx, sql.RESOLVE_DISCREPANCIES, columns(old, RESOLVED), len(old))
