"""Initial schema of fulfillment: orders and their demands, units and lots, cartons and shipments."""

from pathlib import Path

from shared.migrate import grant, line_tables, location_replica, product_replica, scripts

revision = "0001_fulfillment"
down_revision = None


def upgrade() -> None:
    line_tables()
    product_replica()
    location_replica()
    scripts(Path(__file__).with_suffix(""), "orders", "goods", "shipping")

    grant("sales_order, order_line, demand", "SELECT, INSERT, UPDATE")
    grant("order_log", "SELECT, INSERT")
    grant("overtaking", "SELECT, INSERT, DELETE")
    grant("unit, pile", "SELECT, INSERT, UPDATE, DELETE")
    grant("unit_hold, lot_hold", "SELECT, INSERT, DELETE")
    grant("carton, shipment, dispatch_check", "SELECT, INSERT, UPDATE")
