"""Recalls, read for people: where what is recalled is, which orders wait for it, whom to call, and that it adds up.

Lots are read from where they stand, units from what the registry last told; so later moves correct every page.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, TextClause, text

from shared.database import Transaction

ONE = text("""
    SELECT r.recall, r.reason, r.notice, r.mock, r.opened_at, r.opened_by, r.closed_at, r.closed_by, r.closed_reason,
        count(*) AS products, count(p.answered_at) AS answered,
        CASE WHEN count(*) = count(p.answered_at) THEN max(p.answered_at) END AS complete_at
    FROM recall AS r JOIN recall_product AS p USING (recall) WHERE r.recall = :recall GROUP BY r.recall
""")

LISTED = text("""
    SELECT r.recall, r.reason, r.mock, r.opened_at, r.opened_by, r.closed_at
    FROM recall AS r WHERE r.recall > :after AND (NOT :open_only OR r.closed_at IS NULL) ORDER BY r.recall LIMIT :size
""")

PRODUCTS = text("""
    SELECT p.sku, p.tracking, p.answered_at,
        ARRAY(SELECT l.lot FROM recall_lot AS l WHERE l.recall = p.recall AND l.sku = p.sku ORDER BY l.lot) AS lots,
        (SELECT count(*) FROM recall_unit AS u WHERE u.recall = p.recall AND u.sku = p.sku) AS units
    FROM recall_product AS p
    WHERE p.recall = :recall AND (p.tracking <> 'SERIAL' OR p.answered_at IS NULL OR EXISTS (
        SELECT FROM recall_unit AS u WHERE u.recall = p.recall AND u.sku = p.sku))
    ORDER BY p.sku
""")


def paged(statement: str, *key: str) -> TextClause:
    """A statement in the order of a key, one page of it after a row: `:after_KEY` of each part, `:size` rows."""
    after = ", ".join(f":after_{name}" for name in key)
    names = ", ".join(f'"{name}"' for name in key)
    return text(f"""
        SELECT * FROM ({statement}) AS it
        WHERE ({", ".join(f'"{name}" COLLATE "C"' for name in key)}) > ({after}) ORDER BY {names} LIMIT :size
    """)  # noqa: S608 - both are this module's own


async def one(tx: Transaction, recall: str) -> Row[Any] | None:
    """Give a recall, with how many of its products were answered."""
    rows = await tx.rows(ONE, {"recall": recall})
    return rows[0] if rows else None


async def listed(tx: Transaction, *, open_only: bool, after: str, size: int) -> Sequence[Row[Any]]:
    """Give recalls in order of their names."""
    return await tx.rows(LISTED, {"open_only": open_only, "after": after, "size": size})
