"""The texts that scanners sent, kept with the units, lots, discrepancies and returns that they named."""

from shared.persistence.migrate import grant, run_sql

revision = "0020_raw_scans"
down_revision = "0019_lot_corrections"


def upgrade() -> None:
    for table in ("unit", "unmatched_scan", "lot_scan", "discrepancy", "return_unit", "return_lot"):
        run_sql(f"ALTER TABLE {table} ADD scan text")
    run_sql("ALTER TABLE lot_scan ADD label_sku text")
    run_sql("COMMENT ON COLUMN lot_scan.label_sku IS 'product on the label, if it is another one'")
    run_sql("ALTER TABLE lot_scan DROP CONSTRAINT lot_scan_status_check")
    run_sql("""
        ALTER TABLE lot_scan ADD CONSTRAINT lot_scan_status_check CHECK (status IN (
            'SCANNED', 'OVER', 'UNEXPECTED', 'LOT_CASE_MISMATCH', 'NOT_AS_ANNOUNCED', 'WRONG_PRODUCT', 'RECEIVED',
            'REJECTED'
        )) NOT VALID
    """)
    for table in ("unit", "discrepancy", "return_lot"):
        grant(table, "UPDATE (scan)")
