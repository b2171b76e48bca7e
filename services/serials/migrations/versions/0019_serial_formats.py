"""Serial formats of products, for the registration of past sales."""

from shared.persistence.migrate import run_sql

revision = "0019_serial_formats"
down_revision = "0019_product_barcodes"


def upgrade() -> None:
    run_sql("ALTER TABLE product ADD serial_format jsonb")
