"""Indexes that serve sorted lists of receipts and returns."""

from shared.persistence.migrate import run_sql

revision = "0010_list_indexes"
down_revision = "0009_warranty"


def upgrade() -> None:
    run_sql("""
        CREATE INDEX receipt_created_at ON receipt (created_at, receipt);
        CREATE INDEX receipt_expected_at ON receipt (expected_at, receipt) WHERE expected_at IS NOT NULL;
        CREATE INDEX customer_return_received_at ON customer_return (received_at, return_id);
    """)
