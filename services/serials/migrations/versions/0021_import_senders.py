"""Senders of imports and their mappings, counts of ended imports, and the parts of receipts that announced rows."""

from shared.persistence.migrate import import_senders

revision = "0021_import_senders"
down_revision = "0020_counted_scans"


def upgrade() -> None:
    import_senders()
