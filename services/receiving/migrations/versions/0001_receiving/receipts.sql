-- Receipts, their lines, and the scanning sessions at the dock.

CREATE TABLE receipt (
    receipt text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL,
    kind text NOT NULL CHECK (kind IN ('ASN', 'BLIND', 'OPENING')),
    warehouse text COLLATE "C",
    supplier text NOT NULL,
    expected_at timestamptz,
    status text NOT NULL CHECK (status IN ('PLANNED', 'ARRIVED', 'CLOSED', 'CANCELLED')),
    sessions integer NOT NULL CHECK (sessions >= 0),
    own_lines integer NOT NULL,
    created_at timestamptz NOT NULL,
    ended_at timestamptz,
    reason text NOT NULL
);
COMMENT ON COLUMN receipt.warehouse IS 'empty while only its cancellation is known';
COMMENT ON COLUMN receipt.sessions IS 'open or confirmed ones';
CREATE INDEX receipt_status ON receipt (status, receipt);

CREATE TABLE receipt_line (
    receipt text COLLATE "C" NOT NULL,
    line text COLLATE "C" NOT NULL,
    sku text COLLATE "C" NOT NULL,
    announced numeric NOT NULL CHECK (announced >= 0),
    named integer NOT NULL CHECK (named >= 0),
    unnamed integer NOT NULL CHECK (unnamed >= 0),
    scanned numeric NOT NULL CHECK (scanned >= 0),
    received numeric NOT NULL CHECK (received >= 0),
    waiting boolean NOT NULL,
    PRIMARY KEY (receipt, line)
);
COMMENT ON COLUMN receipt_line.named IS 'units announced by their serials';
COMMENT ON COLUMN receipt_line.unnamed IS 'scanned or received units, not announced by name';
COMMENT ON COLUMN receipt_line.waiting IS 'its product is not defined yet';
CREATE INDEX receipt_line_sku ON receipt_line (sku, receipt);
CREATE INDEX receipt_line_waiting ON receipt_line (sku) WHERE waiting;

CREATE TABLE session (
    receipt text COLLATE "C" NOT NULL,
    session text COLLATE "C" NOT NULL,
    owner text NOT NULL,
    state text NOT NULL CHECK (state IN ('OPEN', 'CONFIRMED', 'DROPPED')),
    opened_at timestamptz NOT NULL,
    ended_at timestamptz,
    PRIMARY KEY (receipt, session)
);
CREATE INDEX session_open ON session (receipt) WHERE state = 'OPEN';
