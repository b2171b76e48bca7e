"""What is counted: quantities instead of numbers of units, piles of lots and their holds, the life orders demand."""

from shared.migrate import grant, sql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    sql(QUANTITIES)
    sql(PILES)
    grant("pile", "SELECT, INSERT, UPDATE, DELETE")
    grant("lot_hold", "SELECT, INSERT, DELETE")


QUANTITIES = """
ALTER TABLE sales_order ADD min_life_days integer NOT NULL DEFAULT 0;
ALTER TABLE order_line
    ADD lots text[] NOT NULL DEFAULT '{}',
    ADD single_lot boolean NOT NULL DEFAULT false,
    ALTER allocated TYPE numeric(13, 6),
    ALTER picked TYPE numeric(13, 6),
    ALTER packed TYPE numeric(13, 6),
    ALTER shipped TYPE numeric(13, 6);
ALTER TABLE demand ADD lots text[] NOT NULL DEFAULT '{}', ALTER given TYPE numeric(19, 6);
ALTER TABLE unit ADD expiry date;
"""

PILES = """
-- So much of a lot in the hands of an order, and what left of it; an untracked product is of the lot ''.
CREATE TABLE pile (
    pile text COLLATE "C" PRIMARY KEY,
    order_id text COLLATE "C" NOT NULL,
    line text COLLATE "C" NOT NULL,
    demand text COLLATE "C" NOT NULL,
    sku text COLLATE "C" NOT NULL,
    lot text COLLATE "C" NOT NULL,
    expiry date,
    quantity numeric(13, 6) NOT NULL CHECK (quantity > 0),
    status text NOT NULL CHECK (status IN ('ALLOCATED', 'PICKED', 'SHIPPED')),
    location text NOT NULL,
    carton text COLLATE "C",
    shipment text COLLATE "C" NOT NULL DEFAULT '',
    CHECK ((status = 'SHIPPED') = (shipment <> ''))
);
CREATE INDEX pile_order ON pile (order_id, carton);

-- A copy of the holds that lots has opened, on a lot everywhere (no location) or at one place.
CREATE TABLE lot_hold (
    sku text COLLATE "C" NOT NULL,
    lot text COLLATE "C" NOT NULL,
    location text COLLATE "C" NOT NULL DEFAULT '',
    hold text COLLATE "C" NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (sku, lot, location, hold)
);
"""
