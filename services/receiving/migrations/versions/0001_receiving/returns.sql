-- Customer returns: units and lots that came back, and their dispositions.

CREATE TABLE customer_return (
    return_id text COLLATE "C" PRIMARY KEY,
    "order" text COLLATE "C" NOT NULL,
    customer text COLLATE "C" NOT NULL,
    hold text NOT NULL,
    at timestamptz NOT NULL,
    actor text NOT NULL
);
CREATE INDEX customer_return_order ON customer_return ("order", customer);

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
CREATE INDEX lot_disposition_return ON lot_disposition (return_id, sku, lot);
