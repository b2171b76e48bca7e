"""Initial schema of fulfillment: orders, demands, allocated units and lots, cartons, shipments."""

from pathlib import Path

from shared.persistence.migrate import grant, location_tables, messaging_tables, product_table, scripts

revision = "0001_fulfillment"
down_revision = None


def upgrade() -> None:
    messaging_tables()
    product_table()
    location_tables()
    scripts(Path(__file__).with_suffix(""), "orders", "allocations", "shipping")

    grant("sales_order, order_line, demand", "SELECT, INSERT, UPDATE")
    grant("order_log", "SELECT, INSERT")
    grant("early_message", "SELECT, INSERT, DELETE")
    grant("allocated_unit, allocated_lot", "SELECT, INSERT, UPDATE, DELETE")
    grant("unit_hold, lot_hold", "SELECT, INSERT, DELETE")
    grant("carton, shipment, dispatch_check", "SELECT, INSERT, UPDATE")
