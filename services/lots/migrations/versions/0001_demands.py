"""The demands for counted products, and the copies of products and places."""

from shared.migrate import grant, line_tables, location_replica, product_replica, sql

revision = "lots_0001"
down_revision = None

DEMANDS = """
CREATE TABLE demand (
    id text COLLATE "C" PRIMARY KEY,
    status text NOT NULL CHECK (status IN ('OPEN', 'CLOSED', 'WITHDRAWN')),
    order_id text COLLATE "C" NOT NULL,
    line text NOT NULL,
    sku text COLLATE "C" NOT NULL,
    tracking text NOT NULL CHECK (tracking IN ('LOT', 'NONE')),
    warehouse text,
    customer text,
    priority integer,
    placed_at timestamptz,
    shortfall text CHECK (shortfall IN ('WAIT', 'DROP', 'WHOLE')),
    quantity numeric CHECK (quantity > 0),
    CHECK (status = 'WITHDRAWN' OR (quantity IS NOT NULL AND shortfall IS NOT NULL AND warehouse IS NOT NULL))
);
CREATE INDEX demand_sku ON demand (sku, id);
CREATE INDEX demand_order ON demand (order_id, id);
"""


def upgrade() -> None:
    line_tables()
    product_replica()
    location_replica()
    sql(DEMANDS)
    grant("demand", "SELECT, INSERT")
    grant("demand", "UPDATE (status)")
