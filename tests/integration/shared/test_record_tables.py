"""Record tables agree with the schema of the database, and their statements work on arrays of any size."""

import pkgutil
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from enum import StrEnum
from importlib import import_module
from operator import attrgetter
from typing import Any, Literal, NamedTuple, get_args, get_type_hints

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.databases import SERVICES
from shared.persistence.database import transaction
from shared.persistence.errors import ConcurrentUpdateError
from shared.persistence.record_table import RecordTable
from shared.working_set import WorkingSet

SELECT_COLUMNS = """
    SELECT attname AS column, format_type(atttypid, NULL) AS type
    FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped
"""
SELECT_CHECKS = """
    SELECT a.attname AS column, pg_get_constraintdef(c.oid) AS condition
    FROM pg_constraint AS c JOIN pg_attribute AS a ON a.attrelid = c.conrelid AND c.conkey = ARRAY[a.attnum]
    WHERE c.conrelid = to_regclass($1) AND c.contype = 'c'
"""
NEVER_STORED = {
    ("serial_state", "adjustment"): {"FOUND", "RETURNED_FROM_VENDOR"}, ("demand", "tracking"): {"SERIAL"},
}  # fmt: skip
"""Adjustments that leave none on a unit; demands of another service."""
SAME_TYPE = {"timestamp with time zone": "timestamptz", "integer": "bigint", "smallint": "bigint"}


def record_tables(service: str) -> Iterator[RecordTable[Any]]:
    """Find the record tables of a service in its modules."""
    package = import_module(f"services.{service}")
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if ".migrations" not in module.name:
            yield from (value for value in vars(import_module(module.name)).values() if isinstance(value, RecordTable))


@pytest.mark.parametrize("service", SERVICES)
async def test_record_tables_match_the_schema(service: str, environment: Mapping[str, str]) -> None:
    """Each column of a record table exists in the database with the type of its arrays (S30)."""
    connection = await asyncpg.connect(environment[f"{service.upper()}_DATABASE_URL"])
    try:
        for table in record_tables(service):
            rows = await connection.fetch(SELECT_COLUMNS, table.name)
            types = {row["column"]: SAME_TYPE.get(row["type"], row["type"]) for row in rows}
            declared = {column: SAME_TYPE.get(type_, type_) for column, type_ in table.types.items()}
            assert declared == {column: types.get(column) for column in declared}, table.name
            assert {*table.key, *table.updated} <= table.types.keys(), table.name
    finally:
        await connection.close()


def allowed_values(hint: Any) -> set[str]:
    """Return the texts that an annotation allows; none if it allows any text."""
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return set(hint)
    return {
        value for part in get_args(hint) for value in ([part] if isinstance(part, str) else allowed_values(part))
    }  # fmt: skip


@pytest.mark.parametrize("service", SERVICES)
async def test_constraints_allow_each_value_of_a_record(service: str, environment: Mapping[str, str]) -> None:
    """A list of values in a constraint has each value that the annotation of its column allows (S16, S24)."""
    connection = await asyncpg.connect(environment[f"{service.upper()}_DATABASE_URL"])
    faults = {}
    try:
        for table in record_tables(service):
            hints = get_type_hints(table.record)
            for row in await connection.fetch(SELECT_CHECKS, table.name):
                listed = set(re.findall(r"'([^']*)'::text", row["condition"]))
                listed |= NEVER_STORED.get((table.name, row["column"]), set())
                if " ANY " in row["condition"] and (missing := allowed_values(hints.get(row["column"])) - listed):
                    faults[table.name, row["column"]] = missing
    finally:
        await connection.close()
    assert faults == {}


class Parcel(NamedTuple):
    """A record with a column of each kind."""

    box: str
    number: int
    status: Literal["OPEN", "SHUT"]
    weight: Decimal | None = None
    serials: list[str] = []


PARCELS = RecordTable("parcel", Parcel, "box number", "status weight serials", types={"serials": "text[]"})
ENUM_PARCELS = RecordTable(
    "parcel", Parcel, "box number", "status", types={"serials": "text[]", "status": "parcel_status"}
)
CREATE_PARCEL = (
    "CREATE TYPE pg_temp.parcel_status AS ENUM ('OPEN', 'SHUT')",
    "CREATE TEMP TABLE parcel (box text, number int, status {}, weight numeric, serials text[]) ON COMMIT DROP",
)


@pytest.mark.parametrize(("table", "status_type"), [(PARCELS, "text"), (ENUM_PARCELS, "parcel_status")])
async def test_changes_are_saved_with_one_statement_each(
    engine: AsyncEngine, table: RecordTable[Parcel], status_type: str
) -> None:
    """A save inserts, updates and deletes any number of rows, also arrays and enums, with three statements."""
    async with transaction(engine) as tx:
        for statement in CREATE_PARCEL:
            await tx.execute(text(statement.format(status_type)))
        parcels: WorkingSet[tuple[str, int], Parcel] = WorkingSet(attrgetter("box", "number"))
        for number in range(3):
            parcels.put(Parcel("A", number, "OPEN", Decimal("0.5"), ["1", "2"]))
        await table.save(tx, parcels)
        parcels.remove(("A", 0))
        parcels.put(parcels["A", 1]._replace(status="SHUT"))
        parcels.put(Parcel("B", 7, "SHUT", None, []))
        count = tx.statement_count
        await table.save(tx, parcels)
        assert tx.statement_count == count + 3
        await table.save(tx, parcels)
        assert tx.statement_count == count + 3, "nothing has changed"
        rows = await tx.fetch_all(text("SELECT box, number, status::text, weight, serials FROM parcel ORDER BY 1, 2"))
        assert table.load(rows) == sorted(parcels)


