"""What is counted: lots, where they lie, what orders have of them, what is held, and the ledger of it all.

What never changes and what does are different tables: the login may only insert into `ledger` and `correction`, and
only ever updates the named columns of the others. A row that has come to nothing stays, at zero.
"""

from shared.migrate import grant, sql

revision = "lots_0003"
down_revision = "lots_0002"

STOCK = """
-- an untracked product is a lot with an empty number and no dates
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
CREATE INDEX lot_expiry ON lot (expiry, sku, lot) WHERE expiry IS NOT NULL;

-- `stored`: of a place where orders may have it
CREATE TABLE balance (
    sku text COLLATE "C" NOT NULL,
    lot text COLLATE "C" NOT NULL,
    location text COLLATE "C" NOT NULL,
    warehouse text COLLATE "C" NOT NULL,
    stored boolean NOT NULL,
    on_hand numeric NOT NULL,
    allocated numeric NOT NULL,
    PRIMARY KEY (sku, lot, location),
    CHECK (0 <= allocated AND allocated <= on_hand)
);
CREATE INDEX balance_free ON balance (sku, warehouse) WHERE stored AND on_hand > allocated;
CREATE INDEX balance_place ON balance (location, sku) WHERE on_hand > 0;

-- what is still ALLOCATED under a demand
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

-- what is picked under a demand and has not left
CREATE TABLE picked (
    demand text COLLATE "C" NOT NULL,
    lot text COLLATE "C" NOT NULL,
    sku text COLLATE "C" NOT NULL,
    warehouse text COLLATE "C" NOT NULL,
    order_id text COLLATE "C" NOT NULL,
    line text NOT NULL,
    quantity numeric NOT NULL CHECK (quantity >= 0),
    PRIMARY KEY (demand, lot)
);
CREATE INDEX picked_lot ON picked (sku, lot) WHERE quantity > 0;
CREATE INDEX picked_order ON picked (order_id) WHERE quantity > 0;

-- each row says by how much it changed what is on hand at its place, and what is picked of the lot in its warehouse
CREATE TABLE ledger (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    change text NOT NULL CHECK (change IN (
        'RECEIVED', 'RETURNED', 'PUT_AWAY', 'MOVED', 'PICKED', 'UNPICKED', 'SHIPPED',
        'SCRAPPED', 'LOST', 'FOUND', 'COUNTED_UP', 'COUNTED_DOWN', 'SENT_BACK'
    )),
    sku text COLLATE "C" NOT NULL,
    lot text COLLATE "C" NOT NULL,
    warehouse text COLLATE "C" NOT NULL,
    location text COLLATE "C",
    on_hand numeric NOT NULL,
    picked numeric NOT NULL,
    reason text NOT NULL,
    actor text NOT NULL,
    occurred timestamptz NOT NULL,
    recorded timestamptz NOT NULL,
    cause_source text NOT NULL,
    cause_id text NOT NULL,
    receipt text,
    order_id text COLLATE "C",
    line text,
    demand text,
    shipment text,
    customer text,
    return_id text,
    CHECK (on_hand <> 0 OR picked <> 0),
    CHECK (on_hand = 0 OR location IS NOT NULL)
);
CREATE INDEX ledger_lot ON ledger (sku, lot, id);
CREATE INDEX ledger_order ON ledger (order_id) WHERE order_id IS NOT NULL;

-- on a lot everywhere, or at one location; a return's says how much waits for its disposition
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
    waiting numeric NOT NULL CHECK (waiting >= 0),
    opened_by text NOT NULL,
    opened_at timestamptz NOT NULL,
    lifted_by text,
    lifted_at timestamptz,
    lifted_reason text
);
CREATE UNIQUE INDEX hold_open ON hold (sku, lot, hold, location) NULLS NOT DISTINCT WHERE lifted_at IS NULL;
CREATE INDEX hold_id ON hold (sku, hold);

CREATE TABLE correction (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sku text COLLATE "C" NOT NULL,
    lot text COLLATE "C" NOT NULL,
    expiry_before date,
    expiry date,
    manufactured_before date,
    manufactured date,
    best_before_before date,
    best_before date,
    reason text NOT NULL,
    actor text NOT NULL,
    occurred timestamptz NOT NULL,
    recorded timestamptz NOT NULL,
    cause_source text NOT NULL,
    cause_id text NOT NULL
);
CREATE INDEX correction_lot ON correction (sku, lot, id);

-- where to look for an empty place
CREATE INDEX location_walk ON location (split_part(location, '/', 1), pick_sequence, location) WHERE type = 'STORAGE';
"""


def upgrade() -> None:
    sql(STOCK)
    grant("ledger, correction, lot, balance, reserved, picked, hold", "SELECT, INSERT")
    grant("lot", "UPDATE (expiry, manufactured, best_before)")
    grant("balance", "UPDATE (stored, on_hand, allocated)")
    grant("reserved, picked", "UPDATE (quantity)")
    grant("hold", "UPDATE (waiting, lifted_by, lifted_at, lifted_reason)")
