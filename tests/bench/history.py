"""What a run wrote, read back from the databases phase by phase, for the floor to write again.

Tables and columns are looked up, so that a service may change its schema without a change here. A row version belongs
to the phase whose transactions wrote it (its xmin); a row seen in an earlier phase was updated.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from typing import Any

import asyncpg

PASSING = {"alembic_version", "outbox", "lock", "idempotency"}
"""Tables whose rows do not remain, or say nothing of stock and documents."""

Row = tuple[Any, ...]

TABLES = """
SELECT c.oid, c.relname AS name,
       array(SELECT a.attname::text
             FROM pg_index i JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = any(i.indkey)
             WHERE i.indrelid = c.oid AND i.indisprimary) AS key,
       array(SELECT confrelid FROM pg_constraint
             WHERE conrelid = c.oid AND contype = 'f' AND confrelid <> c.oid) AS refers
FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND c.relname <> ALL($1::text[])
ORDER BY c.relname
"""
COLUMNS = """
SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, t.typcategory = 'A' AS is_array
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
ORDER BY a.attnum
"""
UPDATES = """
SELECT coalesce(pg_partition_root(relid), relid)::regclass::text AS name, sum(n_tup_upd)::bigint AS updates
FROM pg_stat_user_tables GROUP BY 1
"""


@dataclass(frozen=True)
class Column:
    """A column, by its name and type; an array travels as text, as unnest would flatten it."""

    name: str
    type: str
    is_array: bool

    @property
    def carried(self) -> str:
        """The type it is sent as."""
        return "text" if self.is_array else self.type


@dataclass
class Table:
    """A table and what happened in it: rows by phase."""

    name: str
    columns: list[Column]
    key: list[str]
    phases: list[list[Row]] = field(default_factory=list)
    updates: int = 0
    """How often a row was updated, by the server's count: what a phase's last state does not show is among them."""

    def key_of(self, row: Row) -> Row:
        """The primary key in a row."""
        return tuple(value for column, value in zip(self.columns, row, strict=True) if column.name in self.key)


@dataclass
class Change:
    """What a phase did to a table: new rows, and new states of rows that were there."""

    table: Table
    inserted: list[Row]
    updated: list[Row]
    changing: list[str]
    """The columns that updates of this table ever change."""
    hidden: float
    """How often, on average, each of these rows was updated more than is seen."""


class History:
    """The history of one database, a phase longer at each `mark`."""

    def __init__(self, database: asyncpg.Connection) -> None:
        self.database = database
        self.tables: list[Table] = []
        self._next = 0

    async def begin(self) -> None:
        """Look up the tables, those first that others refer to; what was written before belongs to no phase."""
        found = {row["oid"]: row for row in await self.database.fetch(TABLES, list(PASSING))}
        referred = {oid: [each for each in row["refers"] if each in found] for oid, row in found.items()}
        for oid in TopologicalSorter(referred).static_order():
            columns = [Column(*row) for row in await self.database.fetch(COLUMNS, oid)]
            self.tables.append(Table(found[oid]["name"], columns, found[oid]["key"]))

    async def mark(self) -> None:
        """End a phase: fetch every row version that it wrote and left."""
        for table in self.tables:
            columns = ", ".join(f'"{each.name}"{"::text" * each.is_array}' for each in table.columns)
            rows = await self.database.fetch(
                f'SELECT {columns} FROM "{table.name}" WHERE xmin::text::bigint >= $1 ORDER BY ctid',  # noqa: S608
                self._next,
            )
            table.phases.append([tuple(row) for row in rows])
        self._next = await self.database.fetchval("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")

    async def end(self) -> None:
        """Fetch the count of updates, once the services have gone and told theirs."""
        counts: Mapping[str, int] = {row["name"]: row["updates"] for row in await self.database.fetch(UPDATES)}
        for table in self.tables:
            table.updates = counts.get(table.name, 0)

    def changes(self) -> Iterator[Sequence[Change]]:
        """What each phase did, table by table."""
        by_table = [list(changes(table)) for table in self.tables]
        yield from zip(*by_table, strict=True)


def changes(table: Table) -> Iterator[Change]:
    """Tell new rows from changed ones, phase by phase."""
    if not table.updates or not table.key:
        for rows in table.phases:
            yield Change(table, rows, [], [], 0)
        return
    seen: dict[Row, Row] = {}
    split: list[tuple[list[Row], list[Row]]] = []
    differing: set[str] = set()
    for rows in table.phases:
        kinds: dict[bool, list[Row]] = defaultdict(list)
        for row in rows:
            key = table.key_of(row)
            before = seen.get(key)
            kinds[before is not None].append(row)
            if before is not None:
                differing.update(column.name for column, a, b in zip(table.columns, before, row, strict=True) if a != b)
            seen[key] = row
        split.append((kinds[False], kinds[True]))
    changing = [each.name for each in table.columns if each.name in differing]
    changing = changing or [each.name for each in table.columns if each.name not in table.key]
    versions = sum(len(inserted) + len(updated) for inserted, updated in split)
    hidden = max(0, table.updates - sum(len(updated) for _, updated in split)) / versions if versions else 0
    for inserted, updated in split:
        yield Change(table, inserted, updated, changing, hidden)
