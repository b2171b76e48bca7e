"""Indexes that serve sorted lists of holds and counts, and the report of expiring units."""

from shared.persistence.migrate import run_sql

revision = "0012_list_indexes"
down_revision = "0011_replayable_rejections"


def upgrade() -> None:
    run_sql("""
        CREATE INDEX hold_open ON hold (opened_operation_id, serial_id) WHERE released_operation_id IS NULL;
        CREATE INDEX location_count_counted_at ON location_count (counted_at, location, count_id);
        CREATE INDEX serial_state_expiry_in_warehouse ON serial_state (warehouse, expiry, sku, serial)
            WHERE expiry IS NOT NULL AND location IS NOT NULL AND adjustment IS NULL;
    """)
