"""Bulk writes of one table from arrays: one statement each for added, changed and removed rows."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from sqlalchemy import TextClause, text

from services.fulfillment.orders.domain import WorkingSet
from shared.persistence.database import Transaction

K = TypeVar("K")
V = TypeVar("V")
Columns = Mapping[str, str]
"""Column names and types, in the order of the values of a row."""


class BulkTable(Generic[K, V]):
    """A table with its key, mutable and immutable columns; `values` extracts the column values of a record.

    `row_filter` restricts the rows that match the key. Arrays are sent as JSON: unnest flattens nested arrays.
    """

    def __init__(
        self, name: str, *, key: Columns, mutable: Columns, immutable: Columns, values: Callable[[V], tuple[Any, ...]],
        row_filter: str = "true",
    ) -> None:  # fmt: skip
        # ruff: noqa: S608 - table and column names are constants of this service
        match_condition = (
            " AND ".join(f"t.{column_name} = n.{column_name}" for column_name in key) + f" AND {row_filter}"
        )
        columns = {**key, **mutable, **immutable}
        column_list = ", ".join(columns)
        assignments = ", ".join(f"{column_name} = n.{column_name}" for column_name in mutable)
        self._values = values
        self._insert = _ArrayStatement(
            f"INSERT INTO {name} ({column_list}) SELECT {column_list} FROM {_unnest(columns)}", columns
        )
        update_columns = {**key, **mutable}
        self._update = _ArrayStatement(
            f"UPDATE {name} t SET {assignments} FROM {_unnest(update_columns)} WHERE {match_condition}", update_columns
        )
        self._delete = _ArrayStatement(f"DELETE FROM {name} t USING {_unnest(key)} WHERE {match_condition}", key)

    async def save(self, tx: Transaction, working_set: WorkingSet[K, V]) -> None:
        """Write the changes of a working set: at most three statements."""
        if removed := working_set.removed():
            await tx.execute(
                self._delete.text,
                self._delete.parameters([key if isinstance(key, tuple) else (key,) for key in removed]),
            )
        if added := working_set.added():
            await tx.execute(self._insert.text, self._insert.parameters([self._values(row) for row in added]))
        if changed := working_set.changed():
            await tx.execute(self._update.text, self._update.parameters([self._values(row) for row in changed]))


class _ArrayStatement:
    """A statement whose parameters are arrays of the leading values of each row."""

    def __init__(self, statement: str, columns: Columns) -> None:
        self.text: TextClause = text(statement)
        self._columns = [(name, sql_type.endswith("[]")) for name, sql_type in columns.items()]

    def parameters(self, rows: Sequence[Any]) -> dict[str, list[Any]]:
        """One array per column."""
        column_values = zip(self._columns, zip(*rows, strict=True), strict=False)
        return {
            name: [json.dumps(value) if value else "[]" for value in values] if is_array else list(values)
            for (name, is_array), values in column_values
        }


def _unnest(columns: Columns) -> str:
    casts = ", ".join(
        f"CAST(:{name} AS {'jsonb' if sql_type.endswith('[]') else sql_type}[])" for name, sql_type in columns.items()
    )
    names = ", ".join(columns)
    selected = ", ".join(
        f"ARRAY(SELECT jsonb_array_elements_text({name}))::{sql_type} AS {name}" if sql_type.endswith("[]") else name
        for name, sql_type in columns.items()
    )
    return f"(SELECT {selected} FROM unnest({casts}) AS u ({names})) AS n"
