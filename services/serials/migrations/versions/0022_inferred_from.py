"""Units that the scan of a carton's SSCC received, in the audit trail."""

from shared.persistence.migrate import run_sql

revision = "0022_inferred_from"
down_revision = "0021_import_senders"


def upgrade() -> None:
    run_sql("ALTER TABLE audit_operation ADD inferred_from text")
