"""Loads what is counted under its sku's lock, and writes what became of it: one statement a table, however many."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import TextClause, text

from services.lots.balances.domain.book import Book
from services.lots.balances.domain.stock import Balance, Hold, Key, Lot, LotKey, Picked, Reserved, Working
from shared import locks
from shared.database import Transaction
from shared.records import load_records
from shared.replica import locations, products


class Table:
    """A table whose columns are named as the fields of its working copies."""

    def __init__(self, name: str, columns: Mapping[str, str], keys: str = "", changing: str = "") -> None:
        self.read = ", ".join(f"{name}.{column}" for column in columns)
        own = {column: kind for column, kind in columns.items() if column != "id"}  # which the table gives
        self.inserted = list(own)
        self.insert = text(f"INSERT INTO {name} ({', '.join(own)}) SELECT * FROM unnest({_arrays(own)})")  # noqa: S608
        self.update = _update(name, columns, keys.split(), changing.split()) if changing else self.insert
        self.updated = [*keys.split(), *changing.split()]


def _arrays(columns: Mapping[str, str]) -> str:
    return ", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in columns.items())


def _update(table: str, columns: Mapping[str, str], keys: Sequence[str], changing: Sequence[str]) -> TextClause:
    named = {name: columns[name] for name in [*keys, *changing]}
    return text(f"""
        UPDATE {table} SET {", ".join(f"{name} = it.{name}" for name in changing)}
        FROM unnest({_arrays(named)}) AS it ({", ".join(named)})
        WHERE {" AND ".join(f"{table}.{name} = it.{name}" for name in keys)}
    """)  # noqa: S608 - the names are this module's own


TEXT, NUMBER, DAY, TIME = "text", "numeric", "date", "timestamptz"
TOLD = {"reason": TEXT, "actor": TEXT, "occurred": TIME, "recorded": TIME, "cause_source": TEXT, "cause_id": TEXT}
CLAIM = {"order_id": TEXT, "line": TEXT, "quantity": NUMBER}

LOT = Table(
    "lot",
    {"sku": TEXT, "lot": TEXT, "expiry": DAY, "manufactured": DAY, "best_before": DAY, "first_received": TIME,
     "supplier": TEXT},
    "sku lot", "expiry manufactured best_before",
)  # fmt: skip
BALANCE = Table(
    "balance",
    {"sku": TEXT, "lot": TEXT, "location": TEXT, "warehouse": TEXT, "stored": "boolean",
     "on_hand": NUMBER, "allocated": NUMBER, "expiry": DAY, "due": DAY},
    "sku lot location", "stored on_hand allocated",
)  # fmt: skip
RESERVED = Table(
    "reserved", {"demand": TEXT, "lot": TEXT, "location": TEXT, "sku": TEXT, **CLAIM},
    "demand lot location", "quantity",
)  # fmt: skip
PICKED = Table(
    "picked", {"demand": TEXT, "lot": TEXT, "sku": TEXT, "warehouse": TEXT, **CLAIM, "expiry": DAY, "due": DAY},
    "demand lot", "quantity expiry due",
)  # fmt: skip
HOLD = Table(
    "hold",
    {"hold": TEXT, "sku": TEXT, "lot": TEXT, "location": TEXT, "kind": TEXT, "reason": TEXT, "role": TEXT,
     "return_id": TEXT, "waiting": NUMBER, "opened_by": TEXT, "opened_at": TIME, "lifted_by": TEXT,
     "lifted_at": TIME, "lifted_reason": TEXT, "id": "bigint"},
    "id", "waiting lifted_by lifted_at lifted_reason",
)  # fmt: skip
LEDGER = Table(
    "ledger",
    {"change": TEXT, "sku": TEXT, "lot": TEXT, "warehouse": TEXT, "location": TEXT, "on_hand": NUMBER,
     "picked": NUMBER, **TOLD, "receipt": TEXT, "order_id": TEXT, "line": TEXT, "demand": TEXT, "shipment": TEXT,
     "customer": TEXT, "return_id": TEXT, "supplier": TEXT},
)  # fmt: skip
CORRECTION = Table(
    "correction",
    {"sku": TEXT, "lot": TEXT, "expiry_before": DAY, "expiry": DAY, "manufactured_before": DAY, "manufactured": DAY,
     "best_before_before": DAY, "best_before": DAY, **TOLD},
)  # fmt: skip

LOTS_OF = "unnest(CAST(:skus AS text[]), CAST(:lots AS text[])) AS k (sku, lot)"
PLACES_OF = "unnest(CAST(:skus AS text[]), CAST(:lots AS text[]), CAST(:places AS text[])) AS k (sku, lot, location)"
AT = "unnest(CAST(:skus AS text[]), CAST(:places AS text[])) AS k (sku, location)"

LOAD_LOTS = text(f"SELECT {LOT.read} FROM {LOTS_OF} JOIN lot USING (sku, lot)")  # noqa: S608
LOAD_OPEN_HOLDS = text(f"SELECT {HOLD.read} FROM {LOTS_OF} JOIN hold USING (sku, lot) WHERE hold.lifted_at IS NULL")  # noqa: S608
LOAD_HOLDS = text(f"""
    SELECT {HOLD.read} FROM unnest(CAST(:skus AS text[]), CAST(:holds AS text[])) AS k (sku, hold)
    JOIN hold USING (sku, hold)
