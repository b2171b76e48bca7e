"""Tables of receipts. The optimistic locks of `save` rely on the versions of receipts and units."""

from services.receiving.receipts.domain.cartons import AnnouncedCarton
from services.receiving.receipts.domain.known_lots import KnownLot, LotCorrection
from services.receiving.receipts.domain.records import (
    AnnouncedLine,
    Discrepancy,
    LotScan,
    Receipt,
    ReceiptLine,
    Session,
    Unit,
    UnmatchedScan,
)
from shared.persistence.record_table import RecordTable

RECEIPTS = RecordTable(
    "receipt", Receipt, "receipt",
    "version kind warehouse supplier expected_at status session_count unplanned_line_count ended_at reason"
    " has_rejections",
    version="version",
)  # fmt: skip
LINES = RecordTable(
    "receipt_line", ReceiptLine, "receipt line",
    "expected_quantity listed_serials unlisted_units scanned received awaiting_product lots", types={"lots": "jsonb"},
    upsert=True,
)  # fmt: skip
ANNOUNCED_LINES = RecordTable(
    "announced_line", AnnouncedLine, "receipt part line", "sku quantity serials rejected lots",
    types={"serials": "text[]", "rejected": "text[]", "lots": "jsonb"}, upsert=True,
)  # fmt: skip
ANNOUNCED_CARTONS = RecordTable(
    "announced_carton", AnnouncedCarton, "receipt part sscc", "pallet content", types={"content": "jsonb"}, upsert=True,
)  # fmt: skip
SESSIONS = RecordTable("session", Session, "receipt session", "owner status ended_at", upsert=True)
UNITS = RecordTable(
    "unit", Unit, "sku serial",
    "version status receipt line part is_listed session location scanned_by scanned_at order_id customer return_id lot"
    " expiry adjustment manufactured_on warranty_ends_on expiry_source announced_lot announced_expiry"
    " announced_manufactured_on announced_best_before scan inferred_from",
    version="version", guard="lower(t.serial) = lower(input.serial)",  # the index contains lower(serial)
)  # fmt: skip
UNMATCHED_SCANS = RecordTable(
    "unmatched_scan", UnmatchedScan, "receipt sku serial",
    "session kind line location conflicting_value scanned_by scanned_at lot expiry manufactured_on expiry_source"
    " scan inferred_from",
    upsert=True,
)  # fmt: skip
LOT_SCANS = RecordTable(
    "lot_scan", LotScan, "scan_id",
    "line status quantity expiry manufactured_on best_before scanned_by scanned_at known_lot expiry_source",
)  # fmt: skip
KNOWN_LOTS = RecordTable("known_lot", KnownLot, "sku lot")
LOT_CORRECTIONS = RecordTable("lot_correction", LotCorrection, "sku from_lot lot")
DISCREPANCIES = RecordTable(
    "discrepancy", Discrepancy, "discrepancy",
    "session kind line quantity location found_at found_by resolution matched_serial reason resolved_at resolved_by lot"
    " expiry scan inferred_from",
    types={"missing_serials": "text[]"}, guard="(t.resolution IS NULL OR t.resolution = 'REJECT')",
)  # fmt: skip
