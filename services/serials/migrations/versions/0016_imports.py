"""Imports of files and their rows."""

from shared.persistence.migrate import import_tables

revision = "0016_imports"
down_revision = "0015_recall_notices"


def upgrade() -> None:
    import_tables()
