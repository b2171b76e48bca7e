"""Serial formats of products, for the registration of past sales."""

from shared.persistence.migrate import run_sql

revision = "0018_serial_formats"
down_revision = "0017_product_barcodes"


def upgrade() -> None:
    run_sql("ALTER TABLE product ADD serial_format jsonb")
