"""Barcodes of products, for scans; those of a kept product arrive with its next change."""

from shared.persistence.migrate import barcode_index, run_sql

revision = "0014_product_barcodes"
down_revision = "0013_sscc"


def upgrade() -> None:
    run_sql("ALTER TABLE product ADD barcodes jsonb NOT NULL DEFAULT '[]'")
    barcode_index()
