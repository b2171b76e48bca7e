"""Queries of holds and of the reconciliation."""

from pydantic import Field

from services.lots.balances.store.tables import HOLD
from shared.contracts.model import KnownFieldsModel
from shared.identifiers import SignedQuantity
from shared.persistence.lot_keys import fold_lot_sql
from shared.persistence.sorting import SortKey, SortOrder, Sorts

SAME_LOT = f"{fold_lot_sql('h.lot')} = {fold_lot_sql('btrim(CAST(:lot AS text))')}"
HOLD_SORTS = Sorts("opened_at", opened_at=[SortKey("h.id", "bigint")])
"""By the ids, which are in the order of recording."""


def select_holds(order: SortOrder) -> str:
    """Write the statement of a page of open or released holds, one row per lot and location."""
    return f"""
    SELECT h.id, {HOLD.columns("h")}, coalesce(b.on_hand, 0) AS on_hand, coalesce(b.allocated, 0) AS allocated
    FROM hold AS h LEFT JOIN LATERAL (
        SELECT sum(on_hand) AS on_hand, sum(allocated) AS allocated FROM balance
        WHERE sku = h.sku AND lot = h.lot AND (h.location IS NULL OR location = h.location)
    ) AS b ON true
    WHERE (h.released_at IS NOT NULL) = :released AND {order.after()}
        AND (CAST(:sku AS text) IS NULL OR h.sku = :sku) AND (CAST(:lot AS text) IS NULL OR {SAME_LOT})
        AND (CAST(:hold AS text) IS NULL OR h.hold_id = :hold) AND (CAST(:kind AS text) IS NULL OR h.kind = :kind)
    {order.order_by} LIMIT :size
    """  # noqa: S608 - the columns are this service's own


class ReconciliationTotals(KnownFieldsModel):
    """Totals of the reconciliation in a warehouse: inflows equal stock plus outflows."""

    warehouse: str = Field(description="warehouse")
    received: SignedQuantity = Field(description="received quantity")
    returned: SignedQuantity = Field(description="quantity returned by customers")
    count_gain: SignedQuantity = Field(description="quantity found or gained in cycle counts")
    corrected: SignedQuantity = Field(description="quantity recorded under another number before, less the opposite")
    on_hand: SignedQuantity = Field(description="on-hand quantity of the balances")
    allocated: SignedQuantity = Field(description="allocated part of the on-hand quantity")
    picked: SignedQuantity = Field(description="picked quantity, not shipped")
    shipped: SignedQuantity = Field(description="shipped quantity")
    scrapped: SignedQuantity = Field(description="scrapped quantity")
    returned_to_vendor: SignedQuantity = Field(description="quantity returned to the vendor")
    count_loss: SignedQuantity = Field(description="quantity lost, also in cycle counts")


CHANGE_TOTALS = """
    coalesce(sum(on_hand) FILTER (WHERE change = 'RECEIVED'), 0) AS received,
    coalesce(sum(on_hand) FILTER (WHERE change = 'RETURNED'), 0) AS returned,
    coalesce(sum(on_hand) FILTER (WHERE change IN ('FOUND', 'COUNT_GAIN')), 0) AS count_gain,
    coalesce(sum(on_hand + picked) FILTER (WHERE change = 'NUMBER_CORRECTED'), 0) AS corrected,
    coalesce(-sum(on_hand + picked) FILTER (WHERE change IN ('LOST', 'COUNT_LOSS')), 0) AS count_loss,
    coalesce(-sum(on_hand) FILTER (WHERE change = 'SCRAPPED'), 0) AS scrapped,
    coalesce(-sum(on_hand) FILTER (WHERE change = 'RETURNED_TO_VENDOR'), 0) AS returned_to_vendor,
    coalesce(-sum(picked) FILTER (WHERE change = 'SHIPPED'), 0) AS shipped
"""


def reconciliation_query(lots_query: str) -> str:
    """Reconcile lots by warehouse.

    Three conditions: inflows equal on-hand plus picked stock plus outflows; the sums of the ledger equal the balances;
    the reservations equal the allocated quantity. The result contains all quantities, so that differences are visible.
    `lots_query` selects (sku, lot): only rows of these lots are read.
    """
    return f"""
        WITH selected AS MATERIALIZED ({lots_query}), ledger_totals AS (
            SELECT sku, lot, warehouse, sum(on_hand) AS ledger_on_hand, sum(picked) AS ledger_picked, {CHANGE_TOTALS}
            FROM selected JOIN ledger USING (sku, lot) GROUP BY sku, lot, warehouse
        ), balance_totals AS (
            SELECT sku, lot, warehouse, sum(on_hand) AS on_hand, sum(allocated) AS allocated
            FROM selected JOIN balance USING (sku, lot) GROUP BY sku, lot, warehouse
        ), picked_totals AS (
            SELECT sku, lot, warehouse, sum(quantity) AS picked
            FROM selected JOIN picked_stock USING (sku, lot) WHERE quantity > 0 GROUP BY sku, lot, warehouse
        ), reservation_totals AS (
            SELECT sku, lot, split_part(location, '/', 1) AS warehouse, sum(quantity) AS reserved
            FROM selected JOIN reservation USING (sku, lot) WHERE quantity > 0
            GROUP BY sku, lot, split_part(location, '/', 1)
        ), totals AS (
            SELECT sku, lot, warehouse,
                coalesce(received, 0) AS received, coalesce(returned, 0) AS returned,
                coalesce(count_gain, 0) AS count_gain, coalesce(count_loss, 0) AS count_loss,
                coalesce(corrected, 0) AS corrected,
                coalesce(scrapped, 0) AS scrapped, coalesce(returned_to_vendor, 0) AS returned_to_vendor,
                coalesce(shipped, 0) AS shipped,
                coalesce(on_hand, 0) AS on_hand, coalesce(allocated, 0) AS allocated, coalesce(picked, 0) AS picked,
                coalesce(ledger_on_hand, 0) AS ledger_on_hand, coalesce(ledger_picked, 0) AS ledger_picked,
                coalesce(reserved, 0) AS reserved
            FROM ledger_totals FULL JOIN balance_totals USING (sku, lot, warehouse)
            FULL JOIN picked_totals USING (sku, lot, warehouse) FULL JOIN reservation_totals USING (sku, lot, warehouse)
        ), reconciled AS (
            SELECT totals.*, received + returned + count_gain + corrected
                - on_hand - picked - shipped - scrapped - returned_to_vendor - count_loss AS difference
            FROM totals
        )
        SELECT reconciled.*, difference = 0 AND ledger_on_hand = on_hand AND ledger_picked = picked
            AND reserved = allocated AS agrees
        FROM reconciled
    """  # noqa: S608 - all parts are constants of this service