""")  # noqa: S608
LOAD_BALANCES = text(f"SELECT {BALANCE.read} FROM {PLACES_OF} JOIN balance USING (sku, lot, location)")  # noqa: S608
LOAD_SHELVES = text(f"""
    SELECT {BALANCE.read} FROM {AT} JOIN balance USING (sku, location) WHERE balance.on_hand > 0
""")  # noqa: S608
LOAD_ALL_BALANCES = text(f"""
    SELECT {BALANCE.read} FROM {LOTS_OF} JOIN balance USING (sku, lot) WHERE balance.on_hand > 0
""")  # noqa: S608
LOAD_RESERVED = text(f"""
    SELECT {RESERVED.read} FROM {LOTS_OF} JOIN reserved USING (sku, lot) WHERE reserved.quantity > 0
""")  # noqa: S608
LOAD_PICKED = text(f"""
    SELECT {PICKED.read} FROM {LOTS_OF} JOIN picked USING (sku, lot) WHERE picked.quantity > 0
""")  # noqa: S608
# What has other dates is in its place in the order of expiry, and is looked at by the clock anew, wherever it lies, as
# if nothing had been said of it. What is no longer picked is not looked for: picked again, it takes after its balance.
REDATED = [
    text(f"""
        UPDATE {table} AS t SET due = '-infinity', expiry = coalesce(lot.expiry, 'infinity')
        FROM {LOTS_OF} JOIN lot USING (sku, lot) WHERE t.sku = k.sku AND t.lot = k.lot {those}
    """)  # noqa: S608
    for table, those in (("balance", ""), ("picked", "AND t.quantity > 0"))
]
UNSAID = text(f"DELETE FROM expiry_told AS t USING {LOTS_OF} WHERE t.sku = k.sku AND t.lot = k.lot")  # noqa: S608
RETYPED = text("""
    SELECT DISTINCT balance.sku, balance.location FROM location JOIN balance USING (location)
    WHERE location.location = ANY(CAST(:places AS text[])) AND balance.on_hand > 0
        AND balance.stored <> (location.type = 'STORAGE')
""")
CLAIMS = text(f"""
    SELECT k.sku, k.lot, k.location, r.order_id FROM {PLACES_OF} CROSS JOIN LATERAL (
        SELECT DISTINCT order_id FROM (
            SELECT order_id FROM reserved
            WHERE sku = k.sku AND lot = k.lot AND location = k.location AND quantity > 0 LIMIT 20
        ) AS few
    ) AS r ORDER BY r.order_id
""")  # noqa: S608
NAMESAKES = text("""
    SELECT k.lot, array_agg(o.sku) AS skus FROM unnest(CAST(:lots AS text[])) AS k (lot)
    CROSS JOIN LATERAL (SELECT sku FROM lot WHERE lot = k.lot ORDER BY sku LIMIT 5) AS o GROUP BY k.lot
