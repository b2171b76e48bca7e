"""Read queries: everything that a scanned text may name."""

from sqlalchemy import text

from services.receiving.scans.domain.candidates import Candidate, Context, LookUp
from shared.contracts.serial_formats import SerialFormat
from shared.persistence.database import Transaction

SELECT_CANDIDATES = text("""
SELECT 'PRODUCT' AS kind, code AS id, sku, quantity, NULL AS status, NULL AS receipt
FROM barcode WHERE code = ANY(CAST(:codes AS text[]))
UNION ALL SELECT 'PRODUCT', sku, sku, 1, NULL, NULL FROM product WHERE sku = CAST(:text AS text)
UNION ALL SELECT 'RECEIPT', receipt, NULL, NULL, status, receipt FROM receipt WHERE receipt = CAST(:text AS text)
UNION ALL SELECT 'LOCATION', location, NULL, NULL, NULL, NULL FROM location WHERE location = CAST(:text AS text)
UNION ALL (
    SELECT 'SERIAL', serial, sku, NULL, status, receipt FROM unit
    WHERE serial = CAST(:serial AS text) AND status IN ('EXPECTED', 'SCANNED', 'ON_HAND') AND adjustment IS NULL
    ORDER BY sku LIMIT :limit
)
UNION ALL SELECT 'SERIAL', u.serial, u.sku, NULL, u.status, u.receipt
FROM (SELECT sku FROM barcode WHERE code = ANY(CAST(:codes AS text[])) UNION SELECT CAST(:sku AS text)) AS named
JOIN unit u ON u.sku = named.sku AND lower(u.serial) = lower(CAST(:serial AS text)) AND u.serial = :serial
WHERE u.status <> 'INACTIVE'
UNION ALL (
    SELECT 'LOT', lot, sku, NULL, NULL, NULL FROM known_lot
    WHERE lot_key = CAST(:lot_key AS text) ORDER BY sku, lot LIMIT :limit
)
UNION ALL (
    SELECT 'CARTON', :sscc, NULL, NULL, r.status, r.receipt
    FROM (
        SELECT receipt FROM announced_carton WHERE sscc = CAST(:sscc AS text)
        UNION SELECT receipt FROM announced_carton WHERE pallet = CAST(:sscc AS text)
    ) AS named JOIN receipt r USING (receipt)
    ORDER BY r.receipt = CAST(:receipt AS text) DESC NULLS LAST, r.status IN ('PLANNED', 'IN_PROGRESS') DESC,
        r.created_at DESC LIMIT 1
)
""")
SELECT_PRODUCT = text("SELECT tracking, serial_format FROM product WHERE sku = :sku")
MAX_CANDIDATES = 100
"""Number of serial numbers, and of lots, that a scan may name."""


async def find_candidates(tx: Transaction, look_up: LookUp, context: Context) -> list[Candidate]:
    """Find what a scan may name, in one statement; units that left count for the products that are named."""
    rows = await tx.fetch_all(
        SELECT_CANDIDATES,
        {**look_up._asdict(), "sku": context.sku, "receipt": context.receipt, "limit": MAX_CANDIDATES},
    )
    return [Candidate(row.kind, row.id, row.sku, row.quantity, row.status, row.receipt) for row in rows]


async def find_context(tx: Transaction, context: Context) -> Context | None:
    """Complete a context by the tracking and the serial format of its product; None if there is no such product."""
    if context.sku is None:
        return context
    for row in await tx.fetch_all(SELECT_PRODUCT, {"sku": context.sku}):
        serial_format = row.serial_format and SerialFormat.model_validate(row.serial_format)
        return context._replace(tracking=row.tracking, serial_format=serial_format)
    return None
