"""An index that serves the list of recalls by time."""

from shared.persistence.migrate import run_sql

revision = "0016_recall_index"
down_revision = "0015_replayable_rejections"


def upgrade() -> None:
    run_sql("CREATE INDEX recall_opened_at ON recall (opened_at, recall)")
