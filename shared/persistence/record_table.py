"""Set-based INSERT, UPDATE and DELETE statements, generated once from the record class of a table.

Each statement takes one array per column, whatever the number of rows. Reads and arithmetic in SQL are written by hand.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from operator import attrgetter
from typing import Any, Generic, Literal, TypeVar, get_args, get_origin, get_type_hints

from sqlalchemy import Row, TextClause, text

from shared.persistence.database import Transaction
from shared.persistence.errors import ConcurrentUpdateError
from shared.persistence.records import field_names, load_records
from shared.working_set import Changes, WorkingSet

R = TypeVar("R")

SQL_TYPES: Mapping[Any, str] = {
    str: "text", int: "bigint", bool: "boolean", Decimal: "numeric", date: "date", datetime: "timestamptz",
}  # fmt: skip

LOADED_VERSION = "loaded_version"
"""Parameter of an UPDATE with the loaded values of the version column."""


class RecordTable(Generic[R]):
    """A table whose rows are records of a class: columns, types and parameters come from its annotations.

    `types` names the SQL types that the annotations do not determine, for example of an enum type.
    `updated` lists the columns of an UPDATE; without it, rows are only inserted and deleted.
    `version` names the column that an UPDATE compares with its loaded value; the rows must be immutable.
    `guard` is a further condition of the UPDATE, on the table as `t` and the parameters as `input`.
    `scope` restricts UPDATE and DELETE to rows of the table `t`, for a key that is unique only among these.
    With `upsert`, new and changed rows are saved with one statement, which does not detect concurrent changes.
    """

    def __init__(
        self,
        name: str,
        record: type[R],
        key: str,
        updated: str = "",
        *,
        types: Mapping[str, str] | None = None,
        generated: str = "",
        version: str = "",
        guard: str = "true",
        scope: str = "true",
        upsert: bool = False,
    ) -> None:
        self.name, self.record, self.key, self.updated = name, record, tuple(key.split()), tuple(updated.split())
        hints = get_type_hints(record)
        names = field_names(record)
        self.types = {column: (types or {}).get(column) or _sql_type(hints[column]) for column in names}
        self.inserted = tuple(column for column in names if column not in generated.split())
        """Columns of an INSERT: all but the generated ones."""
        self.version, self.scope = version, scope
        self.guard = f"{guard} AND t.{version} = input.{LOADED_VERSION}" if version else guard
        self._input_types = self.types | ({LOADED_VERSION: self.types[version]} if version else {})
        assignments = ", ".join(f"{column} = excluded.{column}" for column in self.updated)
        self.on_conflict = f"ON CONFLICT ({', '.join(self.key)}) DO UPDATE SET {assignments}" if upsert else ""

    def columns(self, alias: str = "") -> str:
        """Return the column list for a SELECT that is written by hand."""
        prefix = f"{alias or self.name}."
        return ", ".join(f"{prefix}{column}" for column in self.types)

    def load(self, rows: Sequence[Row[Any]], extra_columns: Sequence[str] = ()) -> list[R]:
        """Build records from rows, by column name."""
        return load_records(self.record, rows, extra_columns)

    @cache  # noqa: B019 - tables are module constants
    def insert(self, on_conflict: str = "") -> TextClause:
        """Build the INSERT of rows, optionally with an ON CONFLICT clause."""
        names = ", ".join(self.inserted)
        return text(f"INSERT INTO {self.name} ({names}) SELECT {names} FROM {self._input(self.inserted)} {on_conflict}")  # noqa: S608

    @cache  # noqa: B019
    def update(self, columns: tuple[str, ...], where: str = "true") -> TextClause:
        """Build the UPDATE of columns by key; `where` refers to the table as `t` and to the parameters as `input`."""
        assignments = ", ".join(f"{column} = input.{column}" for column in columns)
        source = self._input((*self.key, *columns, *((LOADED_VERSION,) if self.version else ())))
        return text(f"UPDATE {self.name} AS t SET {assignments} FROM {source} WHERE {self._same_key()} AND {where}")  # noqa: S608

    @cache  # noqa: B019
    def delete(self) -> TextClause:
        """Build the DELETE of rows by key."""
        return text(f"DELETE FROM {self.name} AS t USING {self._input(self.key)} WHERE {self._same_key()}")  # noqa: S608

    def parameters(self, rows: Iterable[R], columns: Sequence[str]) -> dict[str, list[Any]]:
        """Return one array per column."""
        row_list = list(rows)
        arrays = {column: list(map(attrgetter(column), row_list)) for column in columns}
        for column in columns:
            if self.types[column].endswith("[]"):
                arrays[column] = list(map(json.dumps, arrays[column]))
        return arrays

    async def insert_rows(self, tx: Transaction, rows: Sequence[R], on_conflict: str = "") -> None:
        """Insert rows with one statement."""
        if rows:
            await tx.execute(self.insert(on_conflict), self.parameters(rows, self.inserted))

    async def save(self, tx: Transaction, working_set: WorkingSet[Any, R]) -> None:
        """Save the changes of a working set, see `save_changes`."""
        await self.save_changes(tx, working_set.pop_changes())

    async def save_changes(self, tx: Transaction, changes: Changes[Any, R]) -> None:
        """Save changes in the order of their keys: at most one DELETE, one INSERT and one UPDATE.

        Raises ConcurrentUpdateError if a loaded row no longer exists or does not meet version and guard.
        """
        key = attrgetter(*self.key)
        if changes.removed:
            keys = [removed if isinstance(removed, tuple) else (removed,) for removed in sorted(changes.removed)]
            arrays = dict(zip(self.key, map(list, zip(*keys, strict=True)), strict=True))
            await execute_exactly(tx, self.delete(), arrays, len(keys))
        if self.on_conflict:
            await self.insert_rows(tx, sorted((*changes.added, *changes.changed), key=key), self.on_conflict)
            return
        await self.insert_rows(tx, changes.added)
        if changes.changed:
            rows = sorted(changes.changed, key=key)
            parameters = self.parameters(rows, (*self.key, *self.updated))
            if self.version:
                parameters[LOADED_VERSION] = [getattr(changes.saved_states[key(row)], self.version) for row in rows]
            await execute_exactly(tx, self.update(self.updated, self.guard), parameters, len(rows))

    def _input(self, columns: Sequence[str]) -> str:
        arrays = ", ".join(f"CAST(:{column} AS {self._parameter_type(column)}[])" for column in columns)
        if not any(self._is_converted(column) for column in columns):
            return f"unnest({arrays}) AS input ({', '.join(columns)})"
        values = ", ".join(self._conversion(column) for column in columns)
        return f"(SELECT {values} FROM unnest({arrays}) AS input ({', '.join(columns)})) AS input"  # noqa: S608

    def _parameter_type(self, column: str) -> str:
        return "text" if self._is_converted(column) else self._input_types[column]

    def _is_converted(self, column: str) -> bool:
        """Whether a column travels as text: an enum, or an array as JSON, since `unnest` would flatten it."""
        return self._input_types[column] not in BUILT_IN_TYPES

    def _conversion(self, column: str) -> str:
        sql_type = self.types[column]
        if sql_type.endswith("[]"):
            values = f"SELECT jsonb_array_elements_text(CAST({column} AS jsonb))"
            return f"CAST(ARRAY({values}) AS {sql_type}) AS {column}"
        return f"CAST({column} AS {sql_type}) AS {column}" if self._is_converted(column) else column

    def _same_key(self) -> str:
        return " AND ".join((*(f"t.{column} = input.{column}" for column in self.key), self.scope))


BUILT_IN_TYPES = frozenset({*SQL_TYPES.values(), "integer", "smallint", "uuid", "jsonb", "bytea"})


async def execute_exactly(tx: Transaction, statement: TextClause, parameters: Mapping[str, Any], count: int) -> None:
    """Execute a statement that must affect `count` rows; otherwise raise ConcurrentUpdateError."""
    if await tx.execute(statement, parameters) != count:
        raise ConcurrentUpdateError


def _sql_type(hint: Any) -> str:
    """Return the SQL type of an annotation; `X | None` is an X, a literal is text."""
    for candidate in (hint, *get_args(hint)):
        if candidate in SQL_TYPES:
            return SQL_TYPES[candidate]
        if get_origin(candidate) is Literal:
            return "text"
    raise TypeError(f"no SQL type for {hint}; name it in `types`")
