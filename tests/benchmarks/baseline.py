"""Baseline of a lifecycle run: one process writes the same final rows with set-based statements.

Each phase repeats its inserts, and each state change as a separate update. A transaction covers 5,000 serials; the
databases follow in turn. They have the services' migrations, so tables, indexes and durability are equal. There is no
Kafka, no read and no outbox. All arrays are prepared before the measurement.
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
from deploy.local.ports import reserve_port
from deploy.local.postgres import SUPERUSER, Postgres
from shared.persistence.database import SESSION_SETTINGS
from tests.benchmarks import cpu
from tests.benchmarks.history import Column, DatabaseHistory, TableChange, TableHistory

SERIALS_PER_TRANSACTION = 5_000


class Statement(NamedTuple):
    """A statement and its array parameters."""

    sql: str
    arrays: tuple[Sequence[Any], ...]


class Step(NamedTuple):
    """A transaction in one database."""

    service: str
    statements: list[Statement]


def _arrays(columns: Sequence[Column]) -> str:
    return ", ".join(f"${number}::{column.parameter_type}[]" for number, column in enumerate(columns, 1))


def _value(column: Column) -> str:
    return f's."{column.name}"' + (f"::{column.type}" if column.is_array else "")


def _column_names(columns: Sequence[Column]) -> str:
    return ", ".join(f'"{column.name}"' for column in columns)


def insert_statement(table: TableHistory) -> str:
    """Return the statement that inserts rows into a table."""
    columns = table.columns
    return (
        f'INSERT INTO "{table.name}" ({_column_names(columns)}) OVERRIDING SYSTEM VALUE '  # noqa: S608
        f"SELECT {', '.join(map(_value, columns))} FROM unnest({_arrays(columns)}) AS s({_column_names(columns)})"
    )


def update_statement(table: TableHistory) -> str:
    """Return the statement that updates rows of a table, matched by their previous keys."""
    changing = updated_columns(table)
    assignments = ", ".join(f'"{column.name}" = {_value(column)}' for column in changing)
    old = [
        Column(f"old {column.name}", column.type, column.is_array)
        for column in table.columns
        if column.name in table.key
    ]
    columns = [*old, *changing]
    return (
        f'UPDATE "{table.name}" AS t SET {assignments} '  # noqa: S608
        f"FROM unnest({_arrays(columns)}) AS s({_column_names(columns)}) WHERE {table.match_condition('t', 's')}"
    )


def updated_columns(table: TableHistory) -> list[Column]:
    """Return the columns changed by updates; all but the key if no change was observed."""
    return [column for column in table.columns if column.name in table.changed_columns] or [
        column for column in table.columns if column.name not in table.key
    ]


def _slice(rows: Sequence[Any], number: int, parts: int) -> Sequence[Any]:
    return rows[len(rows) * number // parts : len(rows) * (number + 1) // parts]


def _statements(table: TableHistory, change: TableChange, part: int, parts: int) -> list[Statement]:
    """Return the statements of one transaction on a table; hidden updates write the following state again."""
    inserted, updated = _slice(change.inserted, part, parts), _slice(change.updated, part, parts)
    statements = []
    if inserted:
        statements.append(Statement(insert_statement(table), tuple(zip(*inserted, strict=True))))
    chosen = [table.columns.index(column) for column in updated_columns(table)]
    rewritten = [(table.key_of(row), row) for row in (*inserted, *(row for _, row in updated))]
    full_rewrites, remainder = divmod(table.hidden_updates, 1)
    return statements + [
        Statement(
            update_statement(table),
            (
                *zip(*(key for key, _ in rows), strict=True),
                *([values[column_index] for _, values in rows] for column_index in chosen),
            ),
        )
        for rows in (updated, *[rewritten] * int(full_rewrites), rewritten[: round(remainder * len(rewritten))])
        if rows
    ]


def build_steps(histories: Mapping[str, DatabaseHistory], serials: int) -> list[list[Step]]:
    """Build all transactions, phase by phase."""
    parts = -(-serials // SERIALS_PER_TRANSACTION)
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
                        statement for table, change in tables for statement in _statements(table, change, number, parts)
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


class Baseline(NamedTuple):
    """Seconds per phase, and processor seconds of the writer process and PostgreSQL."""

    seconds: list[float]
    spent: dict[str, float]


async def _measure_phases(
    environment: Mapping[str, str], server: Postgres, phases: Sequence[Sequence[Step]]
) -> Baseline:
    connections = {
        service: await asyncpg.connect(
            environment[f"{service.upper()}_MIGRATION_DATABASE_URL"], server_settings=SESSION_SETTINGS
        )
        for service in databases.SERVICES
    }
    initial, *measured = phases
    await _write(connections, initial)
    superuser = await asyncpg.connect(server.superuser_url)
    await superuser.execute("CHECKPOINT")
    processes = {"writer process": os.getpid()}
    spent = cpu.cpu_seconds(processes, server.process.pid if server.process else 0)
    seconds = []
    for phase in measured:
        start = time.perf_counter()
        await _write(connections, phase)
        seconds.append(time.perf_counter() - start)
    spent = cpu.difference(cpu.cpu_seconds(processes, server.process.pid if server.process else 0), spent)
    for connection in (superuser, *connections.values()):
        await connection.close()
    return Baseline(seconds, spent)


def measure_baseline(folder: Path, phases: Sequence[Sequence[Step]]) -> Baseline:
    """Write the phases to new databases; the first holds the rows that existed before the measurement."""
    passwords = files.load_passwords(folder / "baseline.json", (SUPERUSER, *databases.ROLES))
    server = Postgres(folder / "data" / "baseline", folder / "baseline.log", reserve_port(), passwords[SUPERUSER])
    server.start()
    try:
        asyncio.run(databases.create(server.superuser_url, passwords))
        environment = databases.urls("127.0.0.1", server.port, passwords)
        prepare.migrate(environment)
        return asyncio.run(_measure_phases(environment, server, phases))
    finally:
        server.stop("immediate")
