"""Loads units under the lock of their SKU and saves their changes: one statement per table, whatever the batch size."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import text

from services.serials.units.domain.unit import Unit, UnitKey
from services.serials.units.domain.unit_of_work import SerialsUnitOfWork
from services.serials.units.store.audit import save_audit
from services.serials.units.store.holds import save_holds
from services.serials.units.store.recalls import save_tracking
from services.serials.units.store.unit_table import (
    MUTABLE_COLUMNS,
    STATE_VALUES,
    UNIT_COLUMNS,
    StateColumn,
    insert_statement,
    units_from_rows,
    update_statement,
)
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


async def load(tx: Transaction, keys: Iterable[UnitKey], uow: SerialsUnitOfWork | None = None) -> SerialsUnitOfWork:
    """Load units by SKU and serial, into a new or the given unit of work."""
    uow = uow or SerialsUnitOfWork()
    key_set = set(keys)
    if key_set:
        skus, serials = zip(*key_set, strict=True)
        uow.load(units_from_rows(await tx.fetch_all(SELECT_UNITS, {"skus": skus, "serials": serials})))
    return uow


async def load_held_units(tx: Transaction, uow: SerialsUnitOfWork, holds: Iterable[tuple[str, str]]) -> None:
    """Load holds by SKU and id, with their units."""
    hold_keys = set(holds)
    if hold_keys:
        skus, hold_ids = zip(*hold_keys, strict=True)
        rows = await tx.fetch_all(SELECT_HELD_UNITS, {"skus": skus, "hold_ids": hold_ids})
        loaded = units_from_rows(rows, extra_columns=("hold_id", "hold_sku", "is_open", "hold_return_id"))
        for row, unit in zip(rows, loaded, strict=True):
            units = uow.units_by_hold.setdefault((row.hold_sku, row.hold_id), {})
            if row.hold_return_id:
                uow.return_by_hold[row.hold_sku, row.hold_id] = row.hold_return_id
            if row.is_open:
                uow.load([unit])
                units[unit.key] = uow.units[unit.key]


async def save(tx: Transaction, uow: SerialsUnitOfWork) -> None:
    """Save new and changed units, their audit trail, holds and recall tracking."""
    if operation_indexes := uow.recorded_operations:
        await _save_operations(tx, uow, operation_indexes)
    await save_tracking(tx, uow)


async def _save_operations(tx: Transaction, uow: SerialsUnitOfWork, operation_indexes: Sequence[int]) -> None:
    changed_units = uow.changed_units
    new_units = [unit for unit in changed_units if unit.id is None]
    existing_units = [unit for unit in changed_units if unit.id is not None]
    if new_units:
        await _insert_units(tx, uow, new_units)
    if existing_units:
        await _update_units(tx, existing_units)
    operation_ids = await save_audit(tx, uow, operation_indexes)
    await save_holds(tx, uow, operation_ids)


def _column_values(units: Sequence[Unit]) -> Iterator[tuple[StateColumn, tuple[Any, ...]]]:
    return zip(MUTABLE_COLUMNS, zip(*map(STATE_VALUES, units), strict=True), strict=True)


async def _update_units(tx: Transaction, units: Sequence[Unit]) -> None:
    """Write only the columns that changed on any of the units: an operation changes few of them."""
    loaded_columns = zip(*(unit.loaded_values for unit in units), strict=True)
    changed_columns = {
        column: current
        for (column, current), loaded in zip(_column_values(units), loaded_columns, strict=True)
        if current != loaded
    }
    values = {column.name: current for column, current in changed_columns.items()}
    await tx.execute(update_statement(tuple(changed_columns)), {"ids": [unit.id for unit in units], **values})


async def _insert_units(tx: Transaction, uow: SerialsUnitOfWork, units: Sequence[Unit]) -> None:
    first_operation = {id(transition.unit): transition.operation for transition in reversed(uow.transitions)}
    values: dict[str, Any] = {
        "skus": [unit.sku for unit in units],
        "serials": [unit.serial for unit in units],
        "created_by": [uow.operations[first_operation[id(unit)]].context.actor for unit in units],
        "now": tx.now,
    }
    columns_with_values = {
        column: column_values
        for column, column_values in _column_values(units)
        if column_values.count(None) < len(column_values) or column.name == "receipt"
    }
    values |= {column.name: column_values for column, column_values in columns_with_values.items()}
    for row in await tx.fetch_all(insert_statement(tuple(columns_with_values)), values):
        uow.units[row.sku, row.serial].id = row.id
