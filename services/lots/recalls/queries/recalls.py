"""Queries of recalls and their products."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text

from shared.persistence.database import Transaction
from shared.persistence.sorting import SortKey, SortOrder, Sorts

SELECT_RECALL = text("""
    SELECT r.recall, r.reason, r.notice, r.mock, r.opened_at, r.opened_by, r.closed_at, r.closed_by, r.closed_reason,
        count(*) AS products, count(p.answered_at) AS answered,
        CASE WHEN count(*) = count(p.answered_at) THEN max(p.answered_at) END AS complete_at
    FROM recall AS r JOIN recall_product AS p USING (recall) WHERE r.recall = :recall GROUP BY r.recall
""")

SORTS = Sorts(
    "recall", recall=[SortKey("r.recall")], opened_at=[SortKey("r.opened_at", "timestamptz"), SortKey("r.recall")]
)


def select_recalls(order: SortOrder) -> str:
    """Write the statement of a page of recalls."""
    return f"""
    SELECT r.recall, r.reason, r.mock, r.opened_at, r.opened_by, r.closed_at
    FROM recall AS r
    WHERE {order.after()} AND (CAST(:open AS boolean) IS NULL OR (r.closed_at IS NULL) = :open)
    {order.order_by} LIMIT :size
    """  # noqa: S608 - constant names


# Serial-tracked products are left out once the answer contains no unit of them.
SELECT_PRODUCTS = text("""
    SELECT p.sku, p.tracking, p.answered_at,
        ARRAY(SELECT l.lot FROM recall_lot AS l WHERE l.recall = p.recall AND l.sku = p.sku ORDER BY l.lot) AS lots,
        (SELECT count(*) FROM recall_unit AS u WHERE u.recall = p.recall AND u.sku = p.sku) AS units
    FROM recall_product AS p
    WHERE p.recall = :recall AND (p.tracking <> 'SERIAL' OR p.answered_at IS NULL OR EXISTS (
        SELECT FROM recall_unit AS u WHERE u.recall = p.recall AND u.sku = p.sku))
    ORDER BY p.sku
""")


async def find_recall(tx: Transaction, recall: str) -> Row[Any] | None:
    """Return a recall with the numbers of its products and answers."""
    rows = await tx.fetch_all(SELECT_RECALL, {"recall": recall})
    return rows[0] if rows else None


async def find_products(tx: Transaction, recall: str) -> Sequence[Row[Any]]:
    """Return the affected products of a recall."""
    return await tx.fetch_all(SELECT_PRODUCTS, {"recall": recall})