""")
# A storage place of the warehouse with this lot alone of the product, else one with nothing; the walk decides. The
# empty one is sought once a warehouse: past full places it takes 5 µs each.
SUGGESTED = text("""
    WITH k AS MATERIALIZED (
        SELECT *, split_part(location, '/', 1) AS warehouse
        FROM unnest(CAST(:skus AS text[]), CAST(:lots AS text[]), CAST(:places AS text[])) AS k (sku, lot, location)
    ), empty AS MATERIALIZED (
        SELECT w.warehouse, first.location FROM (SELECT DISTINCT warehouse FROM k) AS w CROSS JOIN LATERAL (
            SELECT l.location FROM location AS l
            WHERE split_part(l.location, '/', 1) = w.warehouse AND l.type = 'STORAGE'
                AND NOT EXISTS (SELECT FROM balance AS b WHERE b.location = l.location AND b.on_hand > 0)
            ORDER BY l.pick_sequence, l.location LIMIT 1
        ) AS first
    )
    SELECT k.sku, k.lot, k.location, coalesce(same.location, empty.location) AS better
    FROM k LEFT JOIN empty USING (warehouse) LEFT JOIN LATERAL (
        SELECT b.location FROM balance AS b JOIN location AS l USING (location)
        WHERE b.sku = k.sku AND b.lot = k.lot AND b.on_hand > 0 AND l.type = 'STORAGE'
            AND b.warehouse = k.warehouse AND NOT EXISTS (
                SELECT FROM balance AS o
                WHERE o.location = b.location AND o.sku = k.sku AND o.lot <> k.lot AND o.on_hand > 0
            )
        ORDER BY l.pick_sequence, b.location LIMIT 1
    ) AS same ON true
