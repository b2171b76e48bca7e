-- Lots, their balances by location, and the quantities that are allocated to demands or picked for them.
--
-- expiry in balance and picked is a copy of the lot's, so that pages by expiry are read from an index. due is the day of
-- the next expiry check: '-infinity' is at once, 'infinity' never. Both are dates without NULL, so that rows sort.

CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- an untracked product has one lot, with an empty number and no dates
CREATE TABLE lot (
    sku text COLLATE "C" NOT NULL,
    lot text COLLATE "C" NOT NULL,
    expiry date,
    manufactured date,
    best_before date,
    first_received timestamptz NOT NULL,
    supplier text NOT NULL,
    PRIMARY KEY (sku, lot)
);
CREATE INDEX lot_number ON lot (lot);
CREATE INDEX lot_part ON lot USING gin (lower(lot) gin_trgm_ops);
CREATE INDEX lot_expiry ON lot (expiry, sku, lot) WHERE expiry IS NOT NULL;

-- No index names the column that an allocation updates, so that the update can be heap-only where its page has room.
CREATE TABLE balance (
    sku text COLLATE "C" NOT NULL,
    lot text COLLATE "C" NOT NULL,
    location text COLLATE "C" NOT NULL,
    warehouse text COLLATE "C" NOT NULL,
    stored boolean NOT NULL,  -- the location is one that orders are allocated from
    on_hand numeric NOT NULL,
    allocated numeric NOT NULL,
    due date NOT NULL DEFAULT '-infinity',
    expiry date NOT NULL DEFAULT 'infinity',
    PRIMARY KEY (sku, lot, location),
    CHECK (0 <= allocated AND allocated <= on_hand)
) WITH (fillfactor = 85);
CREATE INDEX balance_stock ON balance (sku, warehouse) WHERE on_hand > 0;
CREATE INDEX balance_place ON balance (location, sku) WHERE on_hand > 0;
CREATE INDEX balance_due ON balance (warehouse, due, sku, lot) WHERE on_hand > 0 AND due < 'infinity';
CREATE INDEX balance_expiry ON balance (warehouse, expiry, sku, lot) WHERE on_hand > 0;

-- allocated to a demand and not picked
CREATE TABLE reserved (
    demand text COLLATE "C" NOT NULL,
    lot text COLLATE "C" NOT NULL,
    location text COLLATE "C" NOT NULL,
    sku text COLLATE "C" NOT NULL,
    order_id text COLLATE "C" NOT NULL,
    line text NOT NULL,
    quantity numeric NOT NULL CHECK (quantity >= 0),
    PRIMARY KEY (demand, lot, location)
);
CREATE INDEX reserved_lot ON reserved (sku, lot, location) WHERE quantity > 0;

-- picked for a demand and not shipped
CREATE TABLE picked (
    demand text COLLATE "C" NOT NULL,
    lot text COLLATE "C" NOT NULL,
    sku text COLLATE "C" NOT NULL,
    warehouse text COLLATE "C" NOT NULL,
    order_id text COLLATE "C" NOT NULL,
    line text NOT NULL,
    quantity numeric NOT NULL CHECK (quantity >= 0),
    expiry date NOT NULL DEFAULT 'infinity',
    due date NOT NULL DEFAULT '-infinity',
    PRIMARY KEY (demand, lot)
);
CREATE INDEX picked_lot ON picked (sku, lot) WHERE quantity > 0;
CREATE INDEX picked_order ON picked (order_id) WHERE quantity > 0;
CREATE INDEX picked_due ON picked (warehouse, due, sku, lot) WHERE quantity > 0 AND due < 'infinity';
CREATE INDEX picked_expiry ON picked (warehouse, expiry, sku, lot) WHERE quantity > 0;

-- the storage locations of a warehouse in the order of picking, to find an empty one
CREATE INDEX location_walk ON location (split_part(location, '/', 1), pick_sequence, location) WHERE type = 'STORAGE';
