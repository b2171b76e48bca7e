"""Loads units under their sku's lock and saves their changes: one statement per table, whatever the batch size."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import Row, TextClause, text

from services.serials.units.domain.standing_holds import StandingHold
from services.serials.units.domain.unit import DocumentRefs, HoldChange, Unit, UnitKey
from services.serials.units.domain.unit_of_work import SerialsUnitOfWork
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

INSERT_AUDIT = text("""
    WITH input AS MATERIALIZED (
        SELECT nextval('audit_operation_id') AS id, input.*
        FROM unnest(
            CAST(:change AS text[]), CAST(:reason AS text[]), CAST(:actor AS text[]),
            CAST(:occurred_at AS timestamptz[]), CAST(:cause_source AS text[]), CAST(:cause_id AS text[]),
            CAST(:receipt AS text[]), CAST(:line AS text[]), CAST(:order_id AS text[]), CAST(:demand_id AS text[]),
            CAST(:shipment AS text[]), CAST(:customer AS text[]), CAST(:return_id AS text[]),
            CAST(:hold_id AS text[]), CAST(:customer_name AS text[]), CAST(:contact AS text[])
        ) WITH ORDINALITY AS input (
            change, reason, actor, occurred_at, cause_source, cause_id,
            receipt, line, order_id, demand_id, shipment, customer, return_id, hold_id, customer_name, contact, ordinal
        )
    ), operations AS (
        INSERT INTO audit_operation (
            id, change, reason, actor, occurred_at, recorded_at, cause_source, cause_id,
            receipt, line, order_id, demand_id, shipment, customer, return_id, hold_id, customer_name, contact
        )
        SELECT id, change, reason, actor, occurred_at, :now, cause_source, cause_id,
               receipt, line, order_id, demand_id, shipment, customer, return_id, hold_id, customer_name, contact
        FROM input
    ), entries AS (
        INSERT INTO audit_entry (serial_id, version, operation_id, from_status, status, from_location, location)
        SELECT entry.serial_id, entry.version, input.id, CAST(entry.from_status AS status),
               CAST(entry.status AS status), entry.from_location, entry.location
        FROM unnest(
            CAST(:serial_ids AS bigint[]), CAST(:versions AS integer[]), CAST(:ordinals AS bigint[]),
            CAST(:from_statuses AS text[]), CAST(:statuses AS text[]),
            CAST(:from_locations AS text[]), CAST(:locations AS text[])
        ) AS entry (serial_id, version, ordinal, from_status, status, from_location, location)
        JOIN input USING (ordinal)
    )
    SELECT ordinal, id FROM input WHERE hold_id IS NOT NULL
""")

INSERT_HOLDS = text("""
    INSERT INTO hold (hold_id, sku, serial_id, opened_operation_id)
    SELECT * FROM unnest(
        CAST(:hold_ids AS text[]), CAST(:skus AS text[]), CAST(:serial_ids AS bigint[]),
        CAST(:operation_ids AS bigint[])
    )
""")

INSERT_STANDING_HOLDS = text("""
    INSERT INTO standing_hold (sku, hold_id, recall, lots, serials, ranges, search_terms, opened_operation_id)
    SELECT * FROM unnest(
        CAST(:skus AS text[]), CAST(:hold_ids AS text[]), CAST(:recalls AS text[]), CAST(:lots AS jsonb[]),
        CAST(:serials AS jsonb[]), CAST(:ranges AS jsonb[]), CAST(:search_terms AS jsonb[]),
        CAST(:operation_ids AS bigint[])
    )
""")

UPDATE_RELEASED_STANDING_HOLDS = text("""
    UPDATE standing_hold AS sh SET released_operation_id = input.operation_id
    FROM unnest(CAST(:skus AS text[]), CAST(:hold_ids AS text[]), CAST(:operation_ids AS bigint[]))
        AS input (sku, hold_id, operation_id)
    WHERE sh.sku = input.sku AND sh.hold_id = input.hold_id AND sh.released_operation_id IS NULL
""")

UPDATE_RELEASED_HOLDS = text("""
    UPDATE hold AS h SET released_operation_id = input.operation_id
    FROM unnest(
        CAST(:hold_ids AS text[]), CAST(:skus AS text[]), CAST(:serial_ids AS bigint[]),
        CAST(:operation_ids AS bigint[])
    ) AS input (hold_id, sku, serial_id, operation_id)
    WHERE h.serial_id = input.serial_id AND h.hold_id = input.hold_id AND h.sku = input.sku
        AND h.released_operation_id IS NULL
