"""Lot numbers are compared without case and doubled blanks."""

from shared.persistence.lot_keys import fold_lot_sql
from shared.persistence.migrate import lot_key_column, run_sql

revision = "0018_lot_keys"
down_revision = "0017_recall_contacts"


def upgrade() -> None:
    lot_key_column("lot")
    run_sql("DROP INDEX lot_number")
    run_sql("CREATE INDEX lot_key ON lot (lot_key, sku)")
    lot_key_column("recall_lot")
    run_sql("CREATE INDEX recall_lot_key ON recall_lot (lot_key, sku)")
    run_sql(f"UPDATE recall_criterion SET first = {fold_lot_sql('first')} WHERE kind = 'LOT'")  # noqa: S608
    run_sql("COMMENT ON COLUMN lot.lot_key IS 'comparison key of the lot number, without case and doubled blanks'")
