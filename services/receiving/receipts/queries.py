"""Read queries: receipts, sessions and discrepancies."""

from typing import Any

from sqlalchemy import Row, text

from services.receiving.receipts.store.select_statements import DISCREPANCY_COLUMNS, LOT_SCAN_COLUMNS
from shared.persistence.database import Transaction
from shared.persistence.lot_keys import fold_lot_sql
from shared.persistence.sorting import SortKey, SortOrder, Sorts

AWAITING_WAREHOUSE = "NOT EXISTS (SELECT FROM warehouse w WHERE w.warehouse = r.warehouse)"
RECEIPT_COLUMNS = (
    f"r.receipt, r.kind, r.warehouse, {AWAITING_WAREHOUSE} AS awaiting_warehouse, r.supplier, "
    "r.expected_at, r.status, r.created_at, r.ended_at, r.reason"
)
STATE_COLUMNS = """
r.status AS receipt_status,
(SELECT u.status FROM unit u WHERE u.sku = d.sku AND lower(u.serial) = lower(d.serial) AND u.serial = d.serial)
    AS unit_status,
EXISTS (
    SELECT FROM receipt_line l
    WHERE l.receipt = d.receipt AND l.listed_serials > l.scanned + l.received - l.unlisted_units
        AND l.sku = CASE WHEN d.kind = 'WRONG_PRODUCT' THEN coalesce(d.conflicting_value, d.sku) ELSE d.sku END
) AS expects_units
"""
"""What decides which resolutions of a discrepancy would be accepted."""
RECEIVED_LOTS = f"""
CASE WHEN p.tracking = 'LOT' AND l.lots <> '[]' THEN (
    SELECT jsonb_object_agg(s.lot_key, s.quantity) FROM (
        SELECT {fold_lot_sql("coalesce(known_lot, lot)")} AS lot_key, sum(quantity) AS quantity
        FROM lot_scan WHERE receipt = l.receipt AND sku = l.sku AND status = 'RECEIVED' GROUP BY 1
    ) AS s
) END
"""  # noqa: S608 - constant names
"""Received quantities of the product by comparison key of the lot, of lines that announce lots."""
CORRECTED_LOTS = """
ARRAY(
    WITH RECURSIVE corrected AS (
        SELECT c.lot FROM lot_correction c WHERE c.sku = s.sku AND c.from_lot = coalesce(s.known_lot, s.lot)
        UNION
        SELECT c.lot FROM corrected f JOIN lot_correction c ON c.sku = s.sku AND c.from_lot = f.lot
    )
    SELECT lot FROM corrected WHERE lot <> coalesce(s.known_lot, s.lot) ORDER BY lot
)
"""
SORTS = Sorts(
    "receipt",
    receipt=[SortKey("r.receipt")],
    created_at=[SortKey("r.created_at", "timestamptz"), SortKey("r.receipt")],
    expected_at=[SortKey("r.expected_at", "timestamptz"), SortKey("r.receipt")],
)
LINE_SORTS = Sorts("line", line=[SortKey("l.line")])
EXPECTED_SORTS = Sorts("serial", serial=[SortKey("serial"), SortKey("sku")])
SESSION_SORTS = Sorts("session", session=[SortKey("session")])
SCAN_SORTS = Sorts("serial", serial=[SortKey("serial"), SortKey("sku")])
LOT_SORTS = Sorts("scanned_at", scanned_at=[SortKey("s.scan_id")])
"""By the ids, which are in the order of the first scans."""
DISCREPANCY_SORTS = Sorts("found_at", found_at=[SortKey("d.discrepancy")])
"""By the ids, which are in the order of finding."""


def select_receipts(order: SortOrder) -> str:
    """Write the statement of a page of receipts."""
    return f"""
SELECT {RECEIPT_COLUMNS} FROM receipt r
WHERE {order.condition}
  AND (CAST(:status AS text[]) IS NULL OR r.status = ANY(:status))
  AND (CAST(:kind AS text) IS NULL OR r.kind = :kind)
  AND (CAST(:warehouse AS text) IS NULL OR r.warehouse = :warehouse)
  AND (CAST(:awaiting_warehouse AS boolean) IS NULL OR {AWAITING_WAREHOUSE} = :awaiting_warehouse)
  AND (CAST(:sku AS text) IS NULL
       OR EXISTS (SELECT FROM receipt_line l WHERE l.sku = :sku AND l.receipt = r.receipt))
  AND (CAST(:search AS text) IS NULL OR strpos(lower(r.receipt), lower(:search)) > 0
       OR strpos(lower(r.supplier), lower(:search)) > 0)
{order.order_by} LIMIT :size
    """  # noqa: S608 - only column lists are interpolated


SELECT_ONE = text(f"SELECT {RECEIPT_COLUMNS} FROM receipt r WHERE r.receipt = :receipt")  # noqa: S608 - only column lists are interpolated