""")


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
    """Load units by sku and serial, into a new or the given unit of work."""
    uow = uow or SerialsUnitOfWork()
    key_set = set(keys)
    if key_set:
        skus, serials = zip(*key_set, strict=True)
        uow.load(units_from_rows(await tx.fetch_all(SELECT_UNITS, {"skus": skus, "serials": serials})))
    return uow


async def load_held_units(tx: Transaction, uow: SerialsUnitOfWork, holds: Iterable[tuple[str, str]]) -> None:
    """Load holds by sku and id, with their units."""
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
    operation_ids = await _insert_audit(tx, uow, operation_indexes)
    if uow.placed_holds:
        await tx.execute(INSERT_HOLDS, _hold_rows(uow.placed_holds, operation_ids))
    if uow.released_holds:
        await tx.execute(UPDATE_RELEASED_HOLDS, _hold_rows(uow.released_holds, operation_ids))
    if uow.placed_standing_holds:
        await tx.execute(INSERT_STANDING_HOLDS, _standing_hold_rows(uow.placed_standing_holds, operation_ids))
    if uow.released_standing_holds:
        await tx.execute(
            UPDATE_RELEASED_STANDING_HOLDS, _standing_hold_rows(uow.released_standing_holds, operation_ids)
        )


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


async def _insert_audit(tx: Transaction, uow: SerialsUnitOfWork, operation_indexes: Sequence[int]) -> dict[int, int]:
    """Write the operations and audit entries; return the ids of the operations on holds, by index."""
    operations = [uow.operations[index] for index in operation_indexes]
    ordinals = {index: ordinal for ordinal, index in enumerate(operation_indexes, start=1)}
    values: dict[str, Any] = {
        "now": tx.now,
        "change": [operation.change.value for operation in operations],
        "reason": [operation.reason for operation in operations],
        "actor": [operation.context.actor for operation in operations],
        "occurred_at": [operation.context.occurred_at for operation in operations],
        "cause_source": [operation.context.cause.source for operation in operations],
        "cause_id": [operation.context.cause.id for operation in operations],
        "serial_ids": [transition.unit.id for transition in uow.transitions],
        "versions": [transition.version for transition in uow.transitions],
        "ordinals": [ordinals[transition.operation] for transition in uow.transitions],
        "from_statuses": [transition.from_status for transition in uow.transitions],
        "statuses": [transition.status for transition in uow.transitions],
        "from_locations": [transition.from_location for transition in uow.transitions],
        "locations": [transition.location for transition in uow.transitions],
    }
    document_columns = {
        field_name: [getattr(operation.documents, field_name) for operation in operations]
        for field_name in DocumentRefs._fields
    }
    rows = await tx.fetch_all(INSERT_AUDIT, values | document_columns)
    return {operation_indexes[row.ordinal - 1]: row.id for row in rows}


def _hold_rows(rows: Sequence[HoldChange], operation_ids: Mapping[int, int]) -> dict[str, Any]:
    return {
        "hold_ids": [row.hold_id for row in rows],
        "skus": [row.unit.sku for row in rows],
        "serial_ids": [row.unit.id for row in rows],
        "operation_ids": [operation_ids[row.operation] for row in rows],
    }


def _standing_hold_rows(rows: Sequence[tuple[StandingHold, int]], operation_ids: Mapping[int, int]) -> dict[str, Any]:
    standing_holds = [standing_hold for standing_hold, _ in rows]
    return {
        "skus": [standing_hold.sku for standing_hold in standing_holds],
        "hold_ids": [standing_hold.hold_id for standing_hold in standing_holds],
        "recalls": [standing_hold.recall for standing_hold in standing_holds],
        "lots": [json.dumps(sorted(standing_hold.lots)) for standing_hold in standing_holds],
        "serials": [json.dumps(sorted(standing_hold.serials)) for standing_hold in standing_holds],
        "ranges": [json.dumps(standing_hold.ranges) for standing_hold in standing_holds],
        "search_terms": [json.dumps(sorted(standing_hold.search_terms)) for standing_hold in standing_holds],
        "operation_ids": [operation_ids[operation] for _, operation in rows],
    }
