"""Initial schema of receiving: products and locations, receipts and scans, customer returns."""

from pathlib import Path

from shared.migrate import grant, line_tables, scripts

revision = "0001_receiving"
down_revision = None

UNIT_CHANGES = """
    version, state, receipt, line, named, session, location, scanned_by, scanned_at, "order", customer, return_id,
    lot, expiry
"""


def upgrade() -> None:
    line_tables()
    scripts(Path(__file__).with_suffix(""), "reference", "receipts", "scans", "returns")

    grant("product, warehouse, location", "SELECT, INSERT, UPDATE")
    grant("barcode", "SELECT, INSERT, UPDATE, DELETE")
    grant("product_change, place_change", "SELECT, INSERT")

    grant("receipt, receipt_line, session", "SELECT, INSERT, UPDATE")
    grant("aside", "SELECT, INSERT, UPDATE, DELETE")
    # A unit is never deleted, and its product and serial never change (S17, S18).
    grant("unit", f"SELECT, INSERT, UPDATE ({UNIT_CHANGES})")
    grant("lot_scan", "SELECT, INSERT, DELETE")
    grant("lot_scan", "UPDATE (line, state, quantity, expiry, manufactured, best_before, actor, at)")
    grant("discrepancy", "SELECT, INSERT, UPDATE (resolution, tied_to, reason, resolved_at, resolved_by)")

    grant("customer_return, lot_disposition", "SELECT, INSERT")
    grant("return_unit", "SELECT, INSERT, UPDATE (disposition, disposed_reason, disposed_at, disposed_by)")
    grant("return_lot", "SELECT, INSERT, UPDATE (quantity, disposed)")
    grant("shipped_lot", "SELECT, INSERT, UPDATE")
