"""Columns of units, and the statement that inserts them."""

from collections.abc import Sequence
from functools import cache

from sqlalchemy import TextClause, text

from services.serials.units.domain.unit import Unit
from shared.persistence.record_table import RecordTable

UNITS = RecordTable("serial_state", Unit, "id", types={"status": "status"})
UNIT_COLUMNS = UNITS.columns("s").replace("s.status", "s.status::text AS status")
"""The columns of `serial_state AS s` that a Unit is loaded from."""


@cache
def insert_statement(columns: Sequence[str]) -> TextClause:
    """Build the INSERT of new units for columns of their state, which include the receipt."""
    names = ", ".join(columns)
    arrays = ", ".join(f"CAST(:{column} AS {UNITS.types[column].replace('status', 'text')}[])" for column in columns)
    values = ", ".join(f"CAST(input.{column} AS {UNITS.types[column]})" for column in columns)
    return text(f"""
        WITH input AS (
            SELECT * FROM unnest(CAST(:sku AS text[]), CAST(:serial AS text[]), CAST(:created_by AS text[]), {arrays})
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
