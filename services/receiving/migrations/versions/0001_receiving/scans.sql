-- Units, scans and discrepancies.

CREATE TABLE unit (
    sku text COLLATE "C" NOT NULL,
    serial text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    status text NOT NULL CHECK (status IN ('INACTIVE', 'EXPECTED', 'SCANNED', 'ON_HAND', 'SHIPPED', 'VOID')),
    receipt text COLLATE "C",
    line text COLLATE "C",
    is_listed boolean NOT NULL,
    session text COLLATE "C",
    location text COLLATE "C",
    scanned_by text,
    scanned_at timestamptz,
    order_id text COLLATE "C",
    customer text COLLATE "C",
    return_id text COLLATE "C",
    lot text COLLATE "C",
    expiry date
);
COMMENT ON TABLE unit IS 'every serial number ever announced or scanned, for the duplicate check';
-- Serial numbers are unique per product; lower(serial) finds those that differ only in case.
CREATE UNIQUE INDEX unit_key ON unit (sku, lower(serial), serial);
CREATE INDEX unit_expected ON unit (receipt, serial) WHERE status = 'EXPECTED';
CREATE INDEX unit_scanned ON unit (receipt, session) WHERE status = 'SCANNED';

CREATE TABLE lot_scan (
    scan_id text COLLATE "C" PRIMARY KEY,
    receipt text COLLATE "C" NOT NULL,
    session text COLLATE "C" NOT NULL,
    line text COLLATE "C",
    sku text COLLATE "C" NOT NULL,
    lot text COLLATE "C" NOT NULL,
    location text COLLATE "C" NOT NULL,
    status text NOT NULL CHECK (status IN ('SCANNED', 'OVER', 'UNEXPECTED', 'RECEIVED', 'REJECTED')),
    quantity numeric NOT NULL CHECK (quantity > 0),
    expiry date,
    manufactured_on date,
    best_before date,
    scanned_by text NOT NULL,
    scanned_at timestamptz NOT NULL
);
COMMENT ON TABLE lot_scan IS 'scanned quantity of a lot in a session; a supervisor resolves OVER and UNEXPECTED';
CREATE INDEX lot_scan_lot ON lot_scan (receipt, sku, lot);
CREATE INDEX lot_scan_session ON lot_scan (receipt, session);
CREATE INDEX lot_scan_sku ON lot_scan (sku);

CREATE TABLE unmatched_scan (
    receipt text COLLATE "C" NOT NULL,
    sku text COLLATE "C" NOT NULL,
    serial text COLLATE "C" NOT NULL,
    session text COLLATE "C" NOT NULL,
    kind text NOT NULL,
    line text COLLATE "C",
    location text COLLATE "C" NOT NULL,
    conflicting_value text COLLATE "C",
    scanned_by text NOT NULL,
    scanned_at timestamptz NOT NULL,
    lot text COLLATE "C",
    expiry date,
    PRIMARY KEY (receipt, sku, serial)
);
COMMENT ON TABLE unmatched_scan IS 'scanned units of open sessions that become discrepancies on confirmation';
CREATE INDEX unmatched_scan_session ON unmatched_scan (receipt, session);

CREATE TABLE discrepancy (
    discrepancy text COLLATE "C" PRIMARY KEY,
    receipt text COLLATE "C" NOT NULL,
    session text COLLATE "C",
    kind text NOT NULL,
    line text COLLATE "C",
    sku text COLLATE "C" NOT NULL,
    serial text COLLATE "C",
    missing_serials text[] NOT NULL,
    quantity numeric NOT NULL,
    location text COLLATE "C",
    conflicting_value text COLLATE "C",
    found_at timestamptz NOT NULL,
    found_by text NOT NULL,
    resolution text,
    matched_serial text,
    reason text NOT NULL,
    resolved_at timestamptz,
    resolved_by text,
    lot text COLLATE "C",
    expiry date,
    scan_id text COLLATE "C"
);
COMMENT ON COLUMN discrepancy.scan_id IS 'lot scan of a lot discrepancy';
CREATE INDEX discrepancy_receipt ON discrepancy (receipt, discrepancy);
CREATE INDEX discrepancy_open ON discrepancy (receipt, sku, serial) WHERE resolution IS NULL;
