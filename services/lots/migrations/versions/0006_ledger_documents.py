"""The document that a command names, in the ledger."""

from shared.persistence.migrate import run_sql

revision = "0006_ledger_documents"
down_revision = "0005_lot_history"


def upgrade() -> None:
    run_sql("ALTER TABLE ledger ADD document text")
