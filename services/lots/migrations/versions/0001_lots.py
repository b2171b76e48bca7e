"""Initial schema of lots: demands, balances, ledger, holds, expiry notices and recalls.

Immutable and mutable data are separate tables: the login role can only insert into `ledger` and `correction`, and only
update the granted columns of the others. A balance of zero keeps its row.
"""

from pathlib import Path

from shared.persistence.migrate import (
    grant,
    location_tables,
    messaging_tables,
    product_table,
    run_sql,
    scripts,
)

revision = "0001_lots"
down_revision = None


def upgrade() -> None:
    messaging_tables()
    product_table()
    # The other tables use this collation; with another one, joins could not use the primary key.
    run_sql('ALTER TABLE product ALTER COLUMN sku TYPE text COLLATE "C"')
    location_tables()
    scripts(Path(__file__).with_suffix(""), "demand_recheck")
    grant("demand_recheck", "SELECT, INSERT, DELETE")
    scripts(Path(__file__).with_suffix(""), "demands", "stock", "ledger", "holds", "recalls")

    grant("demand", "SELECT, INSERT, UPDATE (status, open_quantity, assigned_lot)")
    grant("lot", "SELECT, INSERT, UPDATE (expiry, manufactured_on, best_before)")
    grant("balance", "SELECT, INSERT, UPDATE (is_storage, on_hand, allocated, next_expiry_check, expiry)")
    grant("reservation", "SELECT, INSERT, UPDATE (quantity)")
    grant("picked_stock", "SELECT, INSERT, UPDATE (quantity, expiry, next_expiry_check)")
    grant("ledger, correction", "SELECT, INSERT")
    grant("hold", "SELECT, INSERT, UPDATE (pending_quantity, released_by, released_at, released_reason)")
    grant("expiry_notice", "SELECT, INSERT, DELETE")

    grant("recall", "SELECT, INSERT, UPDATE (closed_at, closed_by, closed_reason)")
    grant("recall_product", "SELECT, INSERT, UPDATE (tracking, answered_at)")
    grant("recall_lot, recall_criterion, recall_contact, consignee", "SELECT, INSERT")
    grant("recall_unit", "SELECT, INSERT, UPDATE")
