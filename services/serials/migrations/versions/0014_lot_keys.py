"""Lot numbers are compared without case and doubled blanks."""

from shared.persistence.lot_keys import fold_lot_sql
from shared.persistence.migrate import run_sql

revision = "0014_lot_keys"
down_revision = "0013_warranty"


def upgrade() -> None:
    run_sql("DROP INDEX serial_state_lot")
    run_sql(f"CREATE INDEX serial_state_lot ON serial_state (({fold_lot_sql('lot')}), sku, lot) WHERE lot IS NOT NULL")
