"""Corrections of lot numbers: the other lot in the ledger, and former numbers of the stock of orders."""

from pathlib import Path

from shared.persistence.migrate import grant, scripts

revision = "0020_number_corrections"
breaks_before = "0020_number_corrections"  # older versions would report stock with a corrected number as missing
down_revision = "0019_recall_notices"


def upgrade() -> None:
    scripts(Path(__file__).with_suffix(""), "tables", "views")
    grant("reservation, picked_stock", "UPDATE (former_lots)")
