"""Returns in the database: loaded and saved a batch at a time."""

from collections.abc import Iterable

from sqlalchemy import text

from services.receiving.locations import store as places
from services.receiving.receipts import store as receipts
from services.receiving.receipts.domain.records import Key
from services.receiving.receipts.store import sql
from services.receiving.returns.domain import Book, LotDisposition, Return, ReturnLot, ReturnUnit, Shipped
from services.receiving.rows import all_of, columns
from shared.database import Transaction, new_id
from shared.records import load_records
from shared.stock.decimals import decimals_of

DISPOSED = ("return_id", "sku", "serial", "disposition", "disposed_reason", "disposed_at", "disposed_by")


async def load(tx: Transaction, *, returns: Iterable[str] = (), units: Iterable[Key] = (),
               skus: Iterable[str] = (), locations: Iterable[str] = (),
               lots: Iterable[tuple[str, str, str]] = ()) -> Book:  # fmt: skip
    """What commands about returns need: whole returns, units, products, places, what left of lots (order, sku, lot)."""
    book = Book(tx.now, iter(new_id, ""))
    if names := sorted(set(returns)):
        for document in load_records(Return, await tx.rows(RETURNS, {"returns": names})):
            book.returns[document.return_id] = book.returns.read[document.return_id] = document
        for unit in load_records(ReturnUnit, await tx.rows(RETURNED, {"returns": names})):
            book.returned[unit.key] = book.returned.read[unit.key] = unit
        for lot in load_records(ReturnLot, await tx.rows(RETURNED_LOTS, {"returns": names})):
            book.lots[lot.key] = book.lots.read[lot.key] = lot
    if shipped := sorted(set(lots)):
        rows = await tx.rows(SHIPPED, columns(shipped, ("orders", "skus", "lots")))
        for out, row in zip(load_records(Shipped, rows, besides=("returns",)), rows, strict=True):
            book.shipped.read[out.key] = out
            book.put_shipped(out)
            book.came_back[out.key].update(row.returns)
    if keys := set(units):
        book.units.update((unit.key, unit) for unit in await receipts.units(tx, keys))
        book.units.read.update(book.units)
    if wanted := sorted({*skus, *(lot.sku for lot in book.lots.values())}):
        found = await tx.rows(sql.PRODUCTS, {"skus": wanted})
        book.trackings = {row.sku: row.tracking for row in found}
        book.decimals = {row.sku: decimals_of(row.tracking, row.decimals) for row in found}
    if places_of := set(locations):
        book.locations = {name: place.type for name, place in (await places.locations(tx, places_of)).items()}
    return book


async def save(tx: Transaction, book: Book) -> None:
    """Write every changed row."""
    if returns := book.returns.changed():
        await tx.run(ADD_RETURNS, columns(returns, Return._fields))
    await receipts.save_units(tx, book.units)
    changed = book.returned.changed()
    if new := [unit for unit in changed if unit.key not in book.returned.read]:
        await tx.run(ADD_RETURNED, columns(new, ReturnUnit._fields))
    if old := [tuple(getattr(unit, name) for name in DISPOSED) for unit in changed if unit.key in book.returned.read]:
        await all_of(tx, DISPOSE, columns(old, DISPOSED), len(old))
    if shipped := book.shipped.changed():
        await tx.run(SAVE_SHIPPED, columns(sorted(shipped), Shipped._fields))
    if lots := book.lots.changed():
        await tx.run(SAVE_RETURNED_LOTS, columns(sorted(lots), ReturnLot._fields))
    if book.dispositions:
        await tx.run(ADD_DISPOSITIONS, columns(book.dispositions, LotDisposition._fields))


