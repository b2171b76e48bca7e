"""Tables of the toy service."""

from shared.persistence.migrate import (
    grant,
    location_activity,
    location_tables,
    message_digests,
    messaging_tables,
    product_table,
    replayable_rejections,
    run_sql,
)

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the tables."""
    messaging_tables()
    message_digests()
    replayable_rejections()
    product_table()
    run_sql("ALTER TABLE product ADD barcodes jsonb NOT NULL DEFAULT '[]'")
    location_tables()
    location_activity()
    run_sql("""
        CREATE TABLE unit (
            box text, serial text, position int NOT NULL, PRIMARY KEY (box, serial), UNIQUE (box, position)
        )
    """)
    grant("unit", "SELECT, INSERT")
