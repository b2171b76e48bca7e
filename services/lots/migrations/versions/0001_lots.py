"""Initial schema of lots: demands, balances and their ledger, holds, expiry checks, recalls.

Immutable and mutable data are separate tables: the login may only insert into `ledger` and `correction`, and may only
update the named columns of the others. A balance that falls to zero keeps its row.
"""

from pathlib import Path

from shared.migrate import grant, line_tables, location_replica, product_replica, rezoned, scripts, sql

revision = "0001_lots"
down_revision = None


def upgrade() -> None:
    line_tables()
    product_replica()
    # Queries compare it with columns of this collation; with another one the primary key would not serve them.
    sql('ALTER TABLE product ALTER COLUMN sku TYPE text COLLATE "C"')
    location_replica()
    rezoned()
    scripts(Path(__file__).with_suffix(""), "demands", "stock", "ledger", "holds", "recalls")

    grant("demand", "SELECT, INSERT, UPDATE (status, open, lot)")
    grant("lot", "SELECT, INSERT, UPDATE (expiry, manufactured, best_before)")
    grant("balance", "SELECT, INSERT, UPDATE (stored, on_hand, allocated, due, expiry)")
    grant("reserved", "SELECT, INSERT, UPDATE (quantity)")
    grant("picked", "SELECT, INSERT, UPDATE (quantity, expiry, due)")
    grant("ledger, correction", "SELECT, INSERT")
    grant("hold", "SELECT, INSERT, UPDATE (waiting, lifted_by, lifted_at, lifted_reason)")
    grant("expiry_told", "SELECT, INSERT, DELETE")

    grant("recall", "SELECT, INSERT, UPDATE (closed_at, closed_by, closed_reason)")
    grant("recall_product", "SELECT, INSERT, UPDATE (tracking, answered_at)")
    grant("recall_lot, recall_sought, recall_mark, consignee", "SELECT, INSERT")
    grant("recall_unit", "SELECT, INSERT, UPDATE")
