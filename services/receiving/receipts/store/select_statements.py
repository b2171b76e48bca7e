"""SELECT statements of receipts; each takes arrays and is executed once per batch."""
# ruff: noqa: S608 - only the column lists of this module are interpolated

from sqlalchemy import text

from services.receiving.receipts.domain.look_alikes import LOOK_ALIKE_SQL
from services.receiving.receipts.store.tables import (
    ANNOUNCED_CARTONS,
    ANNOUNCED_LINES,
    DISCREPANCIES,
    KNOWN_LOTS,
    LINES,
    LOT_SCANS,
    RECEIPTS,
    SESSIONS,
    UNITS,
    UNMATCHED_SCANS,
)
from shared.persistence.lot_keys import fold_lot_sql

LINE_COLUMNS = LINES.columns("l").replace("l.lots", "l.lots::text AS lots")
UNIT_COLUMNS, RECEIPT_COLUMNS = UNITS.columns("u"), RECEIPTS.columns("r")
SESSION_COLUMNS, DISCREPANCY_COLUMNS = SESSIONS.columns("s"), DISCREPANCIES.columns("d")
ANNOUNCED_COLUMNS = ANNOUNCED_LINES.columns("a").replace("a.lots", "a.lots::text AS lots")
CARTON_COLUMNS = ANNOUNCED_CARTONS.columns("c").replace("c.content", "c.content::text AS content")
UNMATCHED_SCAN_COLUMNS, LOT_SCAN_COLUMNS = UNMATCHED_SCANS.columns("a"), LOT_SCANS.columns("s")

SELECT_RECEIPTS = text(f"SELECT {RECEIPT_COLUMNS} FROM receipt r WHERE receipt = ANY(CAST(:receipts AS text[]))")
SELECT_LINES = text(f"""
SELECT {LINE_COLUMNS} FROM receipt_line l WHERE l.receipt = ANY(CAST(:closing AS text[]))
UNION ALL
SELECT {LINE_COLUMNS} FROM unnest(CAST(:receipts AS text[]), CAST(:lines AS text[])) AS k(receipt, line)
JOIN receipt_line l ON l.receipt = k.receipt AND l.line = k.line
UNION ALL
SELECT {LINE_COLUMNS} FROM unnest(CAST(:other_receipts AS text[]), CAST(:skus AS text[])) AS k(receipt, sku)
JOIN receipt_line l ON l.sku = k.sku AND l.receipt = k.receipt
""")
SELECT_WAITING_RECEIPTS = text("""
SELECT DISTINCT receipt FROM receipt_line WHERE awaiting_product AND sku = ANY(CAST(:skus AS text[]))
""")
SELECT_WAITING_LINES = text(f"""
SELECT {LINE_COLUMNS} FROM receipt_line l
WHERE l.awaiting_product AND l.sku = ANY(CAST(:skus AS text[])) AND l.receipt = ANY(CAST(:receipts AS text[]))
""")
SELECT_ANNOUNCED_LINES = text(f"""
SELECT {ANNOUNCED_COLUMNS}
FROM unnest(CAST(:receipts AS text[]), CAST(:parts AS integer[]), CAST(:last_parts AS integer[]))
     AS k(receipt, part, last_part)
JOIN announced_line a ON a.receipt = k.receipt
     AND (a.part = k.part OR a.part > k.last_part OR a.rejected <> '{{}}')
UNION ALL
SELECT {ANNOUNCED_COLUMNS} FROM unnest(CAST(:other_receipts AS text[]), CAST(:lines AS text[])) AS k(receipt, line)
JOIN announced_line a ON a.receipt = k.receipt AND (a.line = k.line OR a.rejected <> '{{}}')
""")
SELECT_CARTONS = text(f"""
SELECT {CARTON_COLUMNS}
FROM unnest(CAST(:receipts AS text[]), CAST(:parts AS integer[]), CAST(:last_parts AS integer[]))
     AS k(receipt, part, last_part)
JOIN announced_carton c ON c.receipt = k.receipt AND (c.part = k.part OR c.part > k.last_part)
UNION ALL
SELECT {CARTON_COLUMNS} FROM announced_carton c WHERE c.sscc = ANY(CAST(:ssccs AS text[]))
UNION ALL
SELECT {CARTON_COLUMNS} FROM announced_carton c WHERE c.pallet = ANY(CAST(:ssccs AS text[]))
""")
SELECT_SESSIONS = text(f"""
SELECT {SESSION_COLUMNS} FROM unnest(CAST(:receipts AS text[]), CAST(:sessions AS text[])) AS k(receipt, session)
JOIN session s ON s.receipt = k.receipt AND s.session = k.session
UNION ALL
SELECT {SESSION_COLUMNS} FROM session s
WHERE s.status = 'OPEN' AND s.receipt = ANY(CAST(:closing AS text[]))
""")
SELECT_UNMATCHED_SCANS = text(f"""
SELECT {UNMATCHED_SCAN_COLUMNS}
FROM unnest(CAST(:receipts AS text[]), CAST(:skus AS text[]), CAST(:serials AS text[])) AS k(receipt, sku, serial)
JOIN unmatched_scan a ON a.receipt = k.receipt AND a.sku = k.sku AND a.serial = k.serial
UNION ALL
SELECT {UNMATCHED_SCAN_COLUMNS}
FROM unnest(CAST(:other_receipts AS text[]), CAST(:sessions AS text[])) AS k(receipt, session)
JOIN unmatched_scan a ON a.receipt = k.receipt AND a.session = k.session
""")
SELECT_LOT_SCANS = text(f"""
SELECT {LOT_SCAN_COLUMNS}
FROM unnest(CAST(:receipts AS text[]), CAST(:skus AS text[]), CAST(:lots AS text[])) AS k(receipt, sku, lot)
JOIN lot_scan s ON s.receipt = k.receipt AND s.sku = k.sku AND {fold_lot_sql("s.lot")} = k.lot
UNION ALL
SELECT {LOT_SCAN_COLUMNS}
FROM unnest(CAST(:other_receipts AS text[]), CAST(:sessions AS text[])) AS k(receipt, session)
JOIN lot_scan s ON s.receipt = k.receipt AND s.session = k.session
UNION ALL
SELECT {LOT_SCAN_COLUMNS} FROM lot_scan s WHERE s.scan_id = ANY(CAST(:scan_ids AS text[]))
""")
SELECT_KNOWN_LOTS = text(f"""
SELECT {KNOWN_LOTS.columns("n")} FROM unnest(CAST(:skus AS text[]), CAST(:lot_keys AS text[])) AS k(sku, lot_key)
JOIN known_lot n ON n.sku = k.sku AND n.lot_key = k.lot_key
""")
SELECT_DISCREPANCIES = text(f"""
SELECT {DISCREPANCY_COLUMNS} FROM discrepancy d WHERE d.discrepancy = ANY(CAST(:ids AS text[]))
UNION ALL
SELECT {DISCREPANCY_COLUMNS}
FROM unnest(CAST(:receipts AS text[]), CAST(:skus AS text[]), CAST(:serials AS text[])) AS k(receipt, sku, serial)
JOIN discrepancy d ON d.receipt = k.receipt AND d.sku = k.sku AND d.serial = k.serial AND d.resolution IS NULL
UNION ALL
SELECT {DISCREPANCY_COLUMNS} FROM discrepancy d
WHERE (d.kind = 'UNEXPECTED' OR d.resolution IS NULL) AND d.receipt = ANY(CAST(:closing AS text[]))
""")
SELECT_REJECTIONS = text(f"""
SELECT {DISCREPANCY_COLUMNS} FROM discrepancy d
WHERE d.resolution = 'REJECT' AND d.receipt = ANY(CAST(:receipts AS text[]))
""")

