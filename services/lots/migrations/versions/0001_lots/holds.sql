-- Holds and published expiry notices.

-- on a lot at one location or, without a location, at all of them
CREATE TABLE hold (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    hold_id text COLLATE "C" NOT NULL,
    sku text COLLATE "C" NOT NULL,
    lot text COLLATE "C" NOT NULL,
    location text COLLATE "C",
    kind text NOT NULL CHECK (kind IN (
        'MANUAL', 'SHORT_SHELF_LIFE', 'EXPIRY_CONFLICT', 'EXPIRED', 'RETURN', 'NOT_FOUND', 'RECALL'
    )),
    reason text NOT NULL,
    owner_role text NOT NULL,
    return_id text,
    pending_quantity numeric NOT NULL CHECK (pending_quantity >= 0),  -- returned quantity without a disposition
    opened_by text NOT NULL,
    opened_at timestamptz NOT NULL,
    released_by text,
    released_at timestamptz,
    released_reason text
);
CREATE UNIQUE INDEX hold_open ON hold (sku, lot, hold_id, location) NULLS NOT DISTINCT WHERE released_at IS NULL;
CREATE INDEX hold_sku_hold_id ON hold (sku, hold_id);

-- One row per lot, warehouse and threshold in days; threshold -1 means expired. Deleted when the expiry is corrected.
CREATE TABLE expiry_notice (
    sku text COLLATE "C" NOT NULL,
    lot text COLLATE "C" NOT NULL,
    warehouse text COLLATE "C" NOT NULL,
    threshold integer NOT NULL,
    published_at timestamptz NOT NULL,
    PRIMARY KEY (sku, lot, warehouse, threshold)
);
