"""What a run wrote, read back from the databases phase by phase, for the floor to write again.

Tables and columns are looked up, so that a service may change its schema without a change here. A row version belongs
to the phase whose transactions wrote it (its xmin); a row seen in an earlier phase was updated.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from typing import Any

import asyncpg

PASSING = {"alembic_version", "outbox", "lock", "idempotency"}
"""Tables whose rows do not remain, or say nothing of stock and documents."""

Row = tuple[Any, ...]

TABLES = """
SELECT c.oid, c.relname AS name, k.columns, k.expressions,
       array(SELECT confrelid FROM pg_constraint
             WHERE conrelid = c.oid AND contype = 'f' AND confrelid <> c.oid) AS refers
FROM pg_class c LEFT JOIN LATERAL (
    SELECT array(SELECT a.attname::text FROM pg_attribute a
                 WHERE a.attrelid = c.oid AND a.attnum = any(i.indkey)) AS columns,
           array(SELECT pg_get_indexdef(i.indexrelid, place, true)
                 FROM generate_series(1, i.indnkeyatts) AS place) AS expressions
    FROM pg_index i WHERE i.indrelid = c.oid AND i.indisunique AND i.indpred IS NULL
    ORDER BY i.indisprimary DESC, i.indexrelid LIMIT 1
) AS k ON true
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

    @property
    def read(self) -> str:
        """How it is fetched."""
        return f'"{self.name}"{"::text" * self.is_array}'


@dataclass
class Change:
    """What a phase did to a table: new rows, and new states of rows by the key that they had before."""

    inserted: list[Row] = field(default_factory=list)
    updated: list[tuple[Row, Row]] = field(default_factory=list)


@dataclass
class Table:
    """A table, the unique index that names its rows, and what became of them phase by phase."""

    name: str
    columns: list[Column]
    key: list[str]
    """The columns of the index."""
    indexed: list[str]
    """What it indexes: these columns, or expressions of them."""
    phases: list[Change] = field(default_factory=list)
    rows: dict[Row, Row] = field(default_factory=dict)
    changing: set[str] = field(default_factory=set)
    """The columns that any update changed."""
    updates: int = 0
    """How often a row was updated, by the server's count: what a phase's last state does not show is among them."""

    def matching(self, row: str, other: str) -> str:
        """A condition, one that the index serves, that a row has another's old key."""
        columns = "|".join(map(re.escape, self.key))

        def told(expression: str, alias: str, prefix: str) -> str:
            return re.sub(rf'"?\b({columns})\b"?', lambda found: f'{alias}."{prefix}{found[1]}"', expression)

        return " AND ".join(f"{told(each, row, '')} = {told(each, other, 'old ')}" for each in self.indexed)

    def key_of(self, row: Row) -> Row:
        """The key in a row."""
        return tuple(value for column, value in zip(self.columns, row, strict=True) if column.name in self.key)

    @property
    def hidden(self) -> float:
        """How often, on average, a new or changed row was updated more than is seen."""
        versions = sum(len(change.inserted) + len(change.updated) for change in self.phases)
        seen = sum(len(change.updated) for change in self.phases)
        return max(0, self.updates - seen) / versions if versions else 0

    def take(self, rows: Sequence[Row], vanished: Sequence[Row]) -> None:
        """Add a phase: the row versions it left, and the keys that are gone."""
        change = Change()
        self.phases.append(change)
        if not self.key:
            change.inserted = list(rows)
            return
        keyed = [(self.key_of(row), row) for row in rows]
        fresh = [key for key, _ in keyed if key not in self.rows]
        before = {key: key for key in self.rows.keys() & {key for key, _ in keyed}} | renamed(vanished, fresh)
        for key, row in keyed:
            if (old := before.get(key)) is None:
                change.inserted.append(row)
            else:
                change.updated.append((old, row))
                pairs = zip(self.columns, self.rows[old], row, strict=True)
                self.changing.update(column.name for column, was, now in pairs if was != now)
        for key in vanished:
            del self.rows[key]
        self.rows.update(keyed)


def renamed(vanished: Sequence[Row], fresh: Sequence[Row]) -> dict[Row, Row]:
    """Pair new keys with vanished ones that differ in one column: an update changed the key."""
    if not vanished or len(vanished[0]) < 2:
        return {}
    best: dict[Row, Row] = {}
    for place in range(len(vanished[0])):
        gone = {key[:place] + key[place + 1 :]: key for key in vanished}
        pairs = {key: gone[rest] for key in fresh if (rest := key[:place] + key[place + 1 :]) in gone}
        if len(set(pairs.values())) == len(pairs) > len(best):
            best = pairs
    return best


class History:
    """The history of one database, a phase longer at each `mark`."""

    def __init__(self, database: asyncpg.Connection) -> None:
        self.database = database
        self.tables: list[Table] = []
        self._next = 0

    async def begin(self) -> None:
        """Look up the tables, those first that others refer to."""
        found = {row["oid"]: row for row in await self.database.fetch(TABLES, list(PASSING))}
        referred = {oid: [each for each in row["refers"] if each in found] for oid, row in found.items()}
        for oid in TopologicalSorter(referred).static_order():
            columns = [Column(*row) for row in await self.database.fetch(COLUMNS, oid)]
            name, key, indexed = found[oid]["name"], found[oid]["columns"], found[oid]["expressions"]
            self.tables.append(Table(name, columns, key or [], indexed or []))

    async def mark(self) -> None:
        """End a phase: fetch every row version that it wrote and left; before the first, all that is there."""
        for table in self.tables:
            columns = ", ".join(each.read for each in table.columns)
            rows = await self.database.fetch(
                f'SELECT {columns} FROM "{table.name}" WHERE xmin::text::bigint >= $1 ORDER BY ctid',  # noqa: S608
                self._next,
            )
            table.take([tuple(row) for row in rows], await self._vanished(table, rows))
        self._next = await self.database.fetchval("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")

    async def _vanished(self, table: Table, rows: Sequence[Any]) -> list[Row]:
        """The keys that a table has no more."""
        if not table.key:
            return []
        fresh = sum(table.key_of(tuple(row)) not in table.rows for row in rows)
        if await self.database.fetchval(f'SELECT count(*) FROM "{table.name}"') == len(table.rows) + fresh:  # noqa: S608
            return []
        columns = ", ".join(each.read for each in table.columns if each.name in table.key)
        there = await self.database.fetch(f'SELECT {columns} FROM "{table.name}"')  # noqa: S608
        return list(table.rows.keys() - {tuple(row) for row in there})

    async def end(self) -> None:
        """Fetch the count of updates, once the services have gone and told theirs."""
        counts: Mapping[str, int] = {row["name"]: row["updates"] for row in await self.database.fetch(UPDATES)}
        for table in self.tables:
            table.updates = counts.get(table.name, 0)

    def phases(self) -> Iterator[Sequence[tuple[Table, Change]]]:
        """What each phase did, table by table."""
        for changes in zip(*(table.phases for table in self.tables), strict=True):
            yield list(zip(self.tables, changes, strict=True))
