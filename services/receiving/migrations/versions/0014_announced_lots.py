"""Lots and dates that ASNs announce, by line and by serial number."""

from shared.persistence.migrate import grant, run_sql

revision = "0014_announced_lots"
down_revision = "0013_expiry_sources"


def upgrade() -> None:
    run_sql("ALTER TABLE announced_line ADD COLUMN lots jsonb NOT NULL DEFAULT '[]'")
    run_sql("ALTER TABLE receipt_line ADD COLUMN lots jsonb NOT NULL DEFAULT '[]'")
    run_sql("COMMENT ON COLUMN receipt_line.lots IS 'announced by all parts, without serial numbers'")
    run_sql('ALTER TABLE unit ADD COLUMN announced_lot text COLLATE "C", ADD COLUMN announced_expiry date')
    run_sql("ALTER TABLE unit ADD COLUMN announced_manufactured_on date")
    grant("unit", "UPDATE (announced_lot, announced_expiry, announced_manufactured_on)")
