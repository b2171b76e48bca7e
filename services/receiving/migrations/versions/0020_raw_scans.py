"""The texts that scanners sent, kept with the units, lots, discrepancies and returns that they named."""

from shared.persistence.migrate import grant, run_sql

revision = "0020_raw_scans"
down_revision = "0019_lot_corrections"


def upgrade() -> None:
    for table in ("unit", "unmatched_scan", "lot_scan", "discrepancy", "return_unit", "return_lot"):
        run_sql(f"ALTER TABLE {table} ADD scan text")
    for table in ("unit", "discrepancy", "return_lot"):
        grant(table, "UPDATE (scan)")
