"""Supplier of a receipt, and the document that a command names, in the audit trail."""

from shared.persistence.migrate import run_sql

revision = "0005_audit_documents"
down_revision = "0004_units_in_use"


def upgrade() -> None:
    run_sql("ALTER TABLE audit_operation ADD supplier text, ADD document text")
