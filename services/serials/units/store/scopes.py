"""Holds on what arrives, in their table; the units that a lot number or a recall touches."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import text

from services.serials.units.domain.book import Book
from services.serials.units.domain.scopes import Scope
from services.serials.units.store.units import UNIT, units_of
from shared.database import Transaction

SCOPE = """
    c.sku, c.hold, a.reason, c.lots, c.serials, c.ranges, c.words, c.recall, c.closed, c.lifted IS NULL AS open
    FROM hold_scope AS c JOIN act AS a ON a.id = c.opened
"""
OF_SKUS = text(f"SELECT {SCOPE} WHERE c.sku = ANY(CAST(:skus AS text[])) AND c.lifted IS NULL")
OF_HOLDS = text(f"""
    SELECT {SCOPE} JOIN unnest(CAST(:skus AS text[]), CAST(:holds AS text[])) AS k (sku, hold)
        ON k.sku = c.sku AND k.hold = c.hold
""")

OPEN_ON = text("""
    SELECT h.sku, h.hold, h.serial_id FROM hold AS h
    WHERE h.serial_id = ANY(CAST(:ids AS bigint[])) AND h.lifted IS NULL
""")

# OFFSET keeps ranges apart, each read by an index: 400 took 6 ms among 200 thousand serials, joined at once 2.3 s.
TOUCHED = text(f"""
    WITH found AS (
        SELECT k.id FROM unnest(CAST(:serial_skus AS text[]), CAST(:serials AS text[])) AS w (sku, serial)
        JOIN serial AS k USING (sku, serial)
        UNION
        SELECT k.id
        FROM unnest(CAST(:range_skus AS text[]), CAST(:firsts AS text[]), CAST(:lasts AS text[])) AS w (sku, a, z)
        CROSS JOIN LATERAL (
            SELECT id FROM serial AS k WHERE k.sku = w.sku AND lower(k.serial) BETWEEN lower(w.a) AND lower(w.z)
                AND length(k.serial) = length(w.a) OFFSET 0
        ) AS k
        UNION
        SELECT k.id FROM unnest(CAST(:word_skus AS text[]), CAST(:words AS text[])) AS w (sku, word)
        JOIN serial AS k ON k.sku = w.sku AND lower(k.serial) = w.word
        UNION
        SELECT s.id FROM unnest(CAST(:lot_skus AS text[]), CAST(:lots AS text[])) AS w (sku, lot)
        JOIN serial_state AS s ON s.sku = w.sku AND lower(s.lot) = w.lot
    )
    SELECT {UNIT} FROM found JOIN serial_state AS s USING (id)
""")  # noqa: S608


async def load_arriving(tx: Transaction, book: Book, skus: Iterable[str]) -> None:
    """Load the open holds on what arrives of products, and what else is open on the units of the book."""
    _adopt(book, await tx.rows(OF_SKUS, {"skus": list(set(skus))}))
    if book.scopes:
        await load_open(tx, book)


async def load_scopes(tx: Transaction, book: Book, holds: Iterable[tuple[str, str]]) -> None:
    """Load holds on what arrives by sku and id, those that were lifted too."""
    if wanted := set(holds):
        skus, names = zip(*wanted, strict=True)
        _adopt(book, await tx.rows(OF_HOLDS, {"skus": skus, "holds": names}))


def _adopt(book: Book, rows: Sequence[Any]) -> None:
    for row in rows:
        if row.open:
            ranges = [(first, last) for first, last in row.ranges]
            scope = Scope(
                sku=row.sku, hold=row.hold, reason=row.reason, lots=frozenset(row.lots),
                serials=frozenset(row.serials), ranges=ranges, words=frozenset(row.words), recall=row.recall,
                closed=row.closed,
            )  # fmt: skip
            book.scopes[scope.key] = scope
        else:
            book.scopes_over.add((row.sku, row.hold, row.recall))


async def load_open(tx: Transaction, book: Book) -> None:
    """Load which holds are open on the units of the book, where any is."""
    by_id = {unit.id: unit for unit in book.units.values() if unit.holds}
    if by_id:
        for row in await tx.rows(OPEN_ON, {"ids": list(by_id)}):
            unit = by_id[row.serial_id]
            book.held.setdefault((row.sku, row.hold), {})[unit.key] = unit


async def load_touched(tx: Transaction, book: Book, scopes: Sequence[Scope]) -> None:
    """Load every unit that is known and in a scope; words may be lots or serials, in any case."""
    serials = [(it.sku, serial) for it in scopes for serial in it.serials]
    ranges = [(it.sku, first, last) for it in scopes for first, last in it.ranges]
    words = [(it.sku, word) for it in scopes for word in it.words]
    lots = [(it.sku, lot.lower()) for it in scopes for lot in it.lots] + words
    values: dict[str, Any] = {
        "serial_skus": [sku for sku, _ in serials], "serials": [serial for _, serial in serials],
        "range_skus": [sku for sku, _, _ in ranges], "firsts": [first for _, first, _ in ranges],
        "lasts": [last for _, _, last in ranges],
        "word_skus": [sku for sku, _ in words], "words": [word for _, word in words],
        "lot_skus": [sku for sku, _ in lots], "lots": [lot for _, lot in lots],
    }  # fmt: skip
    if scopes:
        book.adopt(units_of(await tx.rows(TOUCHED, values)))
