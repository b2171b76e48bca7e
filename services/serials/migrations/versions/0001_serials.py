"""Initial schema of serials: the registry of units, their audit trail, holds and demands.

Immutable and mutable data are separate tables: the login may only insert into `serial`, `act` and `audit`, and may
only update the named columns of `serial_state` (S17, S22). There are no foreign keys: rows that belong together are
written by one transaction, and the login deletes none of them.
"""

from pathlib import Path

from shared.migrate import grant, line_tables, location_replica, product_replica, rezoned, scripts

revision = "0001_serials"
down_revision = None

STATE_CHANGES = """
    status, version, receiving_version, warehouse, location, received_at, receipt, receipt_line, order_id, order_line,
    demand, shipment, customer, return_id, holds, adjustment, lot, expiry, due, watches
"""


def upgrade() -> None:
    line_tables()
    product_replica()
    location_replica()
    rezoned()
    scripts(Path(__file__).with_suffix(""), "registry", "audit", "holds", "demands")

    grant("serial, act, audit", "SELECT, INSERT")
    grant("SEQUENCE act_id", "USAGE")
    grant("serial_state", f"SELECT, INSERT, UPDATE ({STATE_CHANGES})")
    grant("hold", "SELECT, INSERT, UPDATE (lifted)")
    grant("hold_scope", "SELECT, INSERT, UPDATE (lifted, closed)")
    grant("recall_watch", "SELECT, INSERT, DELETE")
    grant("demand", "SELECT, INSERT, UPDATE (status, open, lot)")
    grant("wanted", "SELECT, INSERT")
