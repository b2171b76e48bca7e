"""Raw scans of counted units."""

from shared.persistence.migrate import run_sql

revision = "0020_counted_scans"
down_revision = "0019_raw_scans"


def upgrade() -> None:
    run_sql("ALTER TABLE counted_unit ADD scan text")
