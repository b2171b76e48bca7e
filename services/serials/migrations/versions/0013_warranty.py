"""Warranties of products and of the units that are sold, and the manufacturing dates of their labels."""

from shared.persistence.migrate import grant, run_sql

revision = "0013_warranty"
down_revision = "0012_list_indexes"


def upgrade() -> None:
    run_sql("ALTER TABLE product ADD warranty jsonb")
    run_sql("ALTER TABLE serial_state ADD manufactured_on date, ADD warranty_starts_on date, ADD warranty_ends_on date")
    # Written at the sale and the return only.
    run_sql("""
        CREATE INDEX serial_state_warranty ON serial_state (warranty_ends_on, sku, serial)
        WHERE warranty_ends_on IS NOT NULL
    """)
    grant("serial_state", "UPDATE (manufactured_on, warranty_starts_on, warranty_ends_on)")
