"""Imports of files and their rows."""

from shared.persistence.migrate import import_tables

revision = "0020_imports"
down_revision = "0019_lot_scan_statuses"


def upgrade() -> None:
    import_tables()
