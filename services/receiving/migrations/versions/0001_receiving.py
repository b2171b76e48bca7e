"""Receiving's tables: what is defined, what is announced, what came, and one row for every serial ever named."""

from shared.migrate import grant, line_tables, sql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

REFERENCE = """
CREATE TABLE product (
    sku text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL,
    name text NOT NULL,
    unit text NOT NULL,
    tracking text NOT NULL CHECK (tracking IN ('SERIAL', 'LOT', 'NONE'))
);
CREATE TABLE barcode (
    code text COLLATE "C" PRIMARY KEY,
    sku text COLLATE "C" NOT NULL,
    quantity integer NOT NULL
);
CREATE INDEX barcode_sku ON barcode (sku);
CREATE TABLE product_change (
    sku text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    source text NOT NULL,
    message text NOT NULL,
    before jsonb,
    after jsonb NOT NULL,
    PRIMARY KEY (sku, version)
);
CREATE TABLE warehouse (
    warehouse text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL,
    name text NOT NULL,
    time_zone text NOT NULL
);
CREATE TABLE location (
    location text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL,
    type text NOT NULL CHECK (type IN ('DOCK', 'STAGING', 'STORAGE')),
    pick_sequence integer NOT NULL
);
CREATE TABLE place_change (
    place text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    source text NOT NULL,
    message text NOT NULL,
    before jsonb,
    after jsonb NOT NULL,
    PRIMARY KEY (place, version)
);
"""

RECEIPTS = """
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
    scanned integer NOT NULL CHECK (scanned >= 0),
    received integer NOT NULL CHECK (received >= 0),
    waiting boolean NOT NULL,
    PRIMARY KEY (receipt, line)
);
COMMENT ON COLUMN receipt_line.named IS 'units announced by their serials';
COMMENT ON COLUMN receipt_line.unnamed IS 'scanned or received units that were not announced by name';
COMMENT ON COLUMN receipt_line.waiting IS 'its product is not defined yet';
CREATE INDEX receipt_line_sku ON receipt_line (sku, receipt);
CREATE INDEX receipt_line_waiting ON receipt_line (sku) WHERE waiting;

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
    return_id text COLLATE "C"
);
COMMENT ON TABLE unit IS 'every serial of a product ever announced or scanned: the authority on what is a duplicate';
CREATE UNIQUE INDEX unit_key ON unit (sku, lower(serial), serial);
CREATE INDEX unit_expected ON unit (receipt, serial) WHERE state = 'EXPECTED';
CREATE INDEX unit_scanned ON unit (receipt, session) WHERE state = 'SCANNED';

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
    resolved_by text
);
CREATE INDEX discrepancy_receipt ON discrepancy (receipt, discrepancy);
CREATE INDEX discrepancy_open ON discrepancy (receipt, sku, serial) WHERE resolution IS NULL;
"""

RETURNS = """
CREATE TABLE customer_return (
    return_id text COLLATE "C" PRIMARY KEY,
    "order" text COLLATE "C" NOT NULL,
    customer text COLLATE "C" NOT NULL,
    hold text NOT NULL,
    at timestamptz NOT NULL,
    actor text NOT NULL
);
CREATE TABLE return_unit (
    return_id text COLLATE "C" NOT NULL,
    sku text COLLATE "C" NOT NULL,
    serial text COLLATE "C" NOT NULL,
    location text COLLATE "C" NOT NULL,
    reason text NOT NULL,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    disposition text CHECK (disposition IN ('RESTOCK', 'SCRAP', 'SEND_BACK')),
    disposed_reason text,
    disposed_at timestamptz,
    disposed_by text,
    PRIMARY KEY (return_id, sku, serial)
);
"""

CHANGING = (
    'version, state, receipt, line, named, session, location, scanned_by, scanned_at, "order", customer, return_id'
)


def upgrade() -> None:
    line_tables()
    sql(REFERENCE + RECEIPTS + RETURNS)
    grant("product, warehouse, location, receipt, receipt_line, session", "SELECT, INSERT, UPDATE")
    grant("barcode, aside", "SELECT, INSERT, UPDATE, DELETE")
    grant("product_change, place_change", "SELECT, INSERT")
    # A serial's product and text never change, and no unit that was ever named is forgotten (S17, S18).
    grant("unit", f"SELECT, INSERT, UPDATE ({CHANGING})")
    grant("discrepancy", "SELECT, INSERT, UPDATE (resolution, tied_to, reason, resolved_at, resolved_by)")
    grant("customer_return", "SELECT, INSERT")
    grant("return_unit", "SELECT, INSERT, UPDATE (disposition, disposed_reason, disposed_at, disposed_by)")