async def test_update_of_a_missing_row_is_a_conflict(engine: AsyncEngine) -> None:
    """A loaded row that another transaction has deleted raises a conflict instead of losing the change (S19)."""
    async with transaction(engine) as tx:
        for statement in CREATE_PARCEL:
            await tx.execute(text(statement.format("text")))
        parcels: WorkingSet[tuple[str, int], Parcel] = WorkingSet(attrgetter("box", "number"))
        parcels.load([Parcel("A", 1, "OPEN")])
        parcels.put(Parcel("A", 1, "SHUT"))
        with pytest.raises(ConcurrentUpdateError):
            await PARCELS.save(tx, parcels)


VERSIONED_PARCELS = RecordTable("parcel", Parcel, "box number", "status", types={"serials": "text[]"}, version="weight")
OPEN_PARCELS = RecordTable(
    "parcel", Parcel, "box number", "status", types={"serials": "text[]"}, guard="t.status = 'OPEN'"
)


@pytest.mark.parametrize(("table", "change"), [
    (VERSIONED_PARCELS, "UPDATE parcel SET weight = 8"), (OPEN_PARCELS, "UPDATE parcel SET status = 'SHUT'"),
])  # fmt: skip
async def test_update_of_a_row_that_changed_meanwhile_is_a_conflict(
    engine: AsyncEngine, table: RecordTable[Parcel], change: str
) -> None:
    """An update checks the loaded version and the guard of its table (S19)."""
    async with transaction(engine) as tx:
        for statement in CREATE_PARCEL:
            await tx.execute(text(statement.format("text")))
        parcels: WorkingSet[tuple[str, int], Parcel] = WorkingSet(attrgetter("box", "number"))
        parcels.put(Parcel("A", 1, "OPEN", Decimal(7)))
        await table.save(tx, parcels)
        parcels.put(Parcel("A", 1, "SHUT", Decimal(7)))
        await table.save(tx, parcels)
        await tx.execute(text("UPDATE parcel SET status = 'OPEN'"))
        await tx.execute(text(change))
        parcels.put(Parcel("A", 1, "OPEN", Decimal(7)))
        with pytest.raises(ConcurrentUpdateError):
            await table.save(tx, parcels)


async def test_upsert_saves_new_and_changed_rows_with_one_statement(engine: AsyncEngine) -> None:
    """A table with upserts takes one statement for new and changed rows."""
    table = RecordTable("parcel", Parcel, "box number", "status", types={"serials": "text[]"}, upsert=True)
    async with transaction(engine) as tx:
        for statement in CREATE_PARCEL:
            await tx.execute(text(statement.format("text")))
        await tx.execute(text("CREATE UNIQUE INDEX ON parcel (box, number)"))
        parcels: WorkingSet[tuple[str, int], Parcel] = WorkingSet(attrgetter("box", "number"))
        parcels.put(Parcel("A", 1, "OPEN"))
        await table.save(tx, parcels)
        parcels.put(Parcel("A", 1, "SHUT"))
        parcels.put(Parcel("A", 0, "OPEN"))
        count = tx.statement_count
        await table.save(tx, parcels)
        assert tx.statement_count == count + 1
        rows = await tx.fetch_all(text("SELECT box, number, status, weight, serials FROM parcel ORDER BY 1, 2"))
        assert table.load(rows) == sorted(parcels)


async def test_scope_protects_other_rows_with_the_same_key(engine: AsyncEngine) -> None:
    """UPDATE and DELETE leave rows outside the scope of a table as they are."""
    table = RecordTable(
        "parcel", Parcel, "box number", "weight", types={"serials": "text[]"}, scope="t.status = 'OPEN'"
    )
    shut = [Parcel("A", number, "SHUT", Decimal(1), []) for number in range(2)]
    async with transaction(engine) as tx:
        for statement in CREATE_PARCEL:
            await tx.execute(text(statement.format("text")))
        await table.insert_rows(tx, shut)
        parcels: WorkingSet[tuple[str, int], Parcel] = WorkingSet(attrgetter("box", "number"))
        for number in range(2):
            parcels.put(Parcel("A", number, "OPEN", Decimal(1), []))
        await table.save(tx, parcels)
        parcels.put(parcels["A", 0]._replace(weight=Decimal(2)))
        parcels.remove(("A", 1))
        await table.save(tx, parcels)
        rows = await tx.fetch_all(text("SELECT box, number, status, weight, serials FROM parcel ORDER BY 2, 3"))
        assert table.load(rows) == [parcels["A", 0], *shut]
