"""Indexes for the filters of the list of units by customer, shipment, receipt, expiry and time of change."""

from pathlib import Path

from shared.persistence.migrate import scripts

revision = "0006_filter_indexes"
down_revision = "0005_audit_documents"


def upgrade() -> None:
    scripts(Path(__file__).with_suffix(""), "indexes")
