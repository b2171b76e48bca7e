"""Corrections of lot numbers, which the lots of receipts show."""

from shared.persistence.migrate import grant, run_sql

revision = "0019_lot_corrections"
down_revision = "0018_lot_look_up"


def upgrade() -> None:
    run_sql("""
        CREATE TABLE lot_correction (
            sku text COLLATE "C" NOT NULL,
            from_lot text COLLATE "C" NOT NULL,
            lot text COLLATE "C" NOT NULL,
            PRIMARY KEY (sku, from_lot, lot)
        )
    """)
    run_sql("COMMENT ON TABLE lot_correction IS 'lots to which goods under a wrong number were corrected'")
    grant("lot_correction", "SELECT, INSERT")
