-- Receipts, receipt lines and scanning sessions.

CREATE TABLE receipt (
    receipt text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL,
    kind text NOT NULL CHECK (kind IN ('ASN', 'BLIND', 'OPENING')),
    warehouse text COLLATE "C",
    supplier text NOT NULL,
    expected_at timestamptz,
    status text NOT NULL CHECK (status IN ('PLANNED', 'IN_PROGRESS', 'CLOSED', 'CANCELLED')),
    session_count integer NOT NULL CHECK (session_count >= 0),
    unplanned_line_count integer NOT NULL,
    created_at timestamptz NOT NULL,
    ended_at timestamptz,
    reason text NOT NULL
);
COMMENT ON COLUMN receipt.warehouse IS 'null while only the cancellation has been received';
COMMENT ON COLUMN receipt.session_count IS 'open and confirmed sessions';
CREATE INDEX receipt_status ON receipt (status, receipt);

CREATE TABLE receipt_line (
    receipt text COLLATE "C" NOT NULL,
    line text COLLATE "C" NOT NULL,
    sku text COLLATE "C" NOT NULL,
    expected_quantity numeric NOT NULL CHECK (expected_quantity >= 0),
    listed_serials integer NOT NULL CHECK (listed_serials >= 0),
    unlisted_units integer NOT NULL CHECK (unlisted_units >= 0),
    scanned numeric NOT NULL CHECK (scanned >= 0),
    received numeric NOT NULL CHECK (received >= 0),
    awaiting_product boolean NOT NULL,
    PRIMARY KEY (receipt, line)
);
COMMENT ON COLUMN receipt_line.listed_serials IS 'units announced with serial numbers';
COMMENT ON COLUMN receipt_line.unlisted_units IS 'scanned or received units without an announced serial number';
COMMENT ON COLUMN receipt_line.awaiting_product IS 'the product is not defined yet';
CREATE INDEX receipt_line_sku ON receipt_line (sku, receipt);
CREATE INDEX receipt_line_awaiting_product ON receipt_line (sku) WHERE awaiting_product;

CREATE TABLE session (
    receipt text COLLATE "C" NOT NULL,
    session text COLLATE "C" NOT NULL,
    owner text NOT NULL,
    status text NOT NULL CHECK (status IN ('OPEN', 'CONFIRMED', 'DISCARDED')),
    opened_at timestamptz NOT NULL,
    ended_at timestamptz,
    PRIMARY KEY (receipt, session)
);
CREATE INDEX session_open ON session (receipt) WHERE status = 'OPEN';
