"""Orders know whether they wait for the definition of their warehouse."""

from shared.persistence.migrate import run_sql

revision = "0011_awaiting_warehouses"
down_revision = "0010_shipment_indexes"


def upgrade() -> None:
    run_sql("ALTER TABLE sales_order ADD COLUMN awaiting_warehouse boolean NOT NULL DEFAULT false")
    run_sql("""
        UPDATE sales_order o SET awaiting_warehouse = true
        WHERE NOT EXISTS (SELECT FROM warehouse w WHERE w.warehouse = o.warehouse)
    """)
    run_sql("CREATE INDEX sales_order_awaiting_warehouse ON sales_order (warehouse, order_id) WHERE awaiting_warehouse")
