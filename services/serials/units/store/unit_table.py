"""Columns of units, and the statements that write them."""

from collections.abc import Sequence
from functools import cache
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import Row, TextClause, text

from services.serials.units.domain.unit import Unit
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
