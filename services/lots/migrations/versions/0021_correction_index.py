"""An index that finds the corrections of a lot number among the entries of the lot."""

from shared.persistence.migrate import run_sql

revision = "0021_correction_index"
down_revision = "0020_number_corrections"


def upgrade() -> None:
    run_sql("CREATE INDEX ledger_correction ON ledger (sku, lot) WHERE change = 'NUMBER_CORRECTED'")
