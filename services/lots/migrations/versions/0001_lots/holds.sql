-- Holds, and the expiry events that were published.

-- on a lot everywhere (no location), or at one location
CREATE TABLE hold (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    hold text COLLATE "C" NOT NULL,
    sku text COLLATE "C" NOT NULL,
    lot text COLLATE "C" NOT NULL,
    location text COLLATE "C",
    kind text NOT NULL CHECK (kind IN (
        'ASKED', 'SHORT_LIFE', 'EXPIRY_DIFFERS', 'EXPIRED', 'RETURN', 'NOT_FOUND', 'RECALL'
    )),
    reason text NOT NULL,
    role text NOT NULL,
    return_id text,
    waiting numeric NOT NULL CHECK (waiting >= 0),  -- returned quantity without a disposition
    opened_by text NOT NULL,
    opened_at timestamptz NOT NULL,
    lifted_by text,
    lifted_at timestamptz,
    lifted_reason text
);
CREATE UNIQUE INDEX hold_open ON hold (sku, lot, hold, location) NULLS NOT DISTINCT WHERE lifted_at IS NULL;
CREATE INDEX hold_id ON hold (sku, hold);

-- Once for each lot, warehouse and threshold in days; threshold -1 means expired. Deleted when the expiry is corrected.
CREATE TABLE expiry_told (
    sku text COLLATE "C" NOT NULL,
    lot text COLLATE "C" NOT NULL,
    warehouse text COLLATE "C" NOT NULL,
    threshold integer NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (sku, lot, warehouse, threshold)
);