def select_lines(order: SortOrder) -> str:
    """Write the statement of a page of lines with their quantities."""
    return f"""
SELECT l.line, l.sku, p.tracking, l.expected_quantity, l.scanned, l.received, l.awaiting_product,
       CAST(l.lots AS text) AS lots, {RECEIVED_LOTS} AS received_lots,
       coalesce(d.rejected, 0) AS rejected_quantity, coalesce(d.short, 0) AS short_quantity,
       CASE WHEN r.status IN ('PLANNED', 'IN_PROGRESS')
            THEN greatest(l.expected_quantity - l.received, 0) ELSE 0 END AS missing_quantity,
       CASE WHEN r.kind = 'ASN' THEN greatest(l.received - l.expected_quantity, 0) ELSE 0 END AS over_quantity,
       CASE WHEN r.status IN ('PLANNED', 'IN_PROGRESS') AND l.listed_serials > 0
            THEN l.listed_serials - (l.scanned + l.received - l.unlisted_units) ELSE 0 END AS open_listed_serials,
       CASE WHEN r.status NOT IN ('PLANNED', 'IN_PROGRESS') THEN 0
            WHEN p.tracking = 'SERIAL'
            THEN greatest(floor(l.expected_quantity) - l.listed_serials - l.unlisted_units, 0)
            ELSE greatest(l.expected_quantity - l.scanned - l.received - l.listed_serials, 0)
            END AS open_unlisted_quantity
FROM receipt_line l JOIN receipt r USING (receipt) LEFT JOIN product p ON p.sku = l.sku
LEFT JOIN (SELECT line, sum(quantity) FILTER (WHERE resolution = 'REJECT') AS rejected,
                  sum(quantity) FILTER (WHERE kind = 'SHORT') AS short
           FROM discrepancy
           WHERE receipt = :receipt AND (resolution = 'REJECT' OR kind = 'SHORT') GROUP BY line) AS d ON d.line = l.line
WHERE l.receipt = :receipt AND {order.after()} {order.order_by} LIMIT :size
    """  # noqa: S608 - constant names


def select_expected(order: SortOrder) -> str:
    """Write the statement of a page of the listed serials that a receipt still expects."""
    return f"""
SELECT serial, sku, line, announced_lot AS lot, announced_expiry AS expiry,
       announced_manufactured_on AS manufactured_on, announced_best_before AS best_before
FROM unit
WHERE receipt = :receipt AND status = 'EXPECTED' AND {order.after()}
  AND (CAST(:line AS text) IS NULL OR line = :line) AND (CAST(:filter_sku AS text) IS NULL OR sku = :filter_sku)
{order.order_by} LIMIT :size
    """  # noqa: S608 - constant names


def select_sessions(order: SortOrder) -> str:
    """Write the statement of a page of sessions, or of one of them."""
    return f"""
SELECT session, owner, status, opened_at, ended_at FROM session
WHERE receipt = :receipt AND {order.after()} AND (CAST(:only AS text) IS NULL OR session = :only)
{order.order_by} LIMIT :size
    """  # noqa: S608 - constant names


def select_scans(order: SortOrder) -> str:
    """Write the statement of a page of the unconfirmed scans of a session."""
    return f"""
SELECT serial, sku, line, location, scanned_by, scanned_at, 'ACCEPTED' AS status, NULL AS conflicting_value, lot,
       expiry, manufactured_on, expiry_source, scan, inferred_from
FROM unit WHERE receipt = :receipt AND session = :session AND status = 'SCANNED' AND {order.after()}
UNION ALL
SELECT serial, sku, line, location, scanned_by, scanned_at, kind, conflicting_value, lot, expiry,
       manufactured_on, expiry_source, scan, inferred_from
FROM unmatched_scan WHERE receipt = :receipt AND session = :session AND {order.after()}
{order.order_by} LIMIT :size
    """  # noqa: S608 - constant names


def select_lot_scans(order: SortOrder) -> str:
    """Write the statement of a page of the lot scans of a receipt."""
    return f"""
SELECT {LOT_SCAN_COLUMNS}, {CORRECTED_LOTS} AS corrected_lots FROM lot_scan s
WHERE s.receipt = :receipt AND {order.after()}
  AND (CAST(:session AS text) IS NULL OR s.session = :session)
  AND (CAST(:sku AS text) IS NULL OR s.sku = :sku)
{order.order_by} LIMIT :size
    """  # noqa: S608 - constant names


def select_discrepancies(order: SortOrder) -> str:
    """Write the statement of a page of discrepancies."""
    return f"""
SELECT {DISCREPANCY_COLUMNS}, {STATE_COLUMNS} FROM discrepancy d JOIN receipt r USING (receipt)
WHERE {order.after()}
  AND (CAST(:receipt AS text) IS NULL OR d.receipt = :receipt)
  AND (CAST(:kind AS text) IS NULL OR d.kind = :kind)
  AND (CAST(:sku AS text) IS NULL OR d.sku = :sku)
  AND (CAST(:open AS boolean) IS NULL OR (d.resolution IS NULL) = :open)
{order.order_by} LIMIT :size
    """  # noqa: S608 - constant names


SELECT_DISCREPANCY = text(f"""
SELECT {DISCREPANCY_COLUMNS}, {STATE_COLUMNS} FROM discrepancy d JOIN receipt r USING (receipt)
WHERE d.discrepancy = :discrepancy
""")  # noqa: S608 - only column lists are interpolated


async def find_receipt(tx: Transaction, receipt_id: str) -> Row[Any] | None:
    """Find a receipt."""
    return next(iter(await tx.fetch_all(SELECT_ONE, {"receipt": receipt_id})), None)


async def find_discrepancy(tx: Transaction, discrepancy_id: str) -> Row[Any] | None:
    """Find a discrepancy."""
    return next(iter(await tx.fetch_all(SELECT_DISCREPANCY, {"discrepancy": discrepancy_id})), None)
