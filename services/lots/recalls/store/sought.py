"""What recalls look for: kept when they are opened, asked for every lot that arrives, after their closing too.

Who opens a recall and who takes in a receipt wait for each other by one advisory lock, which receipts share: or a lot
could come in while the recall that seeks it is being written, and neither would see the other. So do those who open or
close a recall and those who change how a product is tracked.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import text

from services.lots.recalls.domain.opening import Asked
from shared.database import Transaction
from shared.records import load_records

ALONE = text("SELECT pg_advisory_xact_lock(hashtext('tracelot.recalls'))")
TOGETHER = text("SELECT pg_advisory_xact_lock_shared(hashtext('tracelot.recalls'))")
KEEP = text("""
    INSERT INTO recall_sought (recall, kind, first, last, skus)
    SELECT r, kind, first, last, CASE WHEN skus = '' THEN '{}' ELSE string_to_array(skus, chr(10)) END
    FROM unnest(CAST(:recalls AS text[]), CAST(:kinds AS text[]), CAST(:firsts AS text[]), CAST(:lasts AS text[]),
                CAST(:skus AS text[])) AS it (r, kind, first, last, skus)
""")
SEEK = text("""
    WITH came AS (
        SELECT sku, lot FROM unnest(CAST(:skus AS text[]), CAST(:lots AS text[])) AS it (sku, lot)
    ), hit AS (
        SELECT c.sku, c.lot, s.recall, s.skus FROM came AS c
        JOIN recall_sought AS s ON s.kind = 'WORD' AND s.first = lower(c.lot)
        UNION ALL
        SELECT c.sku, c.lot, s.recall, s.skus FROM came AS c
        JOIN recall_sought AS s ON s.kind = 'LOT' AND s.first = c.lot
        UNION ALL
        SELECT c.sku, c.lot, s.recall, s.skus FROM came AS c
        JOIN recall_sought AS s ON s.kind = 'RANGE' AND s.first <= lower(c.lot) AND s.last >= lower(c.lot)
            AND length(s.first) = length(c.lot)
    )
    SELECT DISTINCT h.recall, h.sku, h.lot, r.reason FROM hit AS h JOIN recall AS r USING (recall)
    WHERE (h.skus = '{}' OR h.sku = ANY(h.skus))
        AND NOT EXISTS (
            SELECT FROM recall_lot AS l WHERE l.recall = h.recall AND l.sku = h.sku AND l.lot = h.lot
        )
    ORDER BY h.recall, h.sku, h.lot
""")
ADD_PRODUCTS = text("""
    INSERT INTO recall_product (recall, sku, tracking, answered_at)
    SELECT DISTINCT r, sku, 'LOT', CAST(:now AS timestamptz)
    FROM unnest(CAST(:recalls AS text[]), CAST(:skus AS text[])) AS it (r, sku)
    ON CONFLICT DO NOTHING
""")
ADD_LOTS = text("""
    INSERT INTO recall_lot (recall, sku, lot)
    SELECT * FROM unnest(CAST(:recalls AS text[]), CAST(:skus AS text[]), CAST(:lots AS text[])) ON CONFLICT DO NOTHING
""")


class Sought(NamedTuple):
    """A lot that arrives, and a recall that looks for it."""

    recall: str
    sku: str
    lot: str
    reason: str


async def alone(tx: Transaction) -> None:
    """Let no receipt come in between what a recall finds and what it leaves to be found."""
    await tx.run(ALONE)


async def together(tx: Transaction) -> None:
    """Let no recall be opened meanwhile: those that are, are seen from here on."""
    await tx.run(TOGETHER)


async def keep(tx: Transaction, opened: Sequence[Asked]) -> None:
    """Keep what recalls look for, for what arrives later; a mock one is over once it is answered."""
    rows = [row for asked in opened if not asked.event.data.mock for row in _rows(asked)]
    if rows:
        recalls, kinds, firsts, lasts, skus = zip(*rows, strict=True)
        await tx.run(KEEP, {"recalls": recalls, "kinds": kinds, "firsts": firsts, "lasts": lasts, "skus": skus})


def _rows(asked: Asked) -> Iterator[tuple[str, str, str, str, str]]:
    wish, about = asked.event.data, "\n".join(asked.event.data.skus)
    for word in asked.notice.words:
        yield wish.recall, "WORD", word.lower(), "", about
    for span in asked.notice.ranges:
        yield wish.recall, "RANGE", span.first.lower(), span.last.lower(), about
    for named in wish.ranges:
        yield wish.recall, "RANGE", named.first.lower(), named.last.lower(), named.sku
    for one in wish.lots:
        if one.sku is None:
            yield wish.recall, "LOT", one.lot, "", about


async def seek(tx: Transaction, came: Iterable[tuple[str, str]]) -> list[Sought]:
    """Give the recalls that look for lots which arrive, (sku, lot), and do not know them yet; they know them then."""
    keys = sorted({(sku, lot) for sku, lot in came if lot})
    if not keys:
        return []
    await together(tx)
    values = {"skus": [sku for sku, _ in keys], "lots": [lot for _, lot in keys]}
    found = load_records(Sought, await tx.rows(SEEK, values))
    if found:
        touched = {"recalls": [it.recall for it in found], "skus": [it.sku for it in found]}
        await tx.run(ADD_PRODUCTS, touched | {"now": tx.now})
        await tx.run(ADD_LOTS, touched | {"lots": [it.lot for it in found]})
    return found
