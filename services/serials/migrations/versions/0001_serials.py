"""Initial schema of serials: units, their audit trail, holds and demands.

Immutable and mutable data are separate tables. The login role can only insert into `serial`, `audit_operation` and
`audit_entry`. It can update only the mutable columns of `serial_state` (S17, S22). There are no foreign keys: one
transaction writes related rows, and the login role deletes none of them.
"""

from pathlib import Path

from shared.persistence.migrate import (
    grant,
    location_tables,
    messaging_tables,
    product_table,
    scripts,
)

revision = "0001_serials"
down_revision = None

MUTABLE_COLUMNS = """
    status, version, receiving_version, warehouse, location, received_at, receipt, receipt_line, order_id, order_line,
    demand_id, shipment, customer, return_id, open_hold_count, adjustment, lot, expiry, next_expiry_check,
    open_recall_count
"""


def upgrade() -> None:
    messaging_tables()
    product_table()
    location_tables()
    scripts(Path(__file__).with_suffix(""), "demand_recheck")
    grant("demand_recheck", "SELECT, INSERT, DELETE")
    scripts(Path(__file__).with_suffix(""), "units", "audit", "holds", "demands")

    grant("serial, audit_operation, audit_entry", "SELECT, INSERT")
    grant("SEQUENCE audit_operation_id", "USAGE")
    grant("serial_state", f"SELECT, INSERT, UPDATE ({MUTABLE_COLUMNS})")
    grant("hold", "SELECT, INSERT, UPDATE (released_operation_id)")
    grant("standing_hold", "SELECT, INSERT, UPDATE (released_operation_id, is_recall_closed)")
    grant("recall_tracking", "SELECT, INSERT, DELETE")
    grant("demand", "SELECT, INSERT, UPDATE (status, open_quantity, assigned_lot)")
    grant("demand_serial", "SELECT, INSERT")
