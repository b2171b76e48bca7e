-- The registry: what identifies a unit, and the current state of each.

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
    lot text COLLATE "C",
    expiry date,
    due date,  -- of the next expiry check
    watches integer NOT NULL DEFAULT 0,  -- open recalls that watch the unit: rows in recall_watch
    CHECK (status NOT IN ('ALLOCATED', 'PICKED') OR (order_id IS NOT NULL AND demand IS NOT NULL)),
    CHECK ((status IN ('RECEIVED', 'IN_INVENTORY', 'ALLOCATED', 'PICKED')) = (location IS NOT NULL))
);

-- Available units in the order of allocation: earliest expiry (none is last), earliest receipt, serial.
CREATE INDEX serial_state_free ON serial_state (sku, warehouse, coalesce(expiry, 'infinity'), received_at, serial)
    WHERE status = 'IN_INVENTORY' AND holds = 0 AND adjustment IS NULL;
CREATE INDEX serial_state_free_lot
    ON serial_state (sku, warehouse, lot, coalesce(expiry, 'infinity'), received_at, serial)
    WHERE status = 'IN_INVENTORY' AND holds = 0 AND adjustment IS NULL AND lot IS NOT NULL;

-- Expiry checks. Units without an expiry are not in the index.
CREATE INDEX serial_state_due ON serial_state (warehouse, due, sku, expiry)
    WHERE due < 'infinity' AND location IS NOT NULL AND adjustment IS NULL;

-- Lookups and lists.
CREATE INDEX serial_state_held ON serial_state (sku, warehouse) WHERE holds > 0;
CREATE INDEX serial_state_listed ON serial_state (status, sku, serial);
CREATE INDEX serial_state_lot ON serial_state (lower(lot), sku) WHERE lot IS NOT NULL;
CREATE INDEX serial_state_order ON serial_state (order_id) WHERE order_id IS NOT NULL;
CREATE INDEX serial_state_place ON serial_state (warehouse, location) WHERE warehouse IS NOT NULL;
