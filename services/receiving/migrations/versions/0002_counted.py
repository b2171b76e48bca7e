"""Counted goods: what days of life mean, lots as they are scanned, and lots that went out and came back."""

from shared.migrate import grant, product_life, sql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

RECEIPTS = """
ALTER TABLE receipt_line ALTER scanned TYPE numeric, ALTER received TYPE numeric;
COMMENT ON COLUMN receipt_line.unnamed IS 'scanned or received units, not announced by name';

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

ALTER TABLE unit ADD COLUMN lot text COLLATE "C", ADD COLUMN expiry date;
ALTER TABLE aside ADD COLUMN lot text COLLATE "C", ADD COLUMN expiry date;
ALTER TABLE discrepancy ADD COLUMN lot text COLLATE "C", ADD COLUMN expiry date, ADD COLUMN scan text COLLATE "C";
COMMENT ON COLUMN discrepancy.scan IS 'of counted goods: what was scanned';
"""

RETURNS = """
CREATE TABLE shipped_lot (
    "order" text COLLATE "C" NOT NULL,
    customer text COLLATE "C" NOT NULL,
    sku text COLLATE "C" NOT NULL,
    lot text COLLATE "C" NOT NULL,
    shipped numeric NOT NULL,
    returned numeric NOT NULL,
    PRIMARY KEY ("order", customer, sku, lot),
    CHECK (0 <= returned AND returned <= shipped)
);
COMMENT ON TABLE shipped_lot IS 'how much of a lot went to a customer on an order, and how much of it has come back';
CREATE TABLE return_lot (
    return_id text COLLATE "C" NOT NULL,
    sku text COLLATE "C" NOT NULL,
    lot text COLLATE "C" NOT NULL,
    location text COLLATE "C" NOT NULL,
    quantity numeric NOT NULL,
    disposed numeric NOT NULL,
    reason text NOT NULL,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    PRIMARY KEY (return_id, sku, lot, location),
    CHECK (0 <= disposed AND disposed <= quantity)
);
CREATE TABLE lot_disposition (
    return_id text COLLATE "C" NOT NULL,
    sku text COLLATE "C" NOT NULL,
    lot text COLLATE "C" NOT NULL,
    location text COLLATE "C" NOT NULL,
    quantity numeric NOT NULL CHECK (quantity > 0),
    disposition text NOT NULL CHECK (disposition IN ('RESTOCK', 'SCRAP', 'SEND_BACK')),
    reason text NOT NULL,
    at timestamptz NOT NULL,
    actor text NOT NULL
);
COMMENT ON TABLE lot_disposition IS 'parts of a returned quantity may be decided differently';
CREATE INDEX customer_return_order ON customer_return ("order", customer);
CREATE INDEX lot_disposition_return ON lot_disposition (return_id, sku, lot);
"""


def upgrade() -> None:
    product_life()
    sql(RECEIPTS + RETURNS)
    grant(
        "lot_scan",
        "SELECT, INSERT, DELETE, UPDATE (line, state, quantity, expiry, manufactured, best_before, actor, at)",
    )
    grant("unit", "UPDATE (lot, expiry)")
    grant("shipped_lot", "SELECT, INSERT, UPDATE")
    grant("return_lot", "SELECT, INSERT, UPDATE (quantity, disposed)")
    grant("lot_disposition", "SELECT, INSERT")
