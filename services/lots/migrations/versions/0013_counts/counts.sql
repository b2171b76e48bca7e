-- Counts of lots at locations.

ALTER TABLE balance
    ADD COLUMN counted_at timestamptz,
    DROP CONSTRAINT balance_check,
    ADD CONSTRAINT balance_check CHECK (allocated >= 0 AND on_hand >= 0);

ALTER TABLE picked_stock ADD COLUMN missing numeric NOT NULL DEFAULT 0 CHECK (missing BETWEEN 0 AND quantity);
CREATE INDEX picked_stock_location ON picked_stock (location, sku, lot) WHERE quantity > 0;

-- changes after the time of a count
CREATE INDEX ledger_occurred_at ON ledger (sku, lot, occurred_at);

-- books and variance as known at present: movements from before a count may arrive after it
CREATE TABLE stock_count (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sku text COLLATE "C" NOT NULL,
    lot text COLLATE "C" NOT NULL,
    location text COLLATE "C" NOT NULL,
    warehouse text COLLATE "C" NOT NULL,
    counted_at timestamptz NOT NULL,
    counted numeric NOT NULL,
    books numeric NOT NULL,
    variance numeric NOT NULL,
    status text NOT NULL CHECK (status IN ('SETTLED', 'DISCREPANCY', 'SUPERSEDED')),
    code text,
    detail text NOT NULL,
    reason text NOT NULL,
    actor text NOT NULL,
    recorded_at timestamptz NOT NULL,
    cause_source text NOT NULL,
    cause_id text NOT NULL,
    CHECK (variance = counted - books)
);
CREATE INDEX stock_count_location ON stock_count (sku, location, lot, counted_at);
CREATE INDEX stock_count_status ON stock_count (status, id);
