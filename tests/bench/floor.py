"""The floor under a run: the rows it left, written set-based by one process, and nothing else.

Every insert, and every state change as its own update, in the order of the phases: 5 000 serials a transaction, the
databases in turn, with the services' own migrations, so tables, indexes and durability are the same. No Kafka, no
reads, no outbox. All arrays are prepared before the clock.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg

from deploy import databases, prepare
from deploy.local import files
from deploy.local.postgres import SUPERUSER, Postgres
from shared.database import SESSION
from tests.bench.history import Change, Column, History

SERIALS_A_TRANSACTION = 5_000


class Statement(NamedTuple):
    """One statement and its arrays."""

    sql: str
    arrays: tuple[Sequence[Any], ...]


class Step(NamedTuple):
    """One transaction in one database."""

    service: str
    statements: list[Statement]


def _arrays(columns: Sequence[Column]) -> str:
    return ", ".join(f"${number}::{column.carried}[]" for number, column in enumerate(columns, 1))


def _value(column: Column) -> str:
    return f's."{column.name}"' + (f"::{column.type}" if column.is_array else "")


def _names(columns: Sequence[Column]) -> str:
    return ", ".join(f'"{column.name}"' for column in columns)


def insert(change: Change) -> str:
    """The statement that writes new rows of a table."""
    columns = change.table.columns
    return (
        f'INSERT INTO "{change.table.name}" ({_names(columns)}) OVERRIDING SYSTEM VALUE '  # noqa: S608
        f"SELECT {', '.join(map(_value, columns))} FROM unnest({_arrays(columns)}) AS s({_names(columns)})"
    )


def update(change: Change) -> str:
    """The statement that writes new states of rows of a table."""
    columns = updated_columns(change)
    sets = ", ".join(f'"{each.name}" = {_value(each)}' for each in columns if each.name not in change.table.key)
    where = " AND ".join(f't."{name}" = s."{name}"' for name in change.table.key)
    return (
        f'UPDATE "{change.table.name}" AS t SET {sets} '  # noqa: S608
        f"FROM unnest({_arrays(columns)}) AS s({_names(columns)}) WHERE {where}"
    )


def updated_columns(change: Change) -> list[Column]:
    """The key, and the columns that change."""
    return [each for each in change.table.columns if each.name in change.table.key or each.name in change.changing]


def _part(rows: Sequence[Any], number: int, parts: int) -> Sequence[Any]:
    return rows[len(rows) * number // parts : len(rows) * (number + 1) // parts]


def _statements(change: Change, number: int, parts: int) -> list[Statement]:
    """A table's share of one transaction; an update that was hidden writes what followed it once more."""
    inserted, updated = _part(change.inserted, number, parts), _part(change.updated, number, parts)
    found = []
    if inserted:
        found.append(Statement(insert(change), tuple(zip(*inserted, strict=True))))
    chosen = [change.table.columns.index(each) for each in updated_columns(change)]
    again = [*inserted, *updated]
    whole, rest = divmod(change.hidden * len(again), max(1, len(again)))
    return found + [
        Statement(update(change), tuple([row[each] for row in rows] for each in chosen))
        for rows in (updated, *[again] * round(whole), again[: round(rest)])
        if rows
    ]


def steps(histories: Mapping[str, History], serials: int) -> list[list[Step]]:
    """All transactions, phase by phase."""
    parts = -(-serials // SERIALS_A_TRANSACTION)
    phases: list[list[Step]] = []
    for changes in zip(*(history.changes() for history in histories.values()), strict=True):
        by_service = dict(zip(histories, changes, strict=True))
        phases.append(
            [
                Step(service, statements)
                for number in range(parts)
                for service, tables in by_service.items()
                if (statements := [each for change in tables for each in _statements(change, number, parts)])
            ]
        )
    return phases


async def _write(connections: Mapping[str, asyncpg.Connection], phase: Sequence[Step]) -> None:
    for service, statements in phase:
        connection = connections[service]
        async with connection.transaction():
            for sql, arrays in statements:
                await connection.execute(sql, *arrays)


async def _clock(environment: Mapping[str, str], superuser_url: str, phases: Sequence[Sequence[Step]]) -> list[float]:
    connections = {
        service: await asyncpg.connect(environment[f"{service.upper()}_OWNER_URL"], server_settings=SESSION)
        for service in databases.SERVICES
    }
    before, *clocked = phases
    await _write(connections, before)
    superuser = await asyncpg.connect(superuser_url)
    await superuser.execute("CHECKPOINT")
    seconds = []
    for phase in clocked:
        start = time.perf_counter()
        await _write(connections, phase)
        seconds.append(time.perf_counter() - start)
    for connection in (superuser, *connections.values()):
        await connection.close()
    return seconds


def seconds(folder: Path, phases: Sequence[Sequence[Step]]) -> list[float]:
    """Write the phases into fresh databases; the first is what was there before the clock. Seconds of each other."""
    secrets = files.passwords(folder / "floor.json", (SUPERUSER, *databases.ROLES))
    server = Postgres(folder / "data" / "floor", folder / "floor.log", secrets[SUPERUSER])
    server.start()
    try:
        asyncio.run(databases.create(server.superuser_url, secrets))
        environment = databases.urls("127.0.0.1", server.port, secrets)
        prepare.migrate(environment)
        return asyncio.run(_clock(environment, server.superuser_url, phases))
    finally:
        server.stop("immediate")
