"""Versions of orders: the number of published states."""

from shared.persistence.migrate import run_sql

revision = "0008_order_versions"
down_revision = "0007_location_activity"


def upgrade() -> None:
    run_sql("ALTER TABLE sales_order ADD COLUMN version integer NOT NULL DEFAULT 0")
    run_sql("ALTER TABLE sales_order ALTER COLUMN version DROP DEFAULT")