SELECT_UNITS = text(f"""
SELECT {UNIT_COLUMNS} FROM unnest(CAST(:skus AS text[]), CAST(:serials AS text[])) AS k(sku, folded)
JOIN unit u ON u.sku = k.sku AND lower(u.serial) = k.folded
""")
SELECT_OTHER_PRODUCT = text(f"""
SELECT {UNIT_COLUMNS}
FROM unnest(CAST(:receipts AS text[]), CAST(:skus AS text[]), CAST(:serials AS text[])) AS k(receipt, sku, serial)
LEFT JOIN product own ON own.sku = k.sku
CROSS JOIN LATERAL (
    SELECT other.* FROM unit other LEFT JOIN product p ON p.sku = other.sku
    WHERE other.serial = k.serial AND other.sku <> k.sku
      AND other.status IN ('EXPECTED', 'SCANNED', 'ON_HAND') AND other.adjustment IS NULL
      AND own.serials_unique_per_product IS NOT TRUE AND p.serials_unique_per_product IS NOT TRUE
    ORDER BY (other.status = 'EXPECTED' AND other.receipt = k.receipt) DESC, other.sku LIMIT 1
) AS u
""")
"""A unit of another product with the same serial number, as `ReceivingUnitOfWork.other_product` chooses it."""
# Reads the expected units of a receipt, for the few serial numbers that it does not list.
SELECT_LOOK_ALIKES = text(f"""
SELECT {UNIT_COLUMNS}
FROM unnest(CAST(:receipts AS text[]), CAST(:skus AS text[]), CAST(:looks AS text[])) AS k(receipt, sku, look)
JOIN unit u ON u.receipt = k.receipt AND u.status = 'EXPECTED' AND u.sku = k.sku
     AND {LOOK_ALIKE_SQL.format("u.serial")} = k.look
""")
SELECT_SCANNED = text(f"""
SELECT {UNIT_COLUMNS} FROM unnest(CAST(:receipts AS text[]), CAST(:sessions AS text[])) AS k(receipt, session)
JOIN unit u ON u.receipt = k.receipt AND u.session = k.session AND u.status = 'SCANNED'
""")
SELECT_EXPECTED = text(f"""
SELECT {UNIT_COLUMNS} FROM unit u WHERE u.status = 'EXPECTED' AND u.receipt = ANY(CAST(:receipts AS text[]))
""")
SELECT_LISTED = text(f"""
SELECT {UNIT_COLUMNS} FROM unnest(CAST(:receipts AS text[]), CAST(:lines AS text[])) AS k(receipt, line)
JOIN unit u ON u.receipt = k.receipt AND u.line = k.line AND u.status = 'EXPECTED'
UNION ALL
SELECT {UNIT_COLUMNS} FROM unnest(CAST(:receipts AS text[]), CAST(:lines AS text[])) AS k(receipt, line)
JOIN unit u ON u.receipt = k.receipt AND u.line = k.line AND u.status = 'SCANNED' AND u.is_listed
""")
