"""Loads units under the lock of their SKU and saves their changes: one statement per table, whatever the batch size."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import text

from services.serials.units.domain.events import publish_changes
from services.serials.units.domain.operations import UnitChanges
from services.serials.units.domain.unit import MUTABLE_FIELDS, Movement, Unit, UnitKey
from services.serials.units.domain.unit_of_work import SerialsUnitOfWork
from services.serials.units.store.audit import save_audit
from services.serials.units.store.holds import save_holds
from services.serials.units.store.recalls import save_tracking
from services.serials.units.store.unit_table import UNIT_COLUMNS, UNITS, insert_statement
from shared.persistence.database import Transaction

SELECT_UNITS = text(f"""
    SELECT {UNIT_COLUMNS}
    FROM unnest(CAST(:skus AS text[]), CAST(:serials AS text[])) AS requested (sku, serial)
    JOIN serial USING (sku, serial) JOIN serial_state AS s USING (id)
""")  # noqa: S608 - the columns are this module's own

SELECT_HELD_UNITS = text(f"""
    SELECT h.hold_id, h.sku AS hold_sku, h.released_operation_id IS NULL AS is_open, o.return_id AS hold_return_id,
           {UNIT_COLUMNS}
    FROM unnest(CAST(:skus AS text[]), CAST(:hold_ids AS text[])) AS requested (sku, hold_id)
    JOIN hold AS h USING (sku, hold_id) JOIN audit_operation AS o ON o.id = h.opened_operation_id
    JOIN serial_state AS s ON s.id = h.serial_id
""")  # noqa: S608

SELECT_LAST_MOVEMENTS = text("""
    SELECT s.sku, s.serial, moved.at, moved.location FROM serial_state AS s CROSS JOIN LATERAL (
        SELECT least(o.occurred_at, o.recorded_at) AS at, e.location
        FROM audit_entry AS e JOIN audit_operation AS o ON o.id = e.operation_id
        WHERE e.serial_id = s.id AND e.from_location <> e.location ORDER BY e.version DESC LIMIT 1
    ) AS moved
    WHERE s.id = ANY(CAST(:ids AS bigint[]))
""")


async def load(tx: Transaction, uow: SerialsUnitOfWork, keys: Iterable[UnitKey]) -> None:
    """Load units by SKU and serial."""
    if key_set := set(keys):
        skus, serials = zip(*key_set, strict=True)
        uow.units.load(UNITS.load(await tx.fetch_all(SELECT_UNITS, {"skus": skus, "serials": serials})))


async def load_last_movements(tx: Transaction, uow: SerialsUnitOfWork, keys: Iterable[UnitKey]) -> None:
    """Load the last movements of loaded units."""
    if ids := [unit.id for key in set(keys) if (unit := uow.units.get(key))]:
        for row in await tx.fetch_all(SELECT_LAST_MOVEMENTS, {"ids": ids}):
            uow.last_movements[row.sku, row.serial] = Movement(row.at, row.location)


async def load_held_units(tx: Transaction, uow: SerialsUnitOfWork, holds: Iterable[tuple[str, str]]) -> None:
    """Load holds by SKU and id, with their units."""
    hold_keys = set(holds)
    if hold_keys:
        skus, hold_ids = zip(*hold_keys, strict=True)
        rows = await tx.fetch_all(SELECT_HELD_UNITS, {"skus": skus, "hold_ids": hold_ids})
        loaded = UNITS.load(rows, extra_columns=("hold_id", "hold_sku", "is_open", "hold_return_id"))
        for row, unit in zip(rows, loaded, strict=True):
            units = uow.units_by_hold.setdefault((row.hold_sku, row.hold_id), {})
            if row.hold_return_id:
                uow.return_by_hold[row.hold_sku, row.hold_id] = row.hold_return_id
            if row.is_open:
                uow.units.load([unit])
                units[unit.key] = uow.units[unit.key]


async def save(tx: Transaction, uow: SerialsUnitOfWork) -> None:
    """Save new and changed units with their audit trail, holds and recall tracking, and publish the changes."""
    rows, changes = uow.units.pop_changes(), uow.pop_changes()
    if rows.added:
        await _insert_units(tx, uow, changes, rows.added)
    if rows.changed:
        await _update_units(tx, uow, rows.changed, rows.saved_states)
    await save_holds(tx, changes, await save_audit(tx, uow, changes))
    await save_tracking(tx, changes.tracked)
    publish_changes(uow, changes)


async def _update_units(
    tx: Transaction, uow: SerialsUnitOfWork, units: Sequence[Unit], saved_states: Mapping[UnitKey, Any]
) -> None:
    """Write only the columns that changed on any of the units: an operation changes few of them."""
    keys = [unit.key for unit in units]
    values = dict(zip(MUTABLE_FIELDS, zip(*map(uow.units.saved_state, keys), strict=True), strict=True))
    saved_columns = zip(*(saved_states[key] for key in keys), strict=True)
    columns = tuple(
        column for (column, current), saved in zip(values.items(), saved_columns, strict=True) if current != saved
    )
    await tx.execute(
        UNITS.update(columns), {"id": [unit.id for unit in units], **{column: values[column] for column in columns}}
    )


async def _insert_units(tx: Transaction, uow: SerialsUnitOfWork, changes: UnitChanges, units: Sequence[Unit]) -> None:
    operation_by_unit = {transition.unit.key: transition.operation for transition in reversed(changes.transitions)}
    states = (uow.units.saved_state(unit.key) for unit in units)
    values = dict(zip(MUTABLE_FIELDS, zip(*states, strict=True), strict=True))
    columns = tuple(
        column for column, current in values.items() if column == "receipt" or current.count(None) < len(current)
    )
    parameters: dict[str, Any] = {column: values[column] for column in columns} | {
        "sku": [unit.sku for unit in units],
        "serial": [unit.serial for unit in units],
        "created_by": [uow.operations[operation_by_unit[unit.key]].context.actor for unit in units],
        "now": tx.now,
    }
    for row in await tx.fetch_all(insert_statement(columns), parameters):
        uow.units[row.sku, row.serial].id = row.id
