"""Indexes of the lists: what is not finished is found without walking through all that is."""

from shared.migrate import sql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    sql(LISTS)


LISTS = """
CREATE INDEX sales_order_unfinished ON sales_order (status, order_id) WHERE status IN ('OPEN', 'WAITING', 'CANCELLED');
CREATE INDEX shipment_unfinished ON shipment (status, shipment) WHERE status IN ('CREATED', 'CANCELLED');
"""
