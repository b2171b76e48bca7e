"""The floor under a run: the rows it left, written set-based by one process, and nothing else.

Every insert, and every state change as its own update, in the order of the phases: 5 000 serials a transaction, the
databases in turn, with the services' own migrations, so tables, indexes and durability are the same. No Kafka, no
reads, no outbox. All arrays are prepared before the clock.
"""

import asyncio
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg

from deploy import databases, prepare
from deploy.local import files
from deploy.local.postgres import SUPERUSER, Postgres
from shared.database import SESSION
from tests.bench import cpu
from tests.bench.history import Change, Column, History, Table

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


def insert(table: Table) -> str:
    """The statement that writes new rows of a table."""
    columns = table.columns
    return (
        f'INSERT INTO "{table.name}" ({_names(columns)}) OVERRIDING SYSTEM VALUE '  # noqa: S608
        f"SELECT {', '.join(map(_value, columns))} FROM unnest({_arrays(columns)}) AS s({_names(columns)})"
    )


def update(table: Table) -> str:
    """The statement that writes new states of rows of a table, found by the keys that they had."""
    changing = updated_columns(table)
    sets = ", ".join(f'"{each.name}" = {_value(each)}' for each in changing)
    old = [Column(f"old {each.name}", each.type, each.is_array) for each in table.columns if each.name in table.key]
    columns = [*old, *changing]
    return (
        f'UPDATE "{table.name}" AS t SET {sets} '  # noqa: S608
        f"FROM unnest({_arrays(columns)}) AS s({_names(columns)}) WHERE {table.matching('t', 's')}"
    )


def updated_columns(table: Table) -> list[Column]:
    """The columns that updates change; where no change was seen, all but the key."""
    return [each for each in table.columns if each.name in table.changing] or [
        each for each in table.columns if each.name not in table.key
    ]


def _part(rows: Sequence[Any], number: int, parts: int) -> Sequence[Any]:
    return rows[len(rows) * number // parts : len(rows) * (number + 1) // parts]


def _statements(table: Table, change: Change, number: int, parts: int) -> list[Statement]:
    """A table's share of one transaction; an update that was hidden writes what followed it once more."""
    inserted, updated = _part(change.inserted, number, parts), _part(change.updated, number, parts)
    found = []
    if inserted:
        found.append(Statement(insert(table), tuple(zip(*inserted, strict=True))))
    chosen = [table.columns.index(each) for each in updated_columns(table)]
    again = [(table.key_of(row), row) for row in (*inserted, *(row for _, row in updated))]
    whole, rest = divmod(table.hidden, 1)
    return found + [
        Statement(
            update(table), (*zip(*(key for key, _ in rows), strict=True), *([r[at] for _, r in rows] for at in chosen))
        )
        for rows in (updated, *[again] * int(whole), again[: round(rest * len(again))])
        if rows
    ]


def steps(histories: Mapping[str, History], serials: int) -> list[list[Step]]:
    """All transactions, phase by phase."""
    parts = -(-serials // SERIALS_A_TRANSACTION)
    phases: list[list[Step]] = []
    for changes in zip(*(history.phases() for history in histories.values()), strict=True):
        by_service = dict(zip(histories, changes, strict=True))
        phases.append(
            [
                Step(service, statements)
                for number in range(parts)
                for service, tables in by_service.items()
                if (
                    statements := [
                        each for table, change in tables for each in _statements(table, change, number, parts)
                    ]
                )
            ]
        )
    return phases


async def _write(connections: Mapping[str, asyncpg.Connection], phase: Sequence[Step]) -> None:
    for service, statements in phase:
        connection = connections[service]
        async with connection.transaction():
            for sql, arrays in statements:
                await connection.execute(sql, *arrays)


class Floor(NamedTuple):
    """Seconds of each phase, and processor seconds of the one process and of PostgreSQL."""

    seconds: list[float]
    spent: dict[str, float]


async def _clock(environment: Mapping[str, str], server: Postgres, phases: Sequence[Sequence[Step]]) -> Floor:
    connections = {
        service: await asyncpg.connect(environment[f"{service.upper()}_OWNER_URL"], server_settings=SESSION)
        for service in databases.SERVICES
    }
    before, *clocked = phases
    await _write(connections, before)
    superuser = await asyncpg.connect(server.superuser_url)
    await superuser.execute("CHECKPOINT")
    processes = {"the one process": os.getpid()}
    spent = cpu.spent(processes, server.process.pid if server.process else 0)
    seconds = []
    for phase in clocked:
        start = time.perf_counter()
        await _write(connections, phase)
        seconds.append(time.perf_counter() - start)
    spent = cpu.difference(cpu.spent(processes, server.process.pid if server.process else 0), spent)
    for connection in (superuser, *connections.values()):
        await connection.close()
    return Floor(seconds, spent)


def measure(folder: Path, phases: Sequence[Sequence[Step]]) -> Floor:
    """Write the phases into fresh databases; the first is what was there before the clock."""
    secrets = files.passwords(folder / "floor.json", (SUPERUSER, *databases.ROLES))
    server = Postgres(folder / "data" / "floor", folder / "floor.log", secrets[SUPERUSER])
    server.start()
    try:
        asyncio.run(databases.create(server.superuser_url, secrets))
        environment = databases.urls("127.0.0.1", server.port, secrets)
        prepare.migrate(environment)
        return asyncio.run(_clock(environment, server, phases))
    finally:
        server.stop("immediate")
