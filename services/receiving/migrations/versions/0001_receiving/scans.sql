-- Scanned units and lots, and how they differ from what was announced.

CREATE TABLE unit (
    sku text COLLATE "C" NOT NULL,
    serial text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    state text NOT NULL CHECK (state IN ('ABSENT', 'EXPECTED', 'SCANNED', 'IN_HOUSE', 'OUT', 'VOID')),
    receipt text COLLATE "C",
    line text COLLATE "C",
    named boolean NOT NULL,
    session text COLLATE "C",
    location text COLLATE "C",
    scanned_by text,
    scanned_at timestamptz,
    "order" text COLLATE "C",
    customer text COLLATE "C",
    return_id text COLLATE "C",
    lot text COLLATE "C",
    expiry date
);
COMMENT ON TABLE unit IS 'every serial of a product ever announced or scanned: the authority on what is a duplicate';
-- no two serials of a product are equal; lower(serial) also finds those that differ in case alone
CREATE UNIQUE INDEX unit_key ON unit (sku, lower(serial), serial);
CREATE INDEX unit_expected ON unit (receipt, serial) WHERE state = 'EXPECTED';
CREATE INDEX unit_scanned ON unit (receipt, session) WHERE state = 'SCANNED';

CREATE TABLE lot_scan (
    scan text COLLATE "C" PRIMARY KEY,
    receipt text COLLATE "C" NOT NULL,
    session text COLLATE "C" NOT NULL,
    line text COLLATE "C",
    sku text COLLATE "C" NOT NULL,
    lot text COLLATE "C" NOT NULL,
    location text COLLATE "C" NOT NULL,
    state text NOT NULL CHECK (state IN ('SCANNED', 'OVER', 'UNEXPECTED', 'RECEIVED', 'DECLINED')),
    quantity numeric NOT NULL CHECK (quantity > 0),
    expiry date,
    manufactured date,
    best_before date,
    actor text NOT NULL,
    at timestamptz NOT NULL
);
COMMENT ON TABLE lot_scan IS 'so much of a lot as it was scanned; OVER and UNEXPECTED wait for a supervisor';
CREATE INDEX lot_scan_lot ON lot_scan (receipt, sku, lot);
CREATE INDEX lot_scan_session ON lot_scan (receipt, session);
CREATE INDEX lot_scan_sku ON lot_scan (sku);

CREATE TABLE aside (
    receipt text COLLATE "C" NOT NULL,
    sku text COLLATE "C" NOT NULL,
    serial text COLLATE "C" NOT NULL,
    session text COLLATE "C" NOT NULL,
    kind text NOT NULL,
    line text COLLATE "C",
    location text COLLATE "C" NOT NULL,
    other text COLLATE "C",
    actor text NOT NULL,
    at timestamptz NOT NULL,
    lot text COLLATE "C",
    expiry date,
    PRIMARY KEY (receipt, sku, serial)
);
COMMENT ON TABLE aside IS 'scanned units of open sessions that will be discrepancies once confirmed';
CREATE INDEX aside_session ON aside (receipt, session);

CREATE TABLE discrepancy (
    discrepancy text COLLATE "C" PRIMARY KEY,
    receipt text COLLATE "C" NOT NULL,
    session text COLLATE "C",
    kind text NOT NULL,
    line text COLLATE "C",
    sku text COLLATE "C" NOT NULL,
    serial text COLLATE "C",
    missing text[] NOT NULL,
    quantity numeric NOT NULL,
    location text COLLATE "C",
    other text COLLATE "C",
    found_at timestamptz NOT NULL,
    found_by text NOT NULL,
    resolution text,
    tied_to text,
    reason text NOT NULL,
    resolved_at timestamptz,
    resolved_by text,
    lot text COLLATE "C",
    expiry date,
    scan text COLLATE "C"
);
COMMENT ON COLUMN discrepancy.scan IS 'of counted goods: what was scanned';
CREATE INDEX discrepancy_receipt ON discrepancy (receipt, discrepancy);
CREATE INDEX discrepancy_open ON discrepancy (receipt, sku, serial) WHERE resolution IS NULL;
