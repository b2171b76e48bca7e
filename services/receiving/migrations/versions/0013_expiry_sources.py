"""Where the expiry dates of scanned units and lots are from."""

from shared.persistence.migrate import grant, run_sql

revision = "0013_expiry_sources"
down_revision = "0012_lot_keys"


def upgrade() -> None:
    for table in ("unit", "lot_scan"):
        run_sql(f"ALTER TABLE {table} ADD expiry_source text")
        run_sql(f"COMMENT ON COLUMN {table}.expiry_source IS 'unless it is the expiry date on the label'")
        grant(table, "UPDATE (expiry_source)")
