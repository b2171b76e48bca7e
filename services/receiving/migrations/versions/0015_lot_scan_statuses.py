"""Lot scans may differ from what an ASN announces."""

from shared.persistence.migrate import run_sql

revision = "0015_lot_scan_statuses"
down_revision = "0014_announced_lots"


def upgrade() -> None:
    run_sql("ALTER TABLE lot_scan DROP CONSTRAINT lot_scan_status_check")
    run_sql("""
        ALTER TABLE lot_scan ADD CONSTRAINT lot_scan_status_check CHECK (status IN (
            'SCANNED', 'OVER', 'UNEXPECTED', 'LOT_CASE_MISMATCH', 'NOT_AS_ANNOUNCED', 'RECEIVED', 'REJECTED'
        )) NOT VALID
    """)
