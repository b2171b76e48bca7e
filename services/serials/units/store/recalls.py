"""Which units open recalls watch, whether those are under the recall's hold, and where they have gone."""

from collections.abc import Iterable, Mapping

from sqlalchemy import text

from services.serials.units.domain.book import Book
from services.serials.units.domain.recalls import News, Shipped
from services.serials.units.domain.unit import Unit
from shared.contracts.lots import RecallClosed
from shared.database import Transaction

# A recall that is told twice, or a unit that comes back, is watched once.
WATCH = text("""
    WITH fresh AS (
        INSERT INTO recall_watch (serial_id, recall, sku, hold)
        SELECT * FROM unnest(
            CAST(:ids AS bigint[]), CAST(:recalls AS text[]), CAST(:skus AS text[]), CAST(:holds AS text[])
        ) ON CONFLICT DO NOTHING RETURNING serial_id
    )
    UPDATE serial_state AS s SET watches = s.watches + f.watches
    FROM (SELECT serial_id, count(*) AS watches FROM fresh GROUP BY serial_id) AS f WHERE s.id = f.serial_id
""")

# A recall is closed seldom: it walks through all that is watched.
UNWATCH = text("""
    WITH over AS (
        DELETE FROM recall_watch AS w USING unnest(CAST(:recalls AS text[]), CAST(:skus AS text[])) AS k (recall, sku)
        WHERE w.recall = k.recall AND w.sku = k.sku RETURNING w.serial_id
    )
    UPDATE serial_state AS s SET watches = s.watches - o.watches
    FROM (SELECT serial_id, count(*) AS watches FROM over GROUP BY serial_id) AS o WHERE s.id = o.serial_id
""")

WATCHED = text("""
    SELECT w.serial_id, w.recall, EXISTS (
        SELECT FROM hold AS h WHERE h.serial_id = w.serial_id AND h.hold = w.hold AND h.lifted IS NULL
    ) AS held
    FROM recall_watch AS w WHERE w.serial_id = ANY(CAST(:ids AS bigint[]))
""")

CLOSE = text("""
    UPDATE hold_scope AS c SET closed = true
    FROM unnest(CAST(:recalls AS text[]), CAST(:skus AS text[])) AS k (recall, sku)
    WHERE c.recall = k.recall AND c.sku = k.sku
""")

SHIPPED = text("""
    SELECT k.id, left_by.occurred, left_by.customer_name, left_by.contact
    FROM unnest(CAST(:ids AS bigint[])) AS k (id) CROSS JOIN LATERAL (
        SELECT a.* FROM audit AS u JOIN act AS a ON a.id = u.act
        WHERE u.serial_id = k.id AND u.status = 'SHIPPED' AND u.from_status = 'PICKED'
        ORDER BY u.version DESC LIMIT 1
    ) AS left_by
""")


async def watch(tx: Transaction, book: Book) -> None:
    """Watch the units of a book that is saved which a recall names."""
    if book.watched:
        values = {
            "ids": [unit.id for unit, _ in book.watched],
            "recalls": [scope.recall for _, scope in book.watched],
            "skus": [scope.sku for _, scope in book.watched],
            "holds": [scope.hold for _, scope in book.watched],
        }
        await tx.run(WATCH, values)


async def unwatch(tx: Transaction, closed: Iterable[RecallClosed]) -> None:
    """Watch nothing more for recalls that are over, what arrives neither."""
    recalls, skus = zip(*((it.recall, it.sku) for it in closed), strict=True)
    for statement in (UNWATCH, CLOSE):
        await tx.run(statement, {"recalls": recalls, "skus": skus})


async def news_of(tx: Transaction, book: Book) -> list[News]:
    """Find the recalls that watch units which took a step in a book, after it is saved."""
    units = {unit.id: unit for unit in book.stepped if unit.watches}
    rows = await tx.rows(WATCHED, {"ids": list(units)}) if units else ()
    return [News(recall=row.recall, unit=units[row.serial_id], held=row.held) for row in rows]


async def shipments_of(tx: Transaction, units: Iterable[Unit]) -> Mapping[int | None, Shipped]:
    """When units that are out left, and whom to call."""
    ids = [unit.id for unit in units if unit.status == "SHIPPED"]
    rows = await tx.rows(SHIPPED, {"ids": ids}) if ids else ()
    return {
        row.id: Shipped(at=row.occurred, customer_name=row.customer_name or "", contact=row.contact or "")
        for row in rows
    }
