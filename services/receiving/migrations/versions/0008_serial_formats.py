"""Serial formats of products; units are found by serial number alone, whatever their product."""

from shared.persistence.migrate import run_sql

revision = "0008_serial_formats"
down_revision = "0007_replayable_rejections"


def upgrade() -> None:
    run_sql("ALTER TABLE product ADD serial_format jsonb")
    run_sql("COMMENT ON COLUMN product.serial_format IS 'what new serial numbers look like; null if anything'")
    run_sql("ALTER TABLE product ADD serials_unique_per_product boolean NOT NULL DEFAULT false")
    run_sql(
        "CREATE INDEX unit_serial ON unit (serial)"
        " WHERE status IN ('EXPECTED', 'SCANNED', 'ON_HAND') AND adjustment IS NULL"
    )
