"""Known lots in the spelling of their first receipt, compared without case and doubled blanks."""

from pathlib import Path

from shared.persistence.lot_keys import fold_lot_sql
from shared.persistence.migrate import grant, lot_key_column, run_sql, scripts

revision = "0012_lot_keys"
down_revision = "0011_ordered_products"


def upgrade() -> None:
    run_sql("""
        CREATE TABLE known_lot (
            sku text COLLATE "C" NOT NULL,
            lot text COLLATE "C" NOT NULL,
            is_variant boolean NOT NULL
        )
    """)
    lot_key_column("known_lot")
    scripts(Path(__file__).with_suffix(""), "known_lots")
    grant("known_lot", "SELECT, INSERT")
    run_sql('ALTER TABLE lot_scan ADD known_lot text COLLATE "C"')
    run_sql("ALTER TABLE lot_scan DROP CONSTRAINT lot_scan_status_check")
    run_sql("""
        ALTER TABLE lot_scan ADD CONSTRAINT lot_scan_status_check
        CHECK (status IN ('SCANNED', 'OVER', 'UNEXPECTED', 'LOT_CASE_MISMATCH', 'RECEIVED', 'REJECTED'))
    """)
    run_sql("DROP INDEX lot_scan_lot")
    run_sql(f"CREATE INDEX lot_scan_lot ON lot_scan (receipt, sku, ({fold_lot_sql('lot')}))")
    grant("lot_scan", "UPDATE (known_lot)")
