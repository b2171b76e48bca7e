-- Units: the immutable identity of each, and its current state.

CREATE EXTENSION IF NOT EXISTS pg_trgm;

CREATE TYPE status AS ENUM ('EXPECTED', 'RECEIVED', 'IN_INVENTORY', 'ALLOCATED', 'PICKED', 'SHIPPED');

CREATE TABLE serial (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sku text COLLATE "C" NOT NULL,
    serial text COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    receipt text,
    UNIQUE (sku, serial) INCLUDE (id)
);
CREATE INDEX serial_trgm ON serial USING gin (lower(serial) gin_trgm_ops);
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
    demand_id text COLLATE "C",
    shipment text,
    customer text,
    return_id text,
    open_hold_count integer NOT NULL CHECK (open_hold_count >= 0),
    adjustment text CHECK (adjustment IN ('SCRAPPED', 'LOST', 'VOID', 'RETURNED_TO_VENDOR')),
    lot text COLLATE "C",
    expiry date,
    next_expiry_check date,
    open_recall_count integer NOT NULL DEFAULT 0,  -- open recalls that track the unit: rows in recall_tracking
    CHECK (status NOT IN ('ALLOCATED', 'PICKED') OR (order_id IS NOT NULL AND demand_id IS NOT NULL)),
    CHECK ((status IN ('RECEIVED', 'IN_INVENTORY', 'ALLOCATED', 'PICKED')) = (location IS NOT NULL))
);

-- Available units in allocation order: earliest expiry (none is last), earliest receipt, serial.
CREATE INDEX serial_state_available ON serial_state (sku, warehouse, coalesce(expiry, 'infinity'), received_at, serial)
    WHERE status = 'IN_INVENTORY' AND open_hold_count = 0 AND adjustment IS NULL;
CREATE INDEX serial_state_available_by_lot
    ON serial_state (sku, warehouse, lot, coalesce(expiry, 'infinity'), received_at, serial)
    WHERE status = 'IN_INVENTORY' AND open_hold_count = 0 AND adjustment IS NULL AND lot IS NOT NULL;

-- Expiry checks. Units without an expiry are not in the index.
CREATE INDEX serial_state_expiry_check ON serial_state (warehouse, next_expiry_check, sku, expiry)
    WHERE next_expiry_check < 'infinity' AND location IS NOT NULL AND adjustment IS NULL;

-- Lookups and lists.
CREATE INDEX serial_state_on_hold ON serial_state (sku, warehouse) WHERE open_hold_count > 0;
CREATE INDEX serial_state_by_status ON serial_state (status, sku, serial);
CREATE INDEX serial_state_lot ON serial_state (lower(lot), sku) WHERE lot IS NOT NULL;
CREATE INDEX serial_state_order ON serial_state (order_id) WHERE order_id IS NOT NULL;
CREATE INDEX serial_state_location ON serial_state (warehouse, location) WHERE warehouse IS NOT NULL;
