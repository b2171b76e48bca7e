-- Lots, their balances by location, and the quantities reserved or picked for demands.
--
-- In balance and picked_stock, expiry is a copy of the lot's date, so that reports by expiry read an index.
-- next_expiry_check is '-infinity' for at once and 'infinity' for never. Both are NOT NULL, so that row comparisons work.

CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- an untracked product has one lot, with an empty number and no dates
CREATE TABLE lot (
    sku text COLLATE "C" NOT NULL,
    lot text COLLATE "C" NOT NULL,
    expiry date,
    manufactured_on date,
    best_before date,
    first_received_at timestamptz NOT NULL,
    supplier text NOT NULL,
    PRIMARY KEY (sku, lot)
);
CREATE INDEX lot_number ON lot (lot);
CREATE INDEX lot_trgm ON lot USING gin (lower(lot) gin_trgm_ops);
CREATE INDEX lot_expiry ON lot (expiry, sku, lot) WHERE expiry IS NOT NULL;

-- No index contains the column that an allocation updates, so that heap-only updates are possible.
CREATE TABLE balance (
    sku text COLLATE "C" NOT NULL,
    lot text COLLATE "C" NOT NULL,
    location text COLLATE "C" NOT NULL,
    warehouse text COLLATE "C" NOT NULL,
    is_storage boolean NOT NULL,  -- stock at the location can be allocated
    on_hand numeric NOT NULL,
    allocated numeric NOT NULL,
    next_expiry_check date NOT NULL DEFAULT '-infinity',
    expiry date NOT NULL DEFAULT 'infinity',
    PRIMARY KEY (sku, lot, location),
    CHECK (0 <= allocated AND allocated <= on_hand)
) WITH (fillfactor = 85);
CREATE INDEX balance_stock ON balance (sku, warehouse) WHERE on_hand > 0;
CREATE INDEX balance_location ON balance (location, sku) WHERE on_hand > 0;
CREATE INDEX balance_next_expiry_check ON balance (warehouse, next_expiry_check, sku, lot)
    WHERE on_hand > 0 AND next_expiry_check < 'infinity';
CREATE INDEX balance_expiry ON balance (warehouse, expiry, sku, lot) WHERE on_hand > 0;

-- allocated to a demand and not yet picked
CREATE TABLE reservation (
    demand_id text COLLATE "C" NOT NULL,
    lot text COLLATE "C" NOT NULL,
    location text COLLATE "C" NOT NULL,
    sku text COLLATE "C" NOT NULL,
    order_id text COLLATE "C" NOT NULL,
    line text NOT NULL,
    quantity numeric NOT NULL CHECK (quantity >= 0),
    PRIMARY KEY (demand_id, lot, location)
);
CREATE INDEX reservation_lot ON reservation (sku, lot, location) WHERE quantity > 0;

-- picked for a demand and not yet shipped
CREATE TABLE picked_stock (
    demand_id text COLLATE "C" NOT NULL,
    lot text COLLATE "C" NOT NULL,
    sku text COLLATE "C" NOT NULL,
    warehouse text COLLATE "C" NOT NULL,
    order_id text COLLATE "C" NOT NULL,
    line text NOT NULL,
    quantity numeric NOT NULL CHECK (quantity >= 0),
    expiry date NOT NULL DEFAULT 'infinity',
    next_expiry_check date NOT NULL DEFAULT '-infinity',
    PRIMARY KEY (demand_id, lot)
);
CREATE INDEX picked_stock_lot ON picked_stock (sku, lot) WHERE quantity > 0;
CREATE INDEX picked_stock_order ON picked_stock (order_id) WHERE quantity > 0;
CREATE INDEX picked_stock_next_expiry_check ON picked_stock (warehouse, next_expiry_check, sku, lot)
    WHERE quantity > 0 AND next_expiry_check < 'infinity';
CREATE INDEX picked_stock_expiry ON picked_stock (warehouse, expiry, sku, lot) WHERE quantity > 0;

-- storage locations of a warehouse in pick sequence, to find an empty one
CREATE INDEX location_pick_sequence ON location (split_part(location, '/', 1), pick_sequence, location)
    WHERE type = 'STORAGE';
