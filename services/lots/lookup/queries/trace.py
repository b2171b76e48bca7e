"""Queries of lot traceability on the ledger."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text

from shared.persistence.database import Transaction

MAX_ROWS = 10_000
"""Maximum number of rows per list of a response."""

# Goods with a corrected number came in under the wrong one.
SELECT_INFLOWS = text("""
    WITH RECURSIVE recorded_as AS (
        SELECT CAST(:lot AS text) COLLATE "C" AS lot
        UNION
        SELECT g.other_lot FROM recorded_as AS r JOIN ledger AS g ON g.lot = r.lot
        WHERE g.sku = :sku AND g.change = 'NUMBER_CORRECTED' AND g.on_hand + g.picked > 0 AND :with_former_lots
    )
    SELECT change, lot, on_hand AS quantity, warehouse, location, recorded_at, occurred_at, actor,
        reason, receipt, line, supplier, return_id, order_id AS "order", customer, inferred_from, scan
    FROM recorded_as JOIN ledger USING (lot)
    WHERE sku = :sku AND change IN ('RECEIVED', 'RETURNED', 'FOUND', 'COUNT_GAIN')
    ORDER BY id LIMIT :max_rows
""")
SELECT_NUMBER_CORRECTIONS = text("""
    SELECT CASE WHEN on_hand + picked > 0 THEN other_lot ELSE lot END AS from_lot,
        CASE WHEN on_hand + picked > 0 THEN lot ELSE other_lot END AS lot, abs(on_hand + picked) AS quantity, warehouse,
        coalesce(location, picked_location) AS location, shipment, order_id AS "order", line, customer, recorded_at,
        occurred_at, actor, reason, scan
    FROM ledger WHERE sku = :sku AND lot = :lot AND change = 'NUMBER_CORRECTED' ORDER BY id LIMIT :max_rows
""")
# A correction after the departure moves the quantity; both lots show the shipment.
SELECT_OUTFLOWS = text("""
    SELECT s.shipment, s."order", s.line, s.customer, s.warehouse, s.quantity, s.id,
        coalesce(s.shipped_at, n.recorded_at, s.recorded_at) AS shipped_at,
        coalesce(n.customer_name, '') AS customer_name, coalesce(n.contact, '') AS contact
    FROM (
        SELECT shipment, order_id AS "order", line, customer, warehouse,
            greatest(-sum(picked) FILTER (WHERE other_lot IS NULL), -sum(picked)) AS quantity,
            min(recorded_at) FILTER (WHERE other_lot IS NULL) AS shipped_at, min(recorded_at) AS recorded_at,
            min(id) AS id
        FROM ledger WHERE sku = :sku AND lot = :lot AND change = 'SHIPPED'
        GROUP BY shipment, order_id, line, customer, warehouse ORDER BY min(id) LIMIT :max_rows
    ) AS s LEFT JOIN consignee AS n ON n.shipment = s.shipment AND n.order_id = s."order"
    WHERE s.quantity > 0 ORDER BY s.id
""")
SELECT_COMMITMENTS = text("""
    SELECT r.order_id AS "order", r.line, r.status, r.location, r.quantity, d.customer FROM (
        SELECT demand_id, order_id, line, 'ALLOCATED' AS status, location, quantity FROM reservation
        WHERE sku = :sku AND lot = :lot AND quantity > 0
        UNION ALL
        SELECT demand_id, order_id, line, 'PICKED', nullif(location, ''), quantity FROM picked_stock
        WHERE sku = :sku AND lot = :lot AND quantity > 0
    ) AS r LEFT JOIN demand AS d ON d.demand_id = r.demand_id
    ORDER BY r.order_id, r.line, r.status, r.location LIMIT :max_rows
""")
SELECT_WRITE_OFFS = text("""
    SELECT change, -on_hand - picked AS quantity, warehouse, coalesce(location, picked_location) AS location,
        recorded_at, actor, reason, scan
    FROM ledger
    WHERE sku = :sku AND lot = :lot AND change IN ('SCRAPPED', 'LOST', 'COUNT_LOSS', 'RETURNED_TO_VENDOR')
    ORDER BY id LIMIT :max_rows
""")


async def find_inflows(
    tx: Transaction, sku: str, lot: str, *, with_former_lots: bool = False
) -> Sequence[Row[Any]]:  # fmt: skip
    """Return receipts, customer returns and found quantities of a lot, also under the wrong numbers of its goods."""
    return await tx.fetch_all(SELECT_INFLOWS, _parameters(sku, lot) | {"with_former_lots": with_former_lots})


async def find_number_corrections(tx: Transaction, sku: str, lot: str) -> Sequence[Row[Any]]:
    """Return the corrections that gave goods this lot number, or took it from them."""
    return await tx.fetch_all(SELECT_NUMBER_CORRECTIONS, _parameters(sku, lot))


async def find_outflows(tx: Transaction, sku: str, lot: str) -> Sequence[Row[Any]]:
    """Return the shipments of a lot with their customers."""
    return await tx.fetch_all(SELECT_OUTFLOWS, _parameters(sku, lot))


async def find_commitments(tx: Transaction, sku: str, lot: str) -> Sequence[Row[Any]]:
    """Return the reservations and picked quantities of a lot."""
    return await tx.fetch_all(SELECT_COMMITMENTS, _parameters(sku, lot))


async def find_write_offs(tx: Transaction, sku: str, lot: str) -> Sequence[Row[Any]]:
    """Return the quantities of a lot that were scrapped, lost or returned to the vendor."""
    return await tx.fetch_all(SELECT_WRITE_OFFS, _parameters(sku, lot))


def _parameters(sku: str, lot: str) -> dict[str, Any]:
    return {"sku": sku, "lot": lot, "max_rows": MAX_ROWS}
