"""Raw scans of counted units and of lots on hold."""

from shared.persistence.migrate import run_sql

revision = "0020_counted_scans"
down_revision = "0019_raw_scans"


def upgrade() -> None:
    run_sql("ALTER TABLE counted_unit ADD scan text")
    run_sql("ALTER TABLE standing_hold ADD scan text")
