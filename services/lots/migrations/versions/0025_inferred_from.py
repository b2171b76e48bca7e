"""Lots that the scan of a carton's SSCC received, in the ledger."""

from shared.persistence.migrate import run_sql

revision = "0025_inferred_from"
down_revision = "0024_scans"


def upgrade() -> None:
    run_sql("ALTER TABLE ledger ADD inferred_from text")
