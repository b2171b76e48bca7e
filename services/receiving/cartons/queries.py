"""Read queries: announced cartons, with what of their content is scanned and received."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text

from shared.persistence.database import Transaction
from shared.persistence.lot_keys import fold_lot_sql
from shared.persistence.sorting import SortKey, SortOrder, Sorts

CARTON_SORTS = Sorts("sscc", sscc=[SortKey("c.sscc")])
IS_OPEN = "r.status IN ('PLANNED', 'IN_PROGRESS')"
# A lot counts if it was scanned by the carton's SSCC: nothing else says from which carton it came.
ITEMS = f"""
SELECT c.receipt, c.part, c.sscc, c.pallet, r.status AS receipt_status, r.supplier, i.line, i.sku, i.lot,
       coalesce(i.quantity, jsonb_array_length(i.serials)) AS quantity,
       coalesce(u.scanned, 0) + coalesce(s.scanned, 0) AS scanned,
       coalesce(u.received, 0) + coalesce(s.received, 0) AS received,
       CASE WHEN {IS_OPEN} THEN greatest(l.expected_quantity - l.scanned - l.received, 0) ELSE 0 END AS line_open,
       coalesce(u.units, '[]') AS units,
       coalesce(p.receive_by_carton, false) OR coalesce(o.receive_by_carton, false) AS receive_by_carton
FROM {{cartons}} c JOIN receipt r USING (receipt)
LEFT JOIN LATERAL (
    SELECT e.item->>'line' AS line, e.item->>'sku' AS sku, coalesce(e.item->>'lot', '') AS lot, e.ordinality,
           CAST(e.item->>'quantity' AS numeric) AS quantity, coalesce(e.item->'serials', '[]') AS serials
    FROM jsonb_array_elements(c.content) WITH ORDINALITY AS e(item, ordinality)
) AS i ON true
LEFT JOIN receipt_line l ON l.receipt = c.receipt AND l.line = i.line
LEFT JOIN product p ON p.sku = i.sku
LEFT JOIN supplier o ON o.supplier = r.supplier
LEFT JOIN LATERAL (
    SELECT count(*) FILTER (WHERE status = 'SCANNED') AS scanned,
           count(*) FILTER (WHERE status = 'RECEIVED') AS received,
           jsonb_agg(jsonb_build_object('serial', serial, 'status', status, 'inferred_from', inferred_from)
                     ORDER BY ordinality) AS units
    FROM (
        SELECT n.serial, n.ordinality, CASE WHEN u.receipt = c.receipt THEN u.inferred_from END AS inferred_from,
               CASE WHEN u.receipt IS DISTINCT FROM c.receipt OR u.status = 'INACTIVE' THEN 'UNEXPECTED'
                    WHEN u.status IN ('EXPECTED', 'SCANNED') THEN u.status ELSE 'RECEIVED' END AS status
        FROM jsonb_array_elements_text(i.serials) WITH ORDINALITY AS n(serial, ordinality)
        LEFT JOIN unit u ON u.sku = i.sku AND lower(u.serial) = lower(n.serial) AND u.serial = n.serial
    ) AS listed
) AS u ON true
LEFT JOIN LATERAL (
    SELECT sum(quantity) FILTER (WHERE status NOT IN ('RECEIVED', 'REJECTED')) AS scanned,
           sum(quantity) FILTER (WHERE status = 'RECEIVED') AS received
    FROM lot_scan
    WHERE receipt = c.receipt AND sku = i.sku AND inferred_from = c.sscc
      AND {fold_lot_sql("lot")} = {fold_lot_sql("i.lot")}
) AS s ON i.serials = '[]'
"""  # noqa: S608 - constant names
SELECT_CARTON = text(f"""
WITH named AS (
    SELECT * FROM announced_carton WHERE sscc = :sscc UNION SELECT * FROM announced_carton WHERE pallet = :sscc
), chosen AS (
    SELECT c.* FROM named c WHERE c.receipt = (
        SELECT receipt FROM named JOIN receipt r USING (receipt)
        WHERE CAST(:receipt AS text) IS NULL OR receipt = :receipt
        ORDER BY {IS_OPEN} DESC, r.created_at DESC, receipt LIMIT 1
    )
)
{ITEMS.format(cartons="chosen")} ORDER BY c.sscc, c.part, i.ordinality
""")  # noqa: S608 - constant names


def select_cartons(order: SortOrder) -> str:
    """Write the statement of a page of the cartons of a receipt, with the quantities of their content."""
    return f"""
WITH page AS (
    SELECT c.sscc FROM announced_carton c
    WHERE c.receipt = :receipt AND (CAST(:pallet AS text) IS NULL OR c.pallet = :pallet) AND {order.after()}
    GROUP BY c.sscc {order.order_by} LIMIT CASE WHEN CAST(:open AS boolean) IS NULL THEN CAST(:size AS integer) END
), chosen AS (
    SELECT c.* FROM announced_carton c JOIN page USING (sscc) WHERE c.receipt = :receipt
)
SELECT * FROM (
    SELECT c.sscc, max(c.pallet) AS pallet, coalesce(sum(c.quantity), 0) AS quantity, sum(c.scanned) AS scanned,
           sum(c.received) AS received,
           coalesce(sum(greatest(least(c.quantity - c.scanned - c.received, c.line_open), 0)), 0) AS open_quantity
    FROM ({ITEMS.format(cartons="chosen")}) AS c GROUP BY c.sscc
) AS c
WHERE CAST(:open AS boolean) IS NULL OR (c.open_quantity > 0) = :open
{order.order_by} LIMIT :size
    """  # noqa: S608 - constant names


async def find_carton(tx: Transaction, sscc: str, receipt: str | None) -> Sequence[Row[Any]]:
    """Find the content of a carton, or of all cartons on a pallet, on an open receipt first, then the latest."""
    return await tx.fetch_all(SELECT_CARTON, {"sscc": sscc, "receipt": receipt})
