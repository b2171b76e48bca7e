"""The index by which scans find their product."""

from shared.persistence.migrate import barcode_index

revision = "0023_barcode_index"
down_revision = "0022_product_barcodes"


def upgrade() -> None:
    barcode_index()
