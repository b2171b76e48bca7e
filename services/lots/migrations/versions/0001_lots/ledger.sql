-- The append-only stock ledger and the corrections of lot dates.

-- on_hand is the change of the balance at the location, picked that of the lot's picked stock in the warehouse
CREATE TABLE ledger (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    change text NOT NULL CHECK (change IN (
        'RECEIVED', 'RETURNED', 'PUT_AWAY', 'MOVED', 'PICKED', 'UNPICKED', 'SHIPPED',
        'SCRAPPED', 'LOST', 'FOUND', 'COUNT_GAIN', 'COUNT_LOSS', 'RETURNED_TO_VENDOR'
    )),
    sku text COLLATE "C" NOT NULL,
    lot text COLLATE "C" NOT NULL,
    warehouse text COLLATE "C" NOT NULL,
    location text COLLATE "C",
    on_hand numeric NOT NULL,
    picked numeric NOT NULL,
    reason text NOT NULL,
    actor text NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    cause_source text NOT NULL,
    cause_id text NOT NULL,
    receipt text,
    order_id text COLLATE "C",
    line text,
    demand_id text,
    shipment text,
    customer text,
    return_id text,
    supplier text,
    CHECK (on_hand <> 0 OR picked <> 0),
    CHECK (on_hand = 0 OR location IS NOT NULL)
);
CREATE INDEX ledger_lot ON ledger (sku, lot, id);
CREATE INDEX ledger_order ON ledger (order_id) WHERE order_id IS NOT NULL;

CREATE TABLE correction (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sku text COLLATE "C" NOT NULL,
    lot text COLLATE "C" NOT NULL,
    previous_expiry date,
    expiry date,
    previous_manufactured_on date,
    manufactured_on date,
    previous_best_before date,
    best_before date,
    reason text NOT NULL,
    actor text NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    cause_source text NOT NULL,
    cause_id text NOT NULL
);
CREATE INDEX correction_lot ON correction (sku, lot, id);
