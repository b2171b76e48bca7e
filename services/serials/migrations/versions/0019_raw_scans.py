"""Raw scans in the history of units, and the index by which scans find their product."""

from shared.persistence.migrate import barcode_index, run_sql

revision = "0019_raw_scans"
down_revision = "0018_serial_formats"


def upgrade() -> None:
    run_sql("ALTER TABLE audit_entry ADD scan text")
    barcode_index()