""")


def _lots(keys: Iterable[LotKey]) -> dict[str, Any]:
    listed = sorted(set(keys))
    return {"skus": [sku for sku, _ in listed], "lots": [lot for _, lot in listed]}


def _places(keys: Iterable[Key]) -> dict[str, Any]:
    listed = sorted(set(keys))
    return {
        "skus": [sku for sku, _, _ in listed],
        "lots": [lot for _, lot, _ in listed],
        "places": [place for _, _, place in listed],
    }


async def load(tx: Transaction, keys: Iterable[Key], book: Book | None = None) -> Book:
    """Load balances by name, with their lots, the holds on them, their places and products."""
    book = book or Book(tx.now)
    wanted = sorted(set(keys))
    if wanted:
        await load_lots(tx, book, [(sku, lot) for sku, lot, _ in wanted])
        book.adopt(load_records(Balance, await tx.rows(LOAD_BALANCES, _places(wanted))))
        await load_places(tx, book, [place for _, _, place in wanted])
        found = await products(tx, [sku for sku, _, _ in wanted])
        book.tracking = {**book.tracking, **{sku: product.tracking for sku, product in found.items()}}
        book.decimals = {**book.decimals, **{sku: product.decimals for sku, product in found.items()}}
        book.dated |= {sku for sku, product in found.items() if product.life.expiry_required}
    return book


async def load_asked(tx: Transaction, keys: Iterable[Key]) -> Book:
    """Load what commands name, and what their refusals would tell of it: who has it, whose lot it is instead."""
    wanted = list(keys)
    book = await load(tx, wanted)
    found: dict[Key, list[str]] = {}
    for row in await tx.rows(CLAIMS, _places(key for key in wanted if key in book.balances)):
        found.setdefault((row.sku, row.lot, row.location), []).append(row.order_id)
    book.claims = found
    if missing := {lot for sku, lot, _ in wanted if lot and (sku, lot) not in book.lots}:
        rows = await tx.rows(NAMESAKES, {"lots": list(missing)})
        book.namesakes = {row.lot: row.skus for row in rows}
    return book


async def load_lots(tx: Transaction, book: Book, keys: Iterable[LotKey]) -> None:
    """Load lots, and the open holds on them."""
    wanted = _lots(keys)
    book.adopt(load_records(Lot, await tx.rows(LOAD_LOTS, wanted)))
    book.adopt(load_records(Hold, await tx.rows(LOAD_OPEN_HOLDS, wanted)))


async def load_places(tx: Transaction, book: Book, names: Iterable[str]) -> None:
    """Load of which type places are.

    One that is not defined is looked for once more under its lock. Who defines it at this moment either did before, and
    it is seen, or waits, and will see what is laid there: it would not be free for anybody otherwise.
    """
    wanted = {name for name in names if name}
    found = dict(await locations(tx, wanted))
    if undefined := wanted - found.keys():
        await locks.take(tx, {f"location:{name}" for name in undefined})
        found |= await locations(tx, undefined)
    book.types = {**book.types, **{name: place.type for name, place in found.items()}}


async def load_shelves(tx: Transaction, book: Book, places: Iterable[tuple[str, str]]) -> None:
    """Load whatever lies of a product at a place: (sku, location)."""
    listed = sorted(set(places))
    values = {"skus": [sku for sku, _ in listed], "places": [place for _, place in listed]}
    book.adopt(load_records(Balance, await tx.rows(LOAD_SHELVES, values)))


async def retyped(tx: Transaction, places: Iterable[str]) -> set[tuple[str, str]]:
    """Say what lies at places that were of another type when it was laid there: (sku, location)."""
    return {(row.sku, row.location) for row in await tx.rows(RETYPED, {"places": list(places)})}


async def suggested(tx: Transaction, keys: Iterable[Key]) -> dict[Key, str]:
    """Say where lots could go instead of where others lie; what other products do meanwhile is not looked at."""
    rows = await tx.rows(SUGGESTED, _places(keys))
    return {(row.sku, row.lot, row.location): row.better for row in rows if row.better}


async def load_everywhere(tx: Transaction, book: Book, keys: Iterable[LotKey]) -> None:
    """Load every place where some of a lot lies: what is lifted or corrected may free all of it."""
    book.adopt(load_records(Balance, await tx.rows(LOAD_ALL_BALANCES, _lots(keys))))


async def load_had(tx: Transaction, book: Book, keys: Iterable[LotKey]) -> None:
    """Load what orders have of lots: a hold tells of it, and a correction."""
    wanted = _lots(keys)
    book.adopt(load_records(Reserved, await tx.rows(LOAD_RESERVED, wanted)))
    book.adopt(load_records(Picked, await tx.rows(LOAD_PICKED, wanted)))


async def load_holds(tx: Transaction, book: Book, names: Iterable[tuple[str, str]]) -> None:
    """Load holds by sku and id, those that were lifted too."""
    listed = sorted(set(names))
    values = {"skus": [sku for sku, _ in listed], "holds": [hold for _, hold in listed]}
    book.adopt(load_records(Hold, await tx.rows(LOAD_HOLDS, values)))


async def save(tx: Transaction, book: Book) -> None:
    """Write a book: what is new, what has changed, and the ledger."""
    for table, rows in (
        (LOT, book.lots.values()),
        (BALANCE, book.balances.values()),
        (RESERVED, book.reserved.values()),
        (PICKED, book.picked.values()),
        (HOLD, [hold for holds in book.holds.values() for hold in holds]),
    ):
        changed: list[Working] = [row for row in rows if row.changed]
        await _write(tx, table, [row for row in changed if row.fresh])
        await _write(tx, table, [row for row in changed if not row.fresh], update=True)
    await _write(tx, LEDGER, book.ledger)
    await _write(tx, CORRECTION, book.corrections)
    if redated := [(it.sku, it.lot) for it in book.corrections if it.expiry != it.expiry_before]:
        for statement in (*REDATED, UNSAID):
            await tx.run(statement, _lots(redated))


async def _write(tx: Transaction, table: Table, rows: Sequence[Any], *, update: bool = False) -> None:
    if rows:
        names = table.updated if update else table.inserted
        statement = table.update if update else table.insert
        await tx.run(statement, {name: [getattr(row, name) for row in rows] for name in names})
