"""The scans of goods as the scanner sent them, in every record of a change of lots."""

from shared.persistence.migrate import run_sql

revision = "0024_scans"
down_revision = "0023_barcode_index"


def upgrade() -> None:
    for table in ("ledger", "hold", "stock_count", "correction"):
        run_sql(f"ALTER TABLE {table} ADD scan text")
