"""Orders, their lines, demands and units; cartons, shipments and dispatch checks; the log of an order."""

from shared.migrate import grant, line_tables, location_replica, product_replica, sql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    line_tables()
    product_replica()
    location_replica()
    sql(ORDERS)
    sql(SHIPPING)
    grant("sales_order, order_line, demand, carton, shipment, dispatch_check", "SELECT, INSERT, UPDATE")
    grant("unit", "SELECT, INSERT, UPDATE, DELETE")
    grant("unit_hold, overtaking", "SELECT, INSERT, DELETE")
    grant("order_log", "SELECT, INSERT")


ORDERS = """
CREATE TABLE sales_order (
    order_id text COLLATE "C" PRIMARY KEY,
    warehouse text NOT NULL,
    customer text COLLATE "C" NOT NULL,
    customer_name text NOT NULL,
    ship_to text NOT NULL,
    contact text NOT NULL,
    priority smallint NOT NULL,
    backorders text NOT NULL CHECK (backorders IN ('ALLOWED', 'REFUSED', 'SHIP_COMPLETE')),
    placed_at timestamptz NOT NULL,
    status text NOT NULL CHECK (status IN ('WAITING', 'OPEN', 'COMPLETE', 'CANCELLED')),
    packing integer NOT NULL,  -- rises with every change that ends a dispatch check of the order
    digest bytea NOT NULL      -- of the message that placed it, to know a repeat from another order of the same id
);
CREATE INDEX sales_order_customer ON sales_order (customer, order_id);
CREATE INDEX sales_order_open ON sales_order (warehouse, priority DESC, placed_at) WHERE status IN ('OPEN', 'WAITING');

CREATE TABLE order_line (
    order_id text COLLATE "C" NOT NULL,
    line text COLLATE "C" NOT NULL,
    position integer NOT NULL,
    sku text COLLATE "C" NOT NULL,
    ordered numeric(13, 6) NOT NULL,
    serials text[] NOT NULL,
    allocated integer NOT NULL CHECK (allocated >= 0),
    picked integer NOT NULL CHECK (picked >= 0),
    packed integer NOT NULL CHECK (packed BETWEEN 0 AND picked),
    shipped integer NOT NULL CHECK (shipped >= 0),
    waiting boolean NOT NULL,
    cancelled boolean NOT NULL,
    PRIMARY KEY (order_id, line),
    CHECK (allocated + picked + shipped <= ordered)
);
CREATE INDEX order_line_waiting ON order_line (sku) WHERE waiting;

CREATE TABLE demand (
    demand text COLLATE "C" PRIMARY KEY,
    order_id text COLLATE "C" NOT NULL,
    line text COLLATE "C" NOT NULL,
    sku text COLLATE "C" NOT NULL,
    tracking text NOT NULL,
    quantity numeric(13, 6) NOT NULL,
    shortfall text NOT NULL,
    serials text[] NOT NULL,
    answered boolean NOT NULL,
    given integer NOT NULL,    -- units it was ever given
    closed boolean NOT NULL,
    withdrawn boolean NOT NULL,
    instead_of text,           -- of an exchange: the unit given back
    outcome text NOT NULL
);
CREATE INDEX demand_order ON demand (order_id);

-- A unit has one row in hand (no shipment) and one for every shipment it ever left with: the key says so.
CREATE TABLE unit (
    sku text COLLATE "C" NOT NULL,
    serial text COLLATE "C" NOT NULL,
    shipment text COLLATE "C" NOT NULL DEFAULT '',
    order_id text COLLATE "C" NOT NULL,
    line text COLLATE "C" NOT NULL,
    demand text COLLATE "C" NOT NULL,
    status text NOT NULL CHECK (status IN ('ALLOCATED', 'PICKED', 'SHIPPED')),
    location text NOT NULL,
    carton text COLLATE "C",
    PRIMARY KEY (sku, serial, shipment),
    CHECK ((status = 'SHIPPED') = (shipment <> ''))
);
CREATE INDEX unit_order ON unit (order_id, carton);

-- A copy of the holds that serials has opened on units of orders.
CREATE TABLE unit_hold (
    sku text COLLATE "C" NOT NULL,
    serial text COLLATE "C" NOT NULL,
    hold text COLLATE "C" NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (sku, serial, hold)
);
CREATE INDEX unit_hold_hold ON unit_hold (hold);

-- Messages that overtook the order they are about: it is born with them.
CREATE TABLE overtaking (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id text COLLATE "C" NOT NULL,
    event jsonb NOT NULL
);
CREATE INDEX overtaking_order ON overtaking (order_id);

CREATE TABLE order_log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id text COLLATE "C" NOT NULL,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    what text NOT NULL,
    detail jsonb NOT NULL,
    source text NOT NULL,
    message text NOT NULL
);
CREATE INDEX order_log_order ON order_log (order_id, id);
"""

SHIPPING = """
CREATE TABLE carton (
    carton text COLLATE "C" PRIMARY KEY,
    order_id text COLLATE "C" NOT NULL,
    shipment text COLLATE "C"
);
CREATE INDEX carton_order ON carton (order_id);
CREATE INDEX carton_shipment ON carton (shipment) WHERE shipment IS NOT NULL;

CREATE TABLE shipment (
    shipment text COLLATE "C" PRIMARY KEY,
    warehouse text NOT NULL,
    orders text[] NOT NULL,
    carrier text NOT NULL,
    tracking_number text NOT NULL,
    status text NOT NULL CHECK (status IN ('CREATED', 'DISPATCHED', 'CANCELLED')),
    check_id text COLLATE "C",
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    dispatched_at timestamptz,
    CHECK ((status = 'DISPATCHED') = (dispatched_at IS NOT NULL))
);

CREATE TABLE dispatch_check (
    check_id text COLLATE "C" PRIMARY KEY,
    shipment text COLLATE "C" NOT NULL,
    orders text[] NOT NULL,
    packing integer[] NOT NULL,  -- of each order when it was asked
    asked integer NOT NULL,
    approved integer NOT NULL CHECK (approved <= asked),
    until timestamptz,
    status text NOT NULL CHECK (status IN ('CHECKING', 'DISPATCHED', 'REFUSED', 'ENDED')),
    reasons jsonb NOT NULL,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    ended_at timestamptz
);
CREATE INDEX dispatch_check_shipment ON dispatch_check (shipment);
"""
