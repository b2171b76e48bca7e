"""Find known lots by their number alone, for scans that name no product."""

from shared.persistence.migrate import run_sql

revision = "0018_lot_look_up"
down_revision = "0017_effective_expiry"


def upgrade() -> None:
    run_sql("CREATE INDEX known_lot_key ON known_lot (lot_key)")
