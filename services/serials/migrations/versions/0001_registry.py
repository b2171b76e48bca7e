"""The registry of serialised units, their audit trail, holds and demands.

What never changes and what does are two tables: the login may only insert into `serial`, `act` and `audit`, and only
ever updates the named columns of `serial_state` (S17, S22). There are no foreign keys: rows that belong together are
written by one transaction, and the login deletes nothing.
"""

from shared.migrate import grant, line_tables, location_replica, product_replica, sql

revision = "serials_0001"
down_revision = None

REGISTRY = """
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE TYPE status AS ENUM ('EXPECTED', 'RECEIVED', 'IN_INVENTORY', 'ALLOCATED', 'PICKED', 'SHIPPED');

CREATE TABLE serial (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sku text COLLATE "C" NOT NULL,
    serial text COLLATE "C" NOT NULL,
    known_at timestamptz NOT NULL,
    known_by text NOT NULL,
    receipt text,
    UNIQUE (sku, serial) INCLUDE (id)
);
CREATE INDEX serial_part ON serial USING gin (lower(serial) gin_trgm_ops);
CREATE INDEX serial_prefix ON serial (lower(serial), sku);

CREATE TABLE serial_state (
    id bigint PRIMARY KEY,
    sku text COLLATE "C" NOT NULL,
    serial text COLLATE "C" NOT NULL,
    status status NOT NULL,
    version integer NOT NULL,
    receiving_version integer NOT NULL,
    warehouse text COLLATE "C",
    location text COLLATE "C",
    received_at timestamptz,
    receipt text,
    receipt_line text,
    order_id text COLLATE "C",
    order_line text,
    demand text COLLATE "C",
    shipment text,
    customer text,
    return_id text,
    holds integer NOT NULL CHECK (holds >= 0),
    adjustment text CHECK (adjustment IN ('SCRAPPED', 'LOST', 'VOID', 'SENT_BACK')),
    CHECK (status NOT IN ('ALLOCATED', 'PICKED') OR (order_id IS NOT NULL AND demand IS NOT NULL)),
    CHECK ((status IN ('RECEIVED', 'IN_INVENTORY', 'ALLOCATED', 'PICKED')) = (location IS NOT NULL))
);
-- in the order of allocation: earliest receipt, then serial
CREATE INDEX serial_state_free ON serial_state (sku, warehouse, received_at, serial)
    WHERE status = 'IN_INVENTORY' AND holds = 0 AND adjustment IS NULL;
CREATE INDEX serial_state_held ON serial_state (sku, warehouse) WHERE holds > 0;
CREATE INDEX serial_state_listed ON serial_state (status, sku, serial);
CREATE INDEX serial_state_order ON serial_state (order_id) WHERE order_id IS NOT NULL;
CREATE INDEX serial_state_place ON serial_state (warehouse, location) WHERE warehouse IS NOT NULL;

CREATE SEQUENCE act_id;
CREATE TABLE act (
    id bigint PRIMARY KEY,
    change text NOT NULL,
    reason text NOT NULL,
    actor text NOT NULL,
    occurred timestamptz NOT NULL,
    recorded timestamptz NOT NULL,
    cause_source text NOT NULL,
    cause_id text NOT NULL,
    receipt text,
    line text,
    order_id text,
    demand text,
    shipment text,
    customer text,
    return_id text,
    hold text
);

CREATE TABLE audit (
    serial_id bigint NOT NULL,
    version integer NOT NULL,
    act bigint NOT NULL,
    from_status status,
    status status NOT NULL,
    from_location text,
    location text,
    PRIMARY KEY (serial_id, version)
);

CREATE TABLE hold (
    hold text COLLATE "C" NOT NULL,
    sku text COLLATE "C" NOT NULL,
    serial_id bigint NOT NULL,
    opened bigint NOT NULL,
    lifted bigint,
    PRIMARY KEY (serial_id, opened)
);
CREATE INDEX hold_id ON hold (sku, hold);

CREATE TABLE demand (
    id text COLLATE "C" PRIMARY KEY,
    status text NOT NULL CHECK (status IN ('OPEN', 'CLOSED', 'WITHDRAWN')),
    order_id text COLLATE "C" NOT NULL,
    line text NOT NULL,
    sku text COLLATE "C" NOT NULL,
    warehouse text COLLATE "C",
    customer text,
    priority integer,
    placed_at timestamptz,
    shortfall text CHECK (shortfall IN ('WAIT', 'DROP', 'WHOLE')),
    kind text CHECK (kind IN ('ANY', 'NAMED', 'WHOLE')),
    quantity integer NOT NULL,
    open integer NOT NULL CHECK (open BETWEEN 0 AND quantity)
);
-- in the order of service: priority, then the older order
CREATE INDEX demand_open ON demand (sku, warehouse, kind, priority DESC, placed_at, id) WHERE open > 0;
CREATE INDEX demand_order ON demand (order_id);

CREATE TABLE wanted (
    sku text COLLATE "C" NOT NULL,
    serial text COLLATE "C" NOT NULL,
    demand text COLLATE "C" NOT NULL,
    PRIMARY KEY (sku, serial, demand)
);
CREATE INDEX wanted_demand ON wanted (demand);
"""

CHANGING = """
    status, version, receiving_version, warehouse, location, received_at, receipt, receipt_line, order_id, order_line,
    demand, shipment, customer, return_id, holds, adjustment
"""


def upgrade() -> None:
    line_tables()
    product_replica()
    location_replica()
    sql(REGISTRY)
    grant("serial, act, audit, wanted", "SELECT, INSERT")
    grant("SEQUENCE act_id", "USAGE")
    grant("serial_state, hold, demand", "SELECT, INSERT")
    grant("serial_state", f"UPDATE ({CHANGING})")
    grant("hold", "UPDATE (lifted)")
    grant("demand", "UPDATE (status, open)")
