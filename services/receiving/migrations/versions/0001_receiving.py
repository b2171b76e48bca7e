"""Initial schema of receiving: products and locations, receipts and scans, customer returns."""

from pathlib import Path

from shared.persistence.migrate import grant, messaging_tables, scripts

revision = "0001_receiving"
down_revision = None

UNIT_CHANGES = """
    version, status, receipt, line, is_listed, session, location, scanned_by, scanned_at, order_id, customer, return_id,
    lot, expiry
"""


def upgrade() -> None:
    messaging_tables()
    scripts(Path(__file__).with_suffix(""), "reference", "receipts", "scans", "returns")

    grant("product, warehouse, location", "SELECT, INSERT, UPDATE")
    grant("barcode", "SELECT, INSERT, UPDATE, DELETE")
    grant("product_change, location_change", "SELECT, INSERT")

    grant("receipt, receipt_line, session", "SELECT, INSERT, UPDATE")
    grant("unmatched_scan", "SELECT, INSERT, UPDATE, DELETE")
    # Units are never deleted; sku and serial never change (S17, S18).
    grant("unit", f"SELECT, INSERT, UPDATE ({UNIT_CHANGES})")
    grant("lot_scan", "SELECT, INSERT, DELETE")
    grant("lot_scan", "UPDATE (line, status, quantity, expiry, manufactured_on, best_before, scanned_by, scanned_at)")
    grant("discrepancy", "SELECT, INSERT, UPDATE (resolution, matched_serial, reason, resolved_at, resolved_by)")

    grant("customer_return, lot_disposition", "SELECT, INSERT")
    grant("return_unit", "SELECT, INSERT, UPDATE (disposition, disposed_reason, disposed_at, disposed_by)")
    grant("return_lot", "SELECT, INSERT, UPDATE (quantity, disposed)")
    grant("shipped_lot", "SELECT, INSERT, UPDATE")
