"""Which orders a product's news concern: those that wait for it, and those that asked its former owner."""

from collections.abc import Collection, Sequence

from sqlalchemy import text

from shared.database import Transaction

# By order_line_waiting; demands are only looked through where a product's tracking really changed, which is rare.
WAITING = text("""
    SELECT DISTINCT order_id, sku FROM order_line WHERE sku = ANY(CAST(:skus AS text[])) AND waiting
    ORDER BY order_id, sku
""")
ASKED = text("""
    SELECT DISTINCT order_id, sku FROM demand WHERE sku = ANY(CAST(:skus AS text[])) AND NOT withdrawn
    ORDER BY order_id, sku
""")


async def waiting_for(tx: Transaction, known: Collection[str], switched: Collection[str]) -> Sequence[tuple[str, str]]:
    """(order, sku) of the lines that wait for products known now, or whose demands went to another owner."""
    rows = list(await tx.rows(WAITING, {"skus": sorted(known)})) if known else []
    if switched:
        rows += await tx.rows(ASKED, {"skus": sorted(switched)})
    return [(row.order_id, row.sku) for row in rows]
