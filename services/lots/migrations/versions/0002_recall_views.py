"""Views of the current state of recalls, read by their pages and by their closing."""

from pathlib import Path

from shared.persistence.migrate import grant, scripts

revision = "0002_recall_views"
down_revision = "0001_lots"


def upgrade() -> None:
    scripts(Path(__file__).with_suffix(""), "views")
    grant("recalled_lot, recall_stock, recall_order, recall_contact_status", "SELECT")
