"""Find known lots by their number alone, for scans that name no product."""

from shared.persistence.migrate import run_sql

revision = "0019_lot_look_up"
down_revision = "0018_announced_lots"


def upgrade() -> None:
    run_sql("CREATE INDEX known_lot_key ON known_lot (lot_key)")
