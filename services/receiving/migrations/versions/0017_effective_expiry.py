"""Announced best-before dates of units, and where the expiry dates of unmatched scans are from."""

from shared.persistence.migrate import grant, run_sql

revision = "0017_effective_expiry"
down_revision = "0016_imports"


def upgrade() -> None:
    run_sql("ALTER TABLE unit ADD announced_best_before date")
    grant("unit", "UPDATE (announced_best_before)")
    for table in ("unmatched_scan", "discrepancy"):
        run_sql(f"ALTER TABLE {table} ADD expiry_source text")
        run_sql(f"COMMENT ON COLUMN {table}.expiry_source IS 'unless it is the expiry date on the label'")
