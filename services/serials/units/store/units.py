"""Loads units under their sku's lock, and writes what became of them: one statement a table, however many."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import Row, TextClause, text

from services.serials.units.domain.book import Book
from services.serials.units.domain.scopes import Scope
from services.serials.units.domain.unit import HoldRow, Key, Papers, Unit
from services.serials.units.store.recalls import watch
from shared.database import Transaction
from shared.records import load_records


class Column(NamedTuple):
    """A column of the state, the unit's field it holds, and its type as an array's element."""

    name: str
    field: str
    type: str


CHANGING = (
    Column("status", "status", "text"),
    Column("version", "version", "integer"),
    Column("receiving_version", "receiving_version", "integer"),
    Column("warehouse", "warehouse", "text"),
    Column("location", "location", "text"),
    Column("received_at", "received_at", "timestamptz"),
    Column("receipt", "receipt", "text"),
    Column("receipt_line", "receipt_line", "text"),
    Column("order_id", "order", "text"),
    Column("order_line", "order_line", "text"),
    Column("demand", "demand", "text"),
    Column("shipment", "shipment", "text"),
    Column("customer", "customer", "text"),
    Column("return_id", "return_id", "text"),
    Column("holds", "holds", "integer"),
    Column("adjustment", "adjustment", "text"),
    Column("lot", "lot", "text"),
    Column("expiry", "expiry", "date"),
    Column("due", "due", "date"),
)
STATE = attrgetter(*(column.field for column in CHANGING))
CAST = {"status": "CAST(it.status AS status)"}

UNIT = "s.sku, s.serial, s.id, s.watches, " + ", ".join(
    f's.{column.name}{"::text" if column.name in CAST else ""} AS "{column.field}"' for column in CHANGING
)
"""The columns of `serial_state AS s`, each with the name of the Unit's field that it holds."""

LOAD = text(f"""
    SELECT {UNIT}
    FROM unnest(CAST(:skus AS text[]), CAST(:serials AS text[])) AS k (sku, serial)
    JOIN serial USING (sku, serial) JOIN serial_state AS s USING (id)
""")  # noqa: S608 - the columns are this module's own

LOAD_HELD = text(f"""
    SELECT h.hold, h.sku AS held_sku, h.lifted IS NULL AS open, a.return_id AS of_return, {UNIT}
    FROM unnest(CAST(:skus AS text[]), CAST(:holds AS text[])) AS k (sku, hold)
    JOIN hold AS h USING (sku, hold) JOIN act AS a ON a.id = h.opened JOIN serial_state AS s ON s.id = h.serial_id
""")  # noqa: S608

AUDIT = text("""
    WITH it AS MATERIALIZED (
        SELECT nextval('act_id') AS id, it.*
        FROM unnest(
            CAST(:changes AS text[]), CAST(:reasons AS text[]), CAST(:actors AS text[]),
            CAST(:occurred AS timestamptz[]), CAST(:sources AS text[]), CAST(:causes AS text[]),
            CAST(:receipt AS text[]), CAST(:line AS text[]), CAST(:order AS text[]), CAST(:demand AS text[]),
            CAST(:shipment AS text[]), CAST(:customer AS text[]), CAST(:return_id AS text[]), CAST(:hold AS text[]),
            CAST(:customer_name AS text[]), CAST(:contact AS text[])
        ) WITH ORDINALITY AS it (
            change, reason, actor, occurred, cause_source, cause_id,
            receipt, line, order_id, demand, shipment, customer, return_id, hold, customer_name, contact, place
        )
    ), acts AS (
        INSERT INTO act (
            id, change, reason, actor, occurred, recorded, cause_source, cause_id,
            receipt, line, order_id, demand, shipment, customer, return_id, hold, customer_name, contact
        )
        SELECT id, change, reason, actor, occurred, :now, cause_source, cause_id,
               receipt, line, order_id, demand, shipment, customer, return_id, hold, customer_name, contact
        FROM it
    ), steps AS (
        INSERT INTO audit (serial_id, version, act, from_status, status, from_location, location)
        SELECT step.serial_id, step.version, it.id, CAST(step.from_status AS status), CAST(step.status AS status),
               step.from_location, step.location
        FROM unnest(
            CAST(:serial_ids AS bigint[]), CAST(:versions AS integer[]), CAST(:places AS bigint[]),
            CAST(:from_statuses AS text[]), CAST(:statuses AS text[]),
            CAST(:from_locations AS text[]), CAST(:locations AS text[])
        ) AS step (serial_id, version, place, from_status, status, from_location, location)
        JOIN it USING (place)
    )
    SELECT place, id FROM it WHERE hold IS NOT NULL
""")

