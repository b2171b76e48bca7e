"""Rows written by a run, read back from the databases phase by phase, as input of the baseline.

Tables and columns come from the catalog, so schema changes need no change here. A row version belongs to the phase
whose transactions wrote it (its xmin). A row seen in an earlier phase was updated.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from typing import Any

import asyncpg

TRANSIENT_TABLES = {"alembic_version", "schema_revision", "outbox", "lock_key", "idempotency"}
"""Tables without lasting rows, or without stock and documents."""

Row = tuple[Any, ...]

SELECT_TABLES = """
SELECT c.oid, c.relname AS name, k.columns, k.expressions,
       array(SELECT confrelid FROM pg_constraint
             WHERE conrelid = c.oid AND contype = 'f' AND confrelid <> c.oid) AS referenced
FROM pg_class c LEFT JOIN LATERAL (
    SELECT array(SELECT a.attname::text FROM pg_attribute a
                 WHERE a.attrelid = c.oid AND a.attnum = any(i.indkey)) AS columns,
           array(SELECT pg_get_indexdef(i.indexrelid, number, true)
                 FROM generate_series(1, i.indnkeyatts) AS number) AS expressions
    FROM pg_index i WHERE i.indrelid = c.oid AND i.indisunique AND i.indpred IS NULL
    ORDER BY i.indisprimary DESC, i.indexrelid LIMIT 1
) AS k ON true
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND c.relname <> ALL($1::text[])
ORDER BY c.relname
"""
SELECT_COLUMNS = """
SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, t.typcategory = 'A' AS is_array
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
ORDER BY a.attnum
"""
SELECT_UPDATE_COUNTS = """
SELECT coalesce(pg_partition_root(relid), relid)::regclass::text AS name, sum(n_tup_upd)::bigint AS updates
FROM pg_stat_user_tables GROUP BY 1
"""


@dataclass(frozen=True)
class Column:
    """A column with its type; arrays are passed as text because unnest would flatten them."""

    name: str
    type: str
    is_array: bool

    @property
    def parameter_type(self) -> str:
        """Return the type of the parameter."""
        return "text" if self.is_array else self.type

    @property
    def select_expression(self) -> str:
        """Return the expression that selects it."""
        return f'"{self.name}"{"::text" * self.is_array}'


@dataclass
class TableChange:
    """Changes of a table in one phase: inserted rows, and updated rows with their previous keys."""

    inserted: list[Row] = field(default_factory=list)
    updated: list[tuple[Row, Row]] = field(default_factory=list)


@dataclass
class TableHistory:
    """A table, its unique index, and its changes phase by phase."""

    name: str
    columns: list[Column]
    key: list[str]
    """Columns of the index."""
    indexed: list[str]
    """Indexed expressions: the key columns, or expressions of them."""
    phases: list[TableChange] = field(default_factory=list)
    rows: dict[Row, Row] = field(default_factory=dict)
    changed_columns: set[str] = field(default_factory=set)
    """Columns changed by any update."""
    updates: int = 0
    """Updates counted by the server, including those overwritten within a phase."""

    def match_condition(self, row: str, other: str) -> str:
        """Return an indexable condition: `row` has the previous key of `other`."""
        columns = "|".join(map(re.escape, self.key))

        def qualified(expression: str, alias: str, prefix: str) -> str:
            return re.sub(rf'"?\b({columns})\b"?', lambda match: f'{alias}."{prefix}{match[1]}"', expression)

        return " AND ".join(
            f"{qualified(expression, row, '')} = {qualified(expression, other, 'old ')}" for expression in self.indexed
        )

    def key_of(self, row: Row) -> Row:
        """Return the key of a row."""
        return tuple(value for column, value in zip(self.columns, row, strict=True) if column.name in self.key)

    @property
    def hidden_updates(self) -> float:
        """Return the average number of unobserved updates per inserted or updated row."""
        versions = sum(len(change.inserted) + len(change.updated) for change in self.phases)
        visible_updates = sum(len(change.updated) for change in self.phases)
        return max(0, self.updates - visible_updates) / versions if versions else 0

    def add_phase(self, rows: Sequence[Row], vanished: Sequence[Row]) -> None:
        """Add a phase: its final row versions, and the deleted or replaced keys."""
        change = TableChange()
        self.phases.append(change)
        if not self.key:
            change.inserted = list(rows)
            return
        keyed = [(self.key_of(row), row) for row in rows]
        new_keys = [key for key, _ in keyed if key not in self.rows]
        old_keys = {key: key for key in self.rows.keys() & {key for key, _ in keyed}} | renamed_keys(vanished, new_keys)
        for key, row in keyed:
            if (old_key := old_keys.get(key)) is None:
                change.inserted.append(row)
            else:
                change.updated.append((old_key, row))
                pairs = zip(self.columns, self.rows[old_key], row, strict=True)
                self.changed_columns.update(
                    column.name for column, old_value, new_value in pairs if old_value != new_value
                )
        for key in vanished:
            del self.rows[key]
        self.rows.update(keyed)


def renamed_keys(vanished: Sequence[Row], new_keys: Sequence[Row]) -> dict[Row, Row]:
    """Pair new keys with vanished keys that differ in one column, as after an update of the key."""
    if not vanished or len(vanished[0]) < 2:
        return {}
    renames: dict[Row, Row] = {}
    for column_index in range(len(vanished[0])):
        vanished_by_rest = {key[:column_index] + key[column_index + 1 :]: key for key in vanished}
        pairs = {
            key: vanished_by_rest[remaining_key]
            for key in new_keys
            if (remaining_key := key[:column_index] + key[column_index + 1 :]) in vanished_by_rest
        }
        if len(set(pairs.values())) == len(pairs) > len(renames):
            renames = pairs
    return renames


class DatabaseHistory:
    """The history of one database; `end_phase` adds a phase."""

    def __init__(self, database: asyncpg.Connection) -> None:
        self.database = database
        self.tables: list[TableHistory] = []
        self._next = 0

    async def load_tables(self) -> None:
        """Load the tables, referenced tables first."""
        table_rows = {row["oid"]: row for row in await self.database.fetch(SELECT_TABLES, list(TRANSIENT_TABLES))}
        referenced = {
            oid: [table_oid for table_oid in row["referenced"] if table_oid in table_rows]
            for oid, row in table_rows.items()
        }
        for oid in TopologicalSorter(referenced).static_order():
            columns = [Column(*row) for row in await self.database.fetch(SELECT_COLUMNS, oid)]
            name, key, indexed = table_rows[oid]["name"], table_rows[oid]["columns"], table_rows[oid]["expressions"]
            self.tables.append(TableHistory(name, columns, key or [], indexed or []))

    async def end_phase(self) -> None:
        """End a phase: fetch the row versions it wrote; the first call fetches all rows."""
        for table in self.tables:
            columns = ", ".join(column.select_expression for column in table.columns)
            rows = await self.database.fetch(
                f'SELECT {columns} FROM "{table.name}" WHERE xmin::text::bigint >= $1 ORDER BY ctid',  # noqa: S608
                self._next,
            )
            table.add_phase([tuple(row) for row in rows], await self._vanished_keys(table, rows))
        self._next = await self.database.fetchval("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")

    async def _vanished_keys(self, table: TableHistory, rows: Sequence[Any]) -> list[Row]:
        """Return the known keys that no longer exist."""
        if not table.key:
            return []
        new_count = sum(table.key_of(tuple(row)) not in table.rows for row in rows)
        if await self.database.fetchval(f'SELECT count(*) FROM "{table.name}"') == len(table.rows) + new_count:  # noqa: S608
            return []
        columns = ", ".join(column.select_expression for column in table.columns if column.name in table.key)
        present = await self.database.fetch(f'SELECT {columns} FROM "{table.name}"')  # noqa: S608
        return list(table.rows.keys() - {tuple(row) for row in present})

    async def load_update_counts(self) -> None:
        """Fetch the update counts; the services must have stopped and reported theirs."""
        counts: Mapping[str, int] = {
            row["name"]: row["updates"] for row in await self.database.fetch(SELECT_UPDATE_COUNTS)
        }
        for table in self.tables:
            table.updates = counts.get(table.name, 0)

    def phases(self) -> Iterator[Sequence[tuple[TableHistory, TableChange]]]:
        """Return the changes of each phase, table by table."""
        for changes in zip(*(table.phases for table in self.tables), strict=True):
            yield list(zip(self.tables, changes, strict=True))
