"""Cartons and pallets that ASNs announce, and what was received by the scan of their SSCC."""

from pathlib import Path

from shared.persistence.migrate import grant, run_sql, scripts

revision = "0022_cartons"
down_revision = "0021_import_senders"


def upgrade() -> None:
    scripts(Path(__file__).with_suffix(""), "cartons")
    grant("announced_carton", "SELECT, INSERT, UPDATE, DELETE")
    grant("supplier", "SELECT, INSERT, UPDATE")
    run_sql("ALTER TABLE product ADD receive_by_carton boolean NOT NULL DEFAULT false")
    for table in ("unit", "unmatched_scan", "lot_scan", "discrepancy"):
        run_sql(f'ALTER TABLE {table} ADD inferred_from text COLLATE "C"')
        run_sql(f"COMMENT ON COLUMN {table}.inferred_from IS 'SSCC whose scan stood for that of the item'")
    grant("unit", "UPDATE (inferred_from)")
    grant("discrepancy", "UPDATE (inferred_from)")