OPEN_HOLDS = text("""
    INSERT INTO hold (hold, sku, serial_id, opened)
    SELECT * FROM unnest(
        CAST(:holds AS text[]), CAST(:skus AS text[]), CAST(:ids AS bigint[]), CAST(:acts AS bigint[])
    )
""")

OPEN_SCOPES = text("""
    INSERT INTO hold_scope (sku, hold, recall, lots, serials, ranges, words, opened)
    SELECT * FROM unnest(
        CAST(:skus AS text[]), CAST(:holds AS text[]), CAST(:recalls AS text[]), CAST(:lots AS jsonb[]),
        CAST(:serials AS jsonb[]), CAST(:ranges AS jsonb[]), CAST(:words AS jsonb[]), CAST(:acts AS bigint[])
    )
""")

LIFT_SCOPES = text("""
    UPDATE hold_scope AS c SET lifted = it.act
    FROM unnest(CAST(:skus AS text[]), CAST(:holds AS text[]), CAST(:acts AS bigint[])) AS it (sku, hold, act)
    WHERE c.sku = it.sku AND c.hold = it.hold AND c.lifted IS NULL
""")

LIFT_HOLDS = text("""
    UPDATE hold SET lifted = it.act
    FROM unnest(
        CAST(:holds AS text[]), CAST(:skus AS text[]), CAST(:ids AS bigint[]), CAST(:acts AS bigint[])
    ) AS it (hold, sku, serial_id, act)
    WHERE hold.serial_id = it.serial_id AND hold.hold = it.hold AND hold.sku = it.sku AND hold.lifted IS NULL
""")


def _named(columns: Iterable[Column]) -> tuple[str, str]:
    """Write the names of columns, and the arrays they come in."""
    listed = list(columns)
    arrays = ", ".join(f"CAST(:{column.name} AS {column.type}[])" for column in listed)
    return ", ".join(column.name for column in listed), arrays


@cache
def insert(columns: tuple[Column, ...]) -> TextClause:
    """Write new units with these columns, the receipt among them; what none of them has is left out."""
    names, arrays = _named(columns)
    values = ", ".join(CAST.get(column.name, f"it.{column.name}") for column in columns)
    return text(f"""
        WITH it AS (
            SELECT * FROM unnest(CAST(:skus AS text[]), CAST(:serials AS text[]), CAST(:known_by AS text[]), {arrays})
            AS it (sku, serial, known_by, {names})
        ), known AS (
            INSERT INTO serial (sku, serial, known_at, known_by, receipt)
            SELECT sku, serial, :now, known_by, receipt FROM it
            RETURNING id, sku, serial
        )
        INSERT INTO serial_state (id, sku, serial, {names})
        SELECT known.id, it.sku, it.serial, {values} FROM it JOIN known USING (sku, serial)
        RETURNING id, sku, serial
    """)  # noqa: S608 - the columns are this module's own


@cache
def update(columns: tuple[Column, ...]) -> TextClause:
    """Write these columns of units by id."""
    names, arrays = _named(columns)
    sets = ", ".join(f"{column.name} = {CAST.get(column.name, f'it.{column.name}')}" for column in columns)
    return text(f"""
        UPDATE serial_state AS s SET {sets}
        FROM unnest(CAST(:ids AS bigint[]), {arrays}) AS it (id, {names})
        WHERE s.id = it.id
    """)  # noqa: S608


def units_of(rows: Sequence[Row[Any]], besides: Sequence[str] = ()) -> list[Unit]:
    """Make units of the columns in UNIT; each remembers its state, so that only what changes is written."""
    units = load_records(Unit, rows, besides)
    for unit in units:
        unit.was = STATE(unit)
    return units


async def load(tx: Transaction, keys: Iterable[Key], book: Book | None = None) -> Book:
    """Load units by name, into a new book or one that is being written."""
    book = book or Book()
    wanted = set(keys)
    if wanted:
        skus, serials = zip(*wanted, strict=True)
        book.adopt(units_of(await tx.rows(LOAD, {"skus": skus, "serials": serials})))
    return book


async def load_held(tx: Transaction, book: Book, holds: Iterable[tuple[str, str]]) -> None:
    """Load holds by sku and id, with their units."""
    wanted = set(holds)
    if wanted:
        skus, names = zip(*wanted, strict=True)
        rows = await tx.rows(LOAD_HELD, {"skus": skus, "holds": names})
        loaded = units_of(rows, besides=("hold", "held_sku", "open", "of_return"))
        for row, unit in zip(rows, loaded, strict=True):
            units = book.held.setdefault((row.held_sku, row.hold), {})
            if row.of_return:
                book.of_returns[row.held_sku, row.hold] = row.of_return
            if row.open:
                book.adopt([unit])
                units[unit.key] = book.units[unit.key]


