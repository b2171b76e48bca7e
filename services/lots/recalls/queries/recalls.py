"""Recalls, read for people: where what is recalled is, which orders wait for it, whom to call, and that it adds up."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text

from shared.database import Transaction

ONE = text("""
    SELECT r.recall, r.reason, r.notice, r.mock, r.opened_at, r.opened_by, r.closed_at, r.closed_by, r.closed_reason,
        count(*) AS products, count(p.answered_at) AS answered,
        CASE WHEN count(*) = count(p.answered_at) THEN max(p.answered_at) END AS complete_at
    FROM recall AS r JOIN recall_product AS p USING (recall) WHERE r.recall = :recall GROUP BY r.recall
""")

LISTED = text("""
    SELECT r.recall, r.reason, r.mock, r.opened_at, r.opened_by, r.closed_at
    FROM recall AS r
    WHERE r.recall > :after AND (CAST(:open AS boolean) IS NULL OR (r.closed_at IS NULL) = :open)
    ORDER BY r.recall LIMIT :size
""")

# A product that was only looked through for serials, and has none of them, is not shown once that is known.
PRODUCTS = text("""
    SELECT p.sku, p.tracking, p.answered_at,
        ARRAY(SELECT l.lot FROM recall_lot AS l WHERE l.recall = p.recall AND l.sku = p.sku ORDER BY l.lot) AS lots,
        (SELECT count(*) FROM recall_unit AS u WHERE u.recall = p.recall AND u.sku = p.sku) AS units
    FROM recall_product AS p
    WHERE p.recall = :recall AND (p.tracking <> 'SERIAL' OR p.answered_at IS NULL OR EXISTS (
        SELECT FROM recall_unit AS u WHERE u.recall = p.recall AND u.sku = p.sku))
    ORDER BY p.sku
""")


async def one(tx: Transaction, recall: str) -> Row[Any] | None:
    """Give a recall, with how many of its products were answered."""
    rows = await tx.rows(ONE, {"recall": recall})
    return rows[0] if rows else None


async def products(tx: Transaction, recall: str) -> Sequence[Row[Any]]:
    """Give the products that a recall touches."""
    return await tx.rows(PRODUCTS, {"recall": recall})


async def listed(tx: Transaction, *, is_open: bool | None, after: str, size: int) -> Sequence[Row[Any]]:
    """Give recalls in order of their names."""
    return await tx.rows(LISTED, {"open": is_open, "after": after, "size": size})
