"""Queries of recalls and their products."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text

from services.lots.recalls.domain.answer import NoticeReading, Recognised, read_answer
from services.lots.recalls.domain.query import RecallQuery
from shared.contracts.commands.lots import OpenRecall
from shared.persistence.database import Transaction
from shared.persistence.sorting import SortKey, SortOrder, Sorts

SELECT_RECALL = text("""
    SELECT r.recall, r.reason, r.notice, r.mock, r.dry_run, r.opened_at, r.opened_by, r.closed_at, r.closed_by,
        r.closed_reason, CAST(r.request AS text) AS request, CAST(r.recognised AS text) AS recognised,
        coalesce(r.request -> 'scans', '[]') AS scans, count(p.recall) AS products, count(p.answered_at) AS answered,
        CASE WHEN count(p.recall) = count(p.answered_at) THEN coalesce(max(p.answered_at), r.opened_at) END
            AS complete_at
    FROM recall AS r LEFT JOIN recall_product AS p USING (recall) WHERE r.recall = :recall GROUP BY r.recall
""")

SORTS = Sorts(
    "recall", recall=[SortKey("r.recall")], opened_at=[SortKey("r.opened_at", "timestamptz"), SortKey("r.recall")]
)


def select_recalls(order: SortOrder) -> str:
    """Write the statement of a page of recalls."""
    return f"""
    SELECT r.recall, r.reason, r.mock, r.dry_run, r.opened_at, r.opened_by, r.closed_at
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

# A lot that was never in stock is listed and held, and matches nothing yet.
SELECT_MATCHED = text("""
    SELECT l.sku, l.lot, NULL AS serial FROM recall_lot AS l
    WHERE l.recall = :recall AND EXISTS (SELECT FROM ledger AS g WHERE g.sku = l.sku AND g.lot = l.lot)
    UNION ALL
    SELECT u.sku, coalesce(u.lot, ''), u.serial FROM recall_unit AS u WHERE u.recall = :recall
""")


async def find_recall(tx: Transaction, recall: str) -> Row[Any] | None:
    """Return a recall with the numbers of its products and answers."""
    rows = await tx.fetch_all(SELECT_RECALL, {"recall": recall})
    return rows[0] if rows else None


async def find_products(tx: Transaction, recall: str) -> Sequence[Row[Any]]:
    """Return the affected products of a recall."""
    return await tx.fetch_all(SELECT_PRODUCTS, {"recall": recall})


async def read_notice(tx: Transaction, recall: Row[Any]) -> NoticeReading | None:
    """Return what a recall reads in its notice, and which of its numbers match nothing so far."""
    if recall.request is None:
        return None
    rows = await tx.fetch_all(SELECT_MATCHED, {"recall": recall.recall})
    query = RecallQuery.from_command(OpenRecall.model_validate_json(recall.request))
    recognised = Recognised.from_json(recall.recognised)
    serials = {row.serial for row in rows if row.serial is not None}
    return read_answer(query, recognised, {(row.sku, row.lot) for row in rows}, serials)
