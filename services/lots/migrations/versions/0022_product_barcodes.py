"""Barcodes of products, for labels and recall notices; those of a kept product arrive with its next change."""

from shared.persistence.migrate import run_sql

revision = "0022_product_barcodes"
down_revision = "0021_correction_index"


def upgrade() -> None:
    run_sql("ALTER TABLE product ADD barcodes jsonb NOT NULL DEFAULT '[]'")
