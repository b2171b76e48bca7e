"""Receipts, sessions and discrepancies as they are looked up."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text

from services.receiving.receipts.store.sql import FOUND, LOT
from shared.database import Transaction

RECEIPT = "r.receipt, r.kind, r.warehouse, r.supplier, r.expected_at, r.status, r.created_at, r.ended_at, r.reason"
RECEIPTS = text(f"""
SELECT {RECEIPT} FROM receipt r
WHERE r.receipt > :after
  AND (CAST(:status AS text[]) IS NULL OR r.status = ANY(:status))
  AND (CAST(:kind AS text) IS NULL OR r.kind = :kind)
  AND (CAST(:warehouse AS text) IS NULL OR r.warehouse = :warehouse)
  AND (CAST(:sku AS text) IS NULL
       OR EXISTS (SELECT FROM receipt_line l WHERE l.sku = :sku AND l.receipt = r.receipt))
  AND (CAST(:search AS text) IS NULL OR strpos(lower(r.receipt), lower(:search)) > 0
       OR strpos(lower(r.supplier), lower(:search)) > 0)
ORDER BY r.receipt LIMIT :size
""")  # noqa: S608 - the names are this module's own
ONE = text(f"SELECT {RECEIPT} FROM receipt r WHERE r.receipt = :receipt")  # noqa: S608 - the names are this module's own
LINES = text("""
SELECT l.line, l.sku, p.tracking, l.announced, l.scanned, l.received, l.waiting,
       CASE WHEN r.status IN ('PLANNED', 'ARRIVED') THEN greatest(l.announced - l.received, 0) ELSE 0 END AS missing,
       CASE WHEN r.status IN ('PLANNED', 'ARRIVED') AND l.named > 0
            THEN l.named - (l.scanned + l.received - l.unnamed) ELSE 0 END AS expected_by_name,
       CASE WHEN r.status NOT IN ('PLANNED', 'ARRIVED') THEN 0
            WHEN p.tracking = 'SERIAL' THEN greatest(floor(l.announced) - l.named - l.unnamed, 0)
            ELSE greatest(l.announced - l.scanned - l.received - l.named, 0) END AS expected_unnamed
FROM receipt_line l JOIN receipt r USING (receipt) LEFT JOIN product p ON p.sku = l.sku
WHERE l.receipt = :receipt AND l.line > :after ORDER BY l.line LIMIT :size
""")
EXPECTED = text("""
SELECT serial, sku, line FROM unit
WHERE receipt = :receipt AND state = 'EXPECTED' AND (serial, sku) > (:serial, :sku)
  AND (CAST(:line AS text) IS NULL OR line = :line) AND (CAST(:of AS text) IS NULL OR sku = :of)
ORDER BY serial, sku LIMIT :size
""")
SESSIONS = text("""
SELECT session, owner, state, opened_at, ended_at FROM session
WHERE receipt = :receipt AND session > :after AND (CAST(:one AS text) IS NULL OR session = :one)
ORDER BY session LIMIT :size
""")
SCANS = text("""
SELECT serial, sku, line, location, scanned_by AS actor, scanned_at AS at, 'ACCEPTED' AS verdict, NULL AS other, lot,
       expiry
FROM unit WHERE receipt = :receipt AND session = :session AND state = 'SCANNED' AND (serial, sku) > (:serial, :sku)
UNION ALL
SELECT serial, sku, line, location, actor, at, kind, other, lot, expiry
FROM aside WHERE receipt = :receipt AND session = :session AND (serial, sku) > (:serial, :sku)
ORDER BY serial, sku LIMIT :size
""")
LOTS = text(f"""
SELECT {LOT} FROM lot_scan s
WHERE s.receipt = :receipt AND s.scan > :after
  AND (CAST(:session AS text) IS NULL OR s.session = :session)
  AND (CAST(:sku AS text) IS NULL OR s.sku = :sku)
ORDER BY s.scan LIMIT :size
""")  # noqa: S608 - the names are this module's own
DISCREPANCIES = text(f"""
SELECT {FOUND} FROM discrepancy d
WHERE d.discrepancy > :after
  AND (CAST(:receipt AS text) IS NULL OR d.receipt = :receipt)
  AND (CAST(:kind AS text) IS NULL OR d.kind = :kind)
  AND (CAST(:sku AS text) IS NULL OR d.sku = :sku)
  AND (CAST(:open AS boolean) IS NULL OR (d.resolution IS NULL) = :open)
ORDER BY d.discrepancy LIMIT :size
""")  # noqa: S608 - the names are this module's own
DISCREPANCY = text(f"SELECT {FOUND} FROM discrepancy d WHERE d.discrepancy = :discrepancy")  # noqa: S608 - as above


async def receipts(tx: Transaction, **values: Any) -> Sequence[Row[Any]]:
    """Receipts by name."""
    return await tx.rows(RECEIPTS, values)


async def receipt(tx: Transaction, name: str) -> Row[Any] | None:
    """One receipt's head."""
    return next(iter(await tx.rows(ONE, {"receipt": name})), None)


async def lines(tx: Transaction, name: str, *, after: str, size: int) -> Sequence[Row[Any]]:
    """A receipt's lines: announced, scanned, received, missing, and what a scanner is to be prompted for."""
    return await tx.rows(LINES, {"receipt": name, "after": after, "size": size})


async def expected(tx: Transaction, **values: Any) -> Sequence[Row[Any]]:
    """The serials that a receipt still expects by name."""
    return await tx.rows(EXPECTED, values)


async def sessions(
    tx: Transaction, name: str, *, one: str | None = None, after: str = "", size: int = 1
) -> Sequence[Row[Any]]:
    """The sessions of a receipt, or one of them."""
    return await tx.rows(SESSIONS, {"receipt": name, "one": one, "after": after, "size": size})


async def scans(tx: Transaction, **values: Any) -> Sequence[Row[Any]]:
    """The unconfirmed scans of a session, with their verdicts."""
    return await tx.rows(SCANS, values)


async def lots(
    tx: Transaction, receipt: str, *, session: str | None = None, sku: str | None = None, after: str = "", size: int
) -> Sequence[Row[Any]]:
    """What was scanned of lots on a receipt, and what became of it."""
    return await tx.rows(LOTS, {"receipt": receipt, "session": session, "sku": sku, "after": after, "size": size})


async def discrepancies(tx: Transaction, **values: Any) -> Sequence[Row[Any]]:
    """Discrepancies, the oldest first."""
    return await tx.rows(DISCREPANCIES, values)


async def discrepancy(tx: Transaction, name: str) -> Row[Any] | None:
    """One discrepancy."""
    return next(iter(await tx.rows(DISCREPANCY, {"discrepancy": name})), None)
