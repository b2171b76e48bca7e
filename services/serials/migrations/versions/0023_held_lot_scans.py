"""Raw scans of lots on hold."""

from shared.persistence.migrate import run_sql

revision = "0023_held_lot_scans"
down_revision = "0022_inferred_from"


def upgrade() -> None:
    run_sql("ALTER TABLE standing_hold ADD scan text")
