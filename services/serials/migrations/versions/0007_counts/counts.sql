-- Counts of the units at a location, sent in parts; the last part completes a count.
CREATE TABLE location_count (
    location text COLLATE "C" NOT NULL,
    count_id text COLLATE "C" NOT NULL,
    counted_at timestamptz NOT NULL,
    parts integer NOT NULL,
    counted_by text NOT NULL,
    recorded_at timestamptz NOT NULL,
    received_parts integer[] NOT NULL,
    completed_at timestamptz,
    PRIMARY KEY (location, count_id)
);
CREATE INDEX location_count_latest ON location_count (location, counted_at) WHERE completed_at IS NOT NULL;

CREATE TABLE counted_unit (
    location text COLLATE "C" NOT NULL,
    count_id text COLLATE "C" NOT NULL,
    part bigint NOT NULL,
    sku text COLLATE "C" NOT NULL,
    serial text COLLATE "C" NOT NULL,
    PRIMARY KEY (location, count_id, part, sku, serial)
);

-- Units that a count missed, or scanned where they are not registered, until a supervisor or a later count resolves them.
CREATE TABLE count_discrepancy (
    discrepancy text COLLATE "C" PRIMARY KEY,
    location text COLLATE "C" NOT NULL,
    count_id text COLLATE "C" NOT NULL,
    sku text COLLATE "C" NOT NULL,
    serial text COLLATE "C" NOT NULL,
    kind text NOT NULL,
    unit_status status,
    unit_location text COLLATE "C",
    order_id text COLLATE "C",
    counted_at timestamptz NOT NULL,
    counted_by text NOT NULL,
    status text NOT NULL,
    resolution text,
    resolved_by text,
    resolved_at timestamptz,
    reason text NOT NULL
);
CREATE INDEX count_discrepancy_open ON count_discrepancy (location) WHERE status = 'OPEN';
CREATE INDEX count_discrepancy_unit ON count_discrepancy (sku, serial);
CREATE INDEX count_discrepancy_location ON count_discrepancy (location, discrepancy);