RETURNS = text("""
SELECT return_id, "order", customer, hold, at, actor FROM customer_return
WHERE return_id = ANY(CAST(:returns AS text[]))
""")
RETURNED = text("""
SELECT return_id, sku, serial, location, reason, at, actor, disposition, disposed_reason, disposed_at, disposed_by
FROM return_unit WHERE return_id = ANY(CAST(:returns AS text[]))
""")
ADD_RETURNS = text("""
INSERT INTO customer_return (return_id, "order", customer, hold, at, actor)
SELECT * FROM unnest(CAST(:return_id AS text[]), CAST(:order AS text[]), CAST(:customer AS text[]),
                     CAST(:hold AS text[]), CAST(:at AS timestamptz[]), CAST(:actor AS text[]))
""")
ADD_RETURNED = text("""
INSERT INTO return_unit (return_id, sku, serial, location, reason, at, actor, disposition, disposed_reason,
                         disposed_at, disposed_by)
SELECT * FROM unnest(CAST(:return_id AS text[]), CAST(:sku AS text[]), CAST(:serial AS text[]),
                     CAST(:location AS text[]), CAST(:reason AS text[]), CAST(:at AS timestamptz[]),
                     CAST(:actor AS text[]), CAST(:disposition AS text[]), CAST(:disposed_reason AS text[]),
                     CAST(:disposed_at AS timestamptz[]), CAST(:disposed_by AS text[]))
""")
DISPOSE = text("""
UPDATE return_unit u SET disposition = x.disposition, disposed_reason = x.disposed_reason,
                         disposed_at = x.disposed_at, disposed_by = x.disposed_by
FROM unnest(CAST(:return_id AS text[]), CAST(:sku AS text[]), CAST(:serial AS text[]), CAST(:disposition AS text[]),
            CAST(:disposed_reason AS text[]), CAST(:disposed_at AS timestamptz[]), CAST(:disposed_by AS text[]))
     AS x(return_id, sku, serial, disposition, disposed_reason, disposed_at, disposed_by)
WHERE u.return_id = x.return_id AND u.sku = x.sku AND u.serial = x.serial AND u.disposition IS NULL
""")
RETURNED_LOTS = text("""
SELECT return_id, sku, lot, location, quantity, disposed, reason, at, actor
FROM return_lot WHERE return_id = ANY(CAST(:returns AS text[]))
""")
SHIPPED = text("""
SELECT s."order", s.customer, s.sku, s.lot, s.shipped, s.returned,
       ARRAY(SELECT DISTINCT l.return_id FROM customer_return r JOIN return_lot l ON l.return_id = r.return_id
             WHERE s.returned > 0 AND r."order" = s."order" AND r.customer = s.customer AND l.sku = s.sku
               AND l.lot = s.lot) AS returns
FROM unnest(CAST(:orders AS text[]), CAST(:skus AS text[]), CAST(:lots AS text[])) AS k("order", sku, lot)
JOIN shipped_lot s ON s."order" = k."order" AND s.sku = k.sku AND s.lot = k.lot
""")
SAVE_SHIPPED = text("""
INSERT INTO shipped_lot ("order", customer, sku, lot, shipped, returned)
SELECT * FROM unnest(CAST(:order AS text[]), CAST(:customer AS text[]), CAST(:sku AS text[]), CAST(:lot AS text[]),
                     CAST(:shipped AS numeric[]), CAST(:returned AS numeric[]))
ON CONFLICT ("order", customer, sku, lot) DO UPDATE SET shipped = excluded.shipped, returned = excluded.returned
""")
SAVE_RETURNED_LOTS = text("""
INSERT INTO return_lot (return_id, sku, lot, location, quantity, disposed, reason, at, actor)
SELECT * FROM unnest(CAST(:return_id AS text[]), CAST(:sku AS text[]), CAST(:lot AS text[]), CAST(:location AS text[]),
                     CAST(:quantity AS numeric[]), CAST(:disposed AS numeric[]), CAST(:reason AS text[]),
                     CAST(:at AS timestamptz[]), CAST(:actor AS text[]))
ON CONFLICT (return_id, sku, lot, location) DO UPDATE SET quantity = excluded.quantity, disposed = excluded.disposed
""")
ADD_DISPOSITIONS = text("""
INSERT INTO lot_disposition (return_id, sku, lot, location, quantity, disposition, reason, at, actor)
SELECT * FROM unnest(CAST(:return_id AS text[]), CAST(:sku AS text[]), CAST(:lot AS text[]), CAST(:location AS text[]),
                     CAST(:quantity AS numeric[]), CAST(:disposition AS text[]), CAST(:reason AS text[]),
                     CAST(:at AS timestamptz[]), CAST(:actor AS text[]))
""")
