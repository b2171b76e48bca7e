"""Indexes that serve sorted lists of shipments."""

from shared.persistence.migrate import run_sql

revision = "0010_shipment_indexes"
down_revision = "0009_replayable_rejections"


def upgrade() -> None:
    run_sql("""
        CREATE INDEX shipment_created_at ON shipment (created_at, shipment);
        CREATE INDEX shipment_dispatched_at ON shipment (dispatched_at, shipment) WHERE dispatched_at IS NOT NULL;
    """)
