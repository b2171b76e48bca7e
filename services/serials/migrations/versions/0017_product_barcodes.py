"""Barcodes of products, for the GTIN on labels; those of a kept product arrive with its next change."""

from shared.persistence.migrate import run_sql

revision = "0017_product_barcodes"
down_revision = "0016_imports"


def upgrade() -> None:
    run_sql("ALTER TABLE product ADD barcodes jsonb NOT NULL DEFAULT '[]'")
