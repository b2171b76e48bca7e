"""Finds the units that are due, and keeps when to look at them again."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date

from sqlalchemy import text

from services.serials.units.domain.book import Book
from services.serials.units.domain.expiry import UnitsDue, Watch
from services.serials.units.domain.unit import Unit
from services.serials.units.store.units import UNIT, units_of
from shared.database import Transaction
from shared.replica import days

AT_ONCE = 5000
"""Units that a transaction looks at, at most; of a very large group the rest is due still."""

IN_HOUSE = "s.due < 'infinity' AND s.location IS NOT NULL AND s.adjustment IS NULL"

# Reads the index on what is due and nothing else; who was looked at is due later, so that few rows are passed over.
DUE = text(f"""
    SELECT w.warehouse, s.due, s.sku, s.expiry
    FROM unnest(CAST(:warehouses AS text[]), CAST(:days AS date[])) AS w (warehouse, day) CROSS JOIN LATERAL (
        SELECT DISTINCT due, sku, expiry FROM serial_state AS s
        WHERE s.warehouse = w.warehouse AND s.due <= w.day AND {IN_HOUSE}
            AND (s.warehouse, s.due, s.sku, s.expiry)
                > (CAST(:warehouse AS text), CAST(:since AS date), CAST(:sku AS text), CAST(:expiry AS date))
        ORDER BY due, sku, expiry LIMIT :size
    ) AS s
    ORDER BY w.warehouse COLLATE "C", s.due, s.sku, s.expiry LIMIT :size
""")  # noqa: S608 - the columns are this module's own

LOAD_DUE = text(f"""
    SELECT {UNIT} FROM (
        SELECT DISTINCT * FROM unnest(
            CAST(:skus AS text[]), CAST(:warehouses AS text[]), CAST(:expiries AS date[]), CAST(:since AS date[])
        ) AS w (sku, warehouse, expiry, due)
    ) AS w JOIN serial_state AS s USING (sku, warehouse, expiry, due) WHERE {IN_HOUSE} LIMIT {AT_ONCE}
""")  # noqa: S608

LOOKED = text("""
    UPDATE serial_state AS s SET due = it.due
    FROM unnest(CAST(:ids AS bigint[]), CAST(:dues AS date[])) AS it (id, due) WHERE s.id = it.id
""")

LOOK_AGAIN = text(f"""
    UPDATE serial_state AS s SET due = w.day + 1
    FROM unnest(CAST(:warehouses AS text[]), CAST(:days AS date[])) AS w (warehouse, day)
    WHERE s.sku = ANY(CAST(:skus AS text[])) AND s.warehouse = w.warehouse AND s.due > w.day + 1 AND {IN_HOUSE}
""")  # noqa: S608


async def due(tx: Transaction, after: UnitsDue | None, size: int) -> Sequence[UnitsDue]:
    """Find units of which something may have to be said by now, by product, warehouse and expiry."""
    sites = await days(tx)
    last = after or UnitsDue(sku="", warehouse="", expiry=date.min, since=date.min)
    asked = {"warehouses": list(sites), "days": list(sites.values()), "size": size}
    rows = await tx.rows(DUE, last.model_dump(include={"warehouse", "since", "sku", "expiry"}) | asked)
    return [UnitsDue(sku=row.sku, warehouse=row.warehouse, expiry=row.expiry, since=row.due) for row in rows]


async def load_due(tx: Transaction, facts: Iterable[UnitsDue]) -> Book:
    """Load the units that were found and are due still."""
    book, listed = Book(), list(facts)
    watches = [Watch.of(fact) for fact in listed]
    values = {
        "skus": [it.sku for it in watches],
        "warehouses": [it.warehouse for it in watches],
        "expiries": [it.expiry for it in watches],
        "since": [fact.since for fact in listed],
    }
    book.adopt(units_of(await tx.rows(LOAD_DUE, values)))
    return book


async def looked(tx: Transaction, units: Iterable[Unit]) -> None:
    """Keep when to look at units again that took no step."""
    if dues := {unit.id: unit.due for unit in units}:
        await tx.run(LOOKED, {"ids": list(dues), "dues": list(dues.values())})


async def look_again(tx: Transaction, skus: Collection[str]) -> None:
    """Let all units of products be looked at tomorrow: what falls on a later day was not said of any."""
    if skus:
        sites = await days(tx)
        values = {"skus": list(skus), "warehouses": list(sites), "days": list(sites.values())}
        await tx.run(LOOK_AGAIN, values)
