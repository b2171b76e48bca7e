"""The toy service's tables."""

from shared.migrate import grant, line_tables, location_replica, product_replica, sql

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make them."""
    line_tables()
    product_replica()
    location_replica()
    sql("CREATE TABLE unit (box text, serial text, place int NOT NULL, PRIMARY KEY (box, serial), UNIQUE (box, place))")
    grant("unit", "SELECT, INSERT")
