"""Writes demands and reads which are known, under their sku's lock."""

from collections.abc import Iterable, Sequence

from sqlalchemy import text

from services.lots.allocation.domain import Opened
from shared.contracts.fulfillment import AllocationWithdrawn
from shared.database import Transaction

KNOWN = text("SELECT id FROM demand WHERE id = ANY(CAST(:ids AS text[]))")

INSERT = text("""
    INSERT INTO demand (id, status, order_id, line, sku, tracking, warehouse, customer, priority, placed_at, shortfall,
                        quantity)
    SELECT * FROM unnest(
        CAST(:ids AS text[]), CAST(:statuses AS text[]), CAST(:orders AS text[]), CAST(:lines AS text[]),
        CAST(:skus AS text[]), CAST(:trackings AS text[]), CAST(:warehouses AS text[]), CAST(:customers AS text[]),
        CAST(:priorities AS integer[]), CAST(:placed AS timestamptz[]), CAST(:shortfalls AS text[]),
        CAST(:quantities AS numeric[])
    )
""")

# A demand that is withdrawn before it was asked for is remembered, and will be found withdrawn.
WITHDRAW = text("""
    INSERT INTO demand AS d (id, status, order_id, line, sku, tracking)
    SELECT id, 'WITHDRAWN', order_id, line, sku, tracking FROM unnest(
        CAST(:ids AS text[]), CAST(:orders AS text[]), CAST(:lines AS text[]), CAST(:skus AS text[]),
        CAST(:trackings AS text[])
    ) AS it (id, order_id, line, sku, tracking)
    ON CONFLICT (id) DO UPDATE SET status = 'WITHDRAWN' WHERE d.status <> 'WITHDRAWN'
""")


async def known(tx: Transaction, ids: Iterable[str]) -> set[str]:
    """Give those of the demands that are known, however they stand."""
    return {row.id for row in await tx.rows(KNOWN, {"ids": list(set(ids))})}


async def insert(tx: Transaction, opened: Sequence[Opened]) -> None:
    """Write new demands."""
    asked = [it.asked for it in opened]
    if asked:
        values = {
            "ids": [it.demand for it in asked],
            "statuses": [it.status for it in opened],
            "orders": [it.order for it in asked],
            "lines": [it.line for it in asked],
            "skus": [it.sku for it in asked],
            "trackings": [it.tracking for it in asked],
            "warehouses": [it.warehouse for it in asked],
            "customers": [it.customer for it in asked],
            "priorities": [it.priority for it in asked],
            "placed": [it.placed_at for it in asked],
            "shortfalls": [it.shortfall for it in asked],
            "quantities": [it.quantity for it in asked],
        }
        await tx.run(INSERT, values)


async def withdraw(tx: Transaction, facts: Iterable[AllocationWithdrawn]) -> None:
    """Close demands for good."""
    once = list({fact.demand: fact for fact in facts}.values())
    if once:
        values = {
            "ids": [fact.demand for fact in once],
            "orders": [fact.order for fact in once],
            "lines": [fact.line for fact in once],
            "skus": [fact.sku for fact in once],
            "trackings": [fact.tracking for fact in once],
        }
        await tx.run(WITHDRAW, values)
