"""Finds the order lines that a product change affects."""

from collections.abc import Collection, Sequence

from sqlalchemy import text

from shared.persistence.database import Transaction

# Uses order_line_awaiting_product; demands are scanned only when the tracking of a product changes, which is rare.
SELECT_AWAITING_LINES = text("""
    SELECT DISTINCT order_id, sku FROM order_line WHERE sku = ANY(CAST(:skus AS text[])) AND awaiting_product
    ORDER BY order_id, sku
""")
SELECT_OPEN_DEMANDS = text("""
    SELECT DISTINCT order_id, sku FROM demand WHERE sku = ANY(CAST(:skus AS text[])) AND NOT cancelled
    ORDER BY order_id, sku
""")


async def find_lines_to_reevaluate(
    tx: Transaction, defined_skus: Collection[str], tracking_changed_skus: Collection[str]
) -> Sequence[tuple[str, str]]:
    """Return (order, sku) of lines that await a defined product or have demands at the wrong stock service."""
    rows = list(await tx.fetch_all(SELECT_AWAITING_LINES, {"skus": sorted(defined_skus)})) if defined_skus else []
    if tracking_changed_skus:
        rows += await tx.fetch_all(SELECT_OPEN_DEMANDS, {"skus": sorted(tracking_changed_skus)})
    return [(row.order_id, row.sku) for row in rows]
