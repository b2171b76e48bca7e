"""Loads units under the lock of their SKU and saves their changes: one statement per table, whatever the batch size."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import Row, TextClause, text

from services.serials.units.domain.unit import Unit, UnitKey
from services.serials.units.domain.unit_of_work import SerialsUnitOfWork
from services.serials.units.store.audit import save_audit
from services.serials.units.store.recalls import save_tracking
from shared.persistence.database import Transaction
from shared.persistence.records import load_records


class StateColumn(NamedTuple):
    """A mutable column of `serial_state`, named as the unit's field, and its SQL type."""

    name: str
    type: str


MUTABLE_COLUMNS = (
    StateColumn("status", "text"),
    StateColumn("version", "integer"),
    StateColumn("receiving_version", "integer"),
    StateColumn("warehouse", "text"),
    StateColumn("location", "text"),
    StateColumn("received_at", "timestamptz"),
    StateColumn("receipt", "text"),
    StateColumn("receipt_line", "text"),
    StateColumn("order_id", "text"),
    StateColumn("order_line", "text"),
    StateColumn("demand_id", "text"),
    StateColumn("shipment", "text"),
    StateColumn("customer", "text"),
    StateColumn("return_id", "text"),
    StateColumn("open_hold_count", "integer"),
    StateColumn("adjustment", "text"),
    StateColumn("lot", "text"),
    StateColumn("expiry", "date"),
    StateColumn("next_expiry_check", "date"),
)
STATE_VALUES = attrgetter(*(column.name for column in MUTABLE_COLUMNS))
CAST_BY_COLUMN = {"status": "CAST(input.status AS status)"}

UNIT_COLUMNS = "s.sku, s.serial, s.id, s.open_recall_count, " + ", ".join(
    f"s.{column.name}::text AS {column.name}" if column.name in CAST_BY_COLUMN else f"s.{column.name}"
    for column in MUTABLE_COLUMNS
)
"""The columns of `serial_state AS s` that a Unit is loaded from."""

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


def _names_and_arrays(columns: Sequence[StateColumn]) -> tuple[str, str]:
    """Write the column names, and the array parameters of the same names."""
    arrays = ", ".join(f"CAST(:{column.name} AS {column.type}[])" for column in columns)
    return ", ".join(column.name for column in columns), arrays


@cache
def insert_statement(columns: tuple[StateColumn, ...]) -> TextClause:
    """Build the INSERT of new units for the given columns, which include the receipt."""
    names, arrays = _names_and_arrays(columns)
    values = ", ".join(CAST_BY_COLUMN.get(column.name, f"input.{column.name}") for column in columns)
    return text(f"""
        WITH input AS (
            SELECT * FROM unnest(CAST(:skus AS text[]), CAST(:serials AS text[]), CAST(:created_by AS text[]), {arrays})
            AS input (sku, serial, created_by, {names})
        ), inserted AS (
            INSERT INTO serial (sku, serial, created_at, created_by, receipt)
            SELECT sku, serial, :now, created_by, receipt FROM input
            RETURNING id, sku, serial
        )
        INSERT INTO serial_state (id, sku, serial, {names})
        SELECT inserted.id, input.sku, input.serial, {values} FROM input JOIN inserted USING (sku, serial)
        RETURNING id, sku, serial
    """)  # noqa: S608 - the columns are this module's own


@cache
def update_statement(columns: tuple[StateColumn, ...]) -> TextClause:
    """Build the UPDATE of units by id for the given columns."""
    names, arrays = _names_and_arrays(columns)
    assignments = ", ".join(
        f"{column.name} = {CAST_BY_COLUMN.get(column.name, f'input.{column.name}')}" for column in columns
    )
    return text(f"""
        UPDATE serial_state AS s SET {assignments}
        FROM unnest(CAST(:ids AS bigint[]), {arrays}) AS input (id, {names})
        WHERE s.id = input.id
    """)  # noqa: S608


def units_from_rows(rows: Sequence[Row[Any]], extra_columns: Sequence[str] = ()) -> list[Unit]:
    """Build units from UNIT_COLUMNS; each keeps its loaded values, so that only changed columns are written."""
    units = load_records(Unit, rows, extra_columns)
    for unit in units:
        unit.loaded_values = STATE_VALUES(unit)
    return units


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
    await save_audit(tx, uow, operation_indexes)


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
