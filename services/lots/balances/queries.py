"""Holds, and whether the books agree, read for people."""

from collections.abc import Sequence
from typing import Any

from pydantic import Field
from sqlalchemy import Row, text

from shared.contracts.model import KnownFieldsModel
from shared.database import Transaction
from shared.identifiers import Exact

HOLDS = text("""
    SELECT h.id, h.hold, h.sku, h.lot, h.location, h.kind, h.reason, h.role, h.return_id, h.opened_by, h.opened_at,
           coalesce(b.on_hand, 0) AS on_hand, coalesce(b.allocated, 0) AS allocated
    FROM hold AS h LEFT JOIN LATERAL (
        SELECT sum(on_hand) AS on_hand, sum(allocated) AS allocated FROM balance
        WHERE sku = h.sku AND lot = h.lot AND (h.location IS NULL OR location = h.location)
    ) AS b ON true
    WHERE h.lifted_at IS NULL AND h.id > :after
        AND (CAST(:sku AS text) IS NULL OR h.sku = :sku) AND (CAST(:lot AS text) IS NULL OR h.lot = :lot)
        AND (CAST(:hold AS text) IS NULL OR h.hold = :hold) AND (CAST(:kind AS text) IS NULL OR h.kind = :kind)
    ORDER BY h.id LIMIT :size
""")


class Reconciled(KnownFieldsModel):
    """What the formula adds up: received + returned + counted up = all the rest, in a warehouse."""

    warehouse: str = Field(description="the warehouse")
    received: Exact = Field(description="what receipts brought")
    returned: Exact = Field(description="what came back from customers")
    counted_up: Exact = Field(description="what was found or counted up")
    on_hand: Exact = Field(description="what lies there by the balances")
    allocated: Exact = Field(description="of that what orders have")
    picked: Exact = Field(description="what is picked")
    shipped: Exact = Field(description="what has left")
    scrapped: Exact = Field(description="what was scrapped")
    sent_back: Exact = Field(description="what was sent back to its supplier")
    counted_down: Exact = Field(description="what was lost or counted down")


KINDS = """
    coalesce(sum(on_hand) FILTER (WHERE change = 'RECEIVED'), 0) AS received,
    coalesce(sum(on_hand) FILTER (WHERE change = 'RETURNED'), 0) AS returned,
    coalesce(sum(on_hand) FILTER (WHERE change IN ('FOUND', 'COUNTED_UP')), 0) AS counted_up,
    coalesce(-sum(on_hand) FILTER (WHERE change IN ('LOST', 'COUNTED_DOWN')), 0) AS counted_down,
    coalesce(-sum(on_hand) FILTER (WHERE change = 'SCRAPPED'), 0) AS scrapped,
    coalesce(-sum(on_hand) FILTER (WHERE change = 'SENT_BACK'), 0) AS sent_back,
    coalesce(-sum(picked) FILTER (WHERE change = 'SHIPPED'), 0) AS shipped
"""


def reconciliation(lots: str) -> str:
    """Prove of some lots, by warehouse, that the ledger is the balance, and that what came is here or gone.

    What came is what is here, picked, or gone; the ledger's sums are the balances; what orders have is what is
    allocated. All three are told as they are, so that a person sees by how much they differ. `lots` is a statement
    that gives (sku, lot): only their rows are read.
    """
    return f"""
        WITH asked AS MATERIALIZED ({lots}), entered AS (
            SELECT sku, lot, warehouse, sum(on_hand) AS ledger_on_hand, sum(picked) AS ledger_picked, {KINDS}
            FROM asked JOIN ledger USING (sku, lot) GROUP BY sku, lot, warehouse
        ), lying AS (
            SELECT sku, lot, warehouse, sum(on_hand) AS on_hand, sum(allocated) AS allocated
            FROM asked JOIN balance USING (sku, lot) GROUP BY sku, lot, warehouse
        ), taken AS (
            SELECT sku, lot, warehouse, sum(quantity) AS picked
            FROM asked JOIN picked USING (sku, lot) WHERE quantity > 0 GROUP BY sku, lot, warehouse
        ), promised AS (
            SELECT sku, lot, split_part(location, '/', 1) AS warehouse, sum(quantity) AS reserved
            FROM asked JOIN reserved USING (sku, lot) WHERE quantity > 0
            GROUP BY sku, lot, split_part(location, '/', 1)
        ), told AS (
            SELECT sku, lot, warehouse,
                coalesce(received, 0) AS received, coalesce(returned, 0) AS returned,
                coalesce(counted_up, 0) AS counted_up, coalesce(counted_down, 0) AS counted_down,
                coalesce(scrapped, 0) AS scrapped, coalesce(sent_back, 0) AS sent_back,
                coalesce(shipped, 0) AS shipped,
                coalesce(on_hand, 0) AS on_hand, coalesce(allocated, 0) AS allocated, coalesce(picked, 0) AS picked,
                coalesce(ledger_on_hand, 0) AS ledger_on_hand, coalesce(ledger_picked, 0) AS ledger_picked,
                coalesce(reserved, 0) AS reserved
            FROM entered FULL JOIN lying USING (sku, lot, warehouse) FULL JOIN taken USING (sku, lot, warehouse)
            FULL JOIN promised USING (sku, lot, warehouse)
        ), counted AS (
            SELECT told.*, received + returned + counted_up
                - on_hand - picked - shipped - scrapped - sent_back - counted_down AS difference
            FROM told
        )
        SELECT counted.*, difference = 0 AND ledger_on_hand = on_hand AND ledger_picked = picked
            AND reserved = allocated AS agrees
        FROM counted
    """  # noqa: S608 - all parts are this service's own


async def open_holds(tx: Transaction, *, size: int, after: int = 0, **of: str | None) -> Sequence[Row[Any]]:
    """Give open holds, a row a lot or a lot at a place, the oldest first; of a sku, lot, hold, kind where asked."""
    nothing = {"sku": None, "lot": None, "hold": None, "kind": None}
    return await tx.rows(HOLDS, nothing | of | {"after": after, "size": size})
