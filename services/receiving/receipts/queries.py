"""Read queries: receipts, sessions and discrepancies."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text

from services.receiving.receipts.store.select_statements import DISCREPANCY_COLUMNS, LOT_SCAN_COLUMNS
from shared.persistence.database import Transaction

AWAITING_WAREHOUSE = "NOT EXISTS (SELECT FROM warehouse w WHERE w.warehouse = r.warehouse)"
RECEIPT_COLUMNS = (
    f"r.receipt, r.kind, r.warehouse, {AWAITING_WAREHOUSE} AS awaiting_warehouse, r.supplier, "
    "r.expected_at, r.status, r.created_at, r.ended_at, r.reason"
)
SELECT_RECEIPTS = text(f"""
SELECT {RECEIPT_COLUMNS} FROM receipt r
WHERE r.receipt > :after
  AND (CAST(:status AS text[]) IS NULL OR r.status = ANY(:status))
  AND (CAST(:kind AS text) IS NULL OR r.kind = :kind)
  AND (CAST(:warehouse AS text) IS NULL OR r.warehouse = :warehouse)
  AND (CAST(:awaiting_warehouse AS boolean) IS NULL OR {AWAITING_WAREHOUSE} = :awaiting_warehouse)
  AND (CAST(:sku AS text) IS NULL
       OR EXISTS (SELECT FROM receipt_line l WHERE l.sku = :sku AND l.receipt = r.receipt))
  AND (CAST(:search AS text) IS NULL OR strpos(lower(r.receipt), lower(:search)) > 0
       OR strpos(lower(r.supplier), lower(:search)) > 0)
ORDER BY r.receipt LIMIT :size
""")  # noqa: S608 - only column lists are interpolated
SELECT_ONE = text(f"SELECT {RECEIPT_COLUMNS} FROM receipt r WHERE r.receipt = :receipt")  # noqa: S608 - only column lists are interpolated
SELECT_LINES = text("""
SELECT l.line, l.sku, p.tracking, l.expected_quantity, l.scanned, l.received, l.awaiting_product,
       coalesce(d.quantity, 0) AS rejected_quantity,
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
LEFT JOIN (SELECT line, sum(quantity) AS quantity FROM discrepancy
           WHERE receipt = :receipt AND resolution = 'REJECT' GROUP BY line) AS d ON d.line = l.line
WHERE l.receipt = :receipt AND l.line > :after ORDER BY l.line LIMIT :size
""")
SELECT_EXPECTED = text("""
SELECT serial, sku, line FROM unit
WHERE receipt = :receipt AND status = 'EXPECTED' AND (serial, sku) > (:serial, :sku)
  AND (CAST(:line AS text) IS NULL OR line = :line) AND (CAST(:filter_sku AS text) IS NULL OR sku = :filter_sku)
ORDER BY serial, sku LIMIT :size
""")
SELECT_SESSIONS = text("""
SELECT session, owner, status, opened_at, ended_at FROM session
WHERE receipt = :receipt AND session > :after AND (CAST(:only AS text) IS NULL OR session = :only)
ORDER BY session LIMIT :size
""")
SELECT_SCANS = text("""
SELECT serial, sku, line, location, scanned_by, scanned_at, 'ACCEPTED' AS status, NULL AS conflicting_value, lot,
       expiry
FROM unit WHERE receipt = :receipt AND session = :session AND status = 'SCANNED' AND (serial, sku) > (:serial, :sku)
UNION ALL
SELECT serial, sku, line, location, scanned_by, scanned_at, kind, conflicting_value, lot, expiry
FROM unmatched_scan WHERE receipt = :receipt AND session = :session AND (serial, sku) > (:serial, :sku)
ORDER BY serial, sku LIMIT :size
""")
SELECT_LOTS = text(f"""
SELECT {LOT_SCAN_COLUMNS} FROM lot_scan s
WHERE s.receipt = :receipt AND s.scan_id > :after
  AND (CAST(:session AS text) IS NULL OR s.session = :session)
  AND (CAST(:sku AS text) IS NULL OR s.sku = :sku)
ORDER BY s.scan_id LIMIT :size
""")  # noqa: S608 - only column lists are interpolated
SELECT_DISCREPANCIES = text(f"""
SELECT {DISCREPANCY_COLUMNS}, r.status AS receipt_status FROM discrepancy d JOIN receipt r USING (receipt)
WHERE d.discrepancy > :after
  AND (CAST(:receipt AS text) IS NULL OR d.receipt = :receipt)
  AND (CAST(:kind AS text) IS NULL OR d.kind = :kind)
  AND (CAST(:sku AS text) IS NULL OR d.sku = :sku)
  AND (CAST(:open AS boolean) IS NULL OR (d.resolution IS NULL) = :open)
ORDER BY d.discrepancy LIMIT :size
""")  # noqa: S608 - only column lists are interpolated
SELECT_DISCREPANCY = text(f"""
SELECT {DISCREPANCY_COLUMNS}, r.status AS receipt_status FROM discrepancy d JOIN receipt r USING (receipt)
WHERE d.discrepancy = :discrepancy
""")  # noqa: S608 - only column lists are interpolated


async def find_receipts(tx: Transaction, **parameters: Any) -> Sequence[Row[Any]]:
    """Find receipts, ordered by receipt number."""
    return await tx.fetch_all(SELECT_RECEIPTS, parameters)


async def find_receipt(tx: Transaction, receipt_id: str) -> Row[Any] | None:
    """Find a receipt."""
    return next(iter(await tx.fetch_all(SELECT_ONE, {"receipt": receipt_id})), None)


async def find_lines(tx: Transaction, receipt_id: str, *, after: str, size: int) -> Sequence[Row[Any]]:
    """Find the lines of a receipt with their quantities."""
    return await tx.fetch_all(SELECT_LINES, {"receipt": receipt_id, "after": after, "size": size})


async def find_expected_units(tx: Transaction, **parameters: Any) -> Sequence[Row[Any]]:
    """Find the listed serials that a receipt still expects."""
    return await tx.fetch_all(SELECT_EXPECTED, parameters)


async def find_sessions(
    tx: Transaction, receipt_id: str, *, session: str | None = None, after: str = "", size: int = 1
) -> Sequence[Row[Any]]:
    """Find the sessions of a receipt, or one of them."""
    return await tx.fetch_all(SELECT_SESSIONS, {"receipt": receipt_id, "only": session, "after": after, "size": size})


async def find_scans(tx: Transaction, **parameters: Any) -> Sequence[Row[Any]]:
    """Find the unconfirmed scans of a session with their results."""
    return await tx.fetch_all(SELECT_SCANS, parameters)


async def find_lot_scans(
    tx: Transaction, receipt: str, *, session: str | None = None, sku: str | None = None, after: str = "", size: int
) -> Sequence[Row[Any]]:
    """Find the lot scans of a receipt."""
    return await tx.fetch_all(
        SELECT_LOTS, {"receipt": receipt, "session": session, "sku": sku, "after": after, "size": size}
    )


async def find_discrepancies(tx: Transaction, **parameters: Any) -> Sequence[Row[Any]]:
    """Find discrepancies, oldest first."""
    return await tx.fetch_all(SELECT_DISCREPANCIES, parameters)


async def find_discrepancy(tx: Transaction, discrepancy_id: str) -> Row[Any] | None:
    """Find a discrepancy."""
    return next(iter(await tx.fetch_all(SELECT_DISCREPANCY, {"discrepancy": discrepancy_id})), None)