async def save(tx: Transaction, book: Book) -> None:
    """Write a book: new units, changed units, acts with their audit rows, holds, which recalls watch."""
    if used := book.used:
        await _save_acts(tx, book, used)
    await watch(tx, book)


async def _save_acts(tx: Transaction, book: Book, used: Sequence[int]) -> None:
    stepped = book.stepped
    fresh = [unit for unit in stepped if unit.id is None]
    known = [unit for unit in stepped if unit.id is not None]
    if fresh:
        await _insert(tx, book, fresh)
    if known:
        await _update(tx, known)
    acts = await _audit(tx, book, used)
    if book.opened:
        await tx.run(OPEN_HOLDS, _hold_rows(book.opened, acts))
    if book.lifted:
        await tx.run(LIFT_HOLDS, _hold_rows(book.lifted, acts))
    if book.opened_scopes:
        await tx.run(OPEN_SCOPES, _scope_rows(book.opened_scopes, acts))
    if book.lifted_scopes:
        await tx.run(LIFT_SCOPES, _scope_rows(book.lifted_scopes, acts))


def _arrays(units: Sequence[Unit]) -> Iterator[tuple[Column, tuple[Any, ...]]]:
    return zip(CHANGING, zip(*map(STATE, units), strict=True), strict=True)


async def _update(tx: Transaction, units: Sequence[Unit]) -> None:
    """Write the columns that changed of any unit: an act changes a few of them."""
    was = zip(*(unit.was for unit in units), strict=True)
    changed = {column: now for (column, now), before in zip(_arrays(units), was, strict=True) if now != before}
    values = {column.name: now for column, now in changed.items()}
    await tx.run(update(tuple(changed)), {"ids": [unit.id for unit in units], **values})


async def _insert(tx: Transaction, book: Book, units: Sequence[Unit]) -> None:
    first = {id(step.unit): step.act for step in reversed(book.steps)}
    values: dict[str, Any] = {
        "skus": [unit.sku for unit in units],
        "serials": [unit.serial for unit in units],
        "known_by": [book.acts[first[id(unit)]].told.actor for unit in units],
        "now": tx.now,
    }
    told = {column: now for column, now in _arrays(units) if now.count(None) < len(now) or column.name == "receipt"}
    values |= {column.name: now for column, now in told.items()}
    for row in await tx.rows(insert(tuple(told)), values):
        book.units[row.sku, row.serial].id = row.id


async def _audit(tx: Transaction, book: Book, used: Sequence[int]) -> dict[int, int]:
    """Write the acts that anything took part in, and every step; give the ids of acts that concern holds."""
    acts = [book.acts[number] for number in used]
    place = {number: place for place, number in enumerate(used, start=1)}
    values: dict[str, Any] = {
        "now": tx.now,
        "changes": [act.change.value for act in acts],
        "reasons": [act.reason for act in acts],
        "actors": [act.told.actor for act in acts],
        "occurred": [act.told.occurred for act in acts],
        "sources": [act.told.cause.source for act in acts],
        "causes": [act.told.cause.id for act in acts],
        "serial_ids": [step.unit.id for step in book.steps],
        "versions": [step.version for step in book.steps],
        "places": [place[step.act] for step in book.steps],
        "from_statuses": [step.from_status for step in book.steps],
        "statuses": [step.status for step in book.steps],
        "from_locations": [step.from_location for step in book.steps],
        "locations": [step.location for step in book.steps],
    }
    papers = {name: [getattr(act.papers, name) for act in acts] for name in Papers._fields}
    rows = await tx.rows(AUDIT, values | papers)
    return {used[row.place - 1]: row.id for row in rows}


def _hold_rows(rows: Sequence[HoldRow], acts: Mapping[int, int]) -> dict[str, Any]:
    return {
        "holds": [row.hold for row in rows],
        "skus": [row.unit.sku for row in rows],
        "ids": [row.unit.id for row in rows],
        "acts": [acts[row.act] for row in rows],
    }


def _scope_rows(rows: Sequence[tuple[Scope, int]], acts: Mapping[int, int]) -> dict[str, Any]:
    scopes = [scope for scope, _ in rows]
    return {
        "skus": [scope.sku for scope in scopes],
        "holds": [scope.hold for scope in scopes],
        "recalls": [scope.recall for scope in scopes],
        "lots": [json.dumps(sorted(scope.lots)) for scope in scopes],
        "serials": [json.dumps(sorted(scope.serials)) for scope in scopes],
        "ranges": [json.dumps(scope.ranges) for scope in scopes],
        "words": [json.dumps(sorted(scope.words)) for scope in scopes],
        "acts": [acts[act] for _, act in rows],
    }
