-- Customer returns: returned units and lots, and their dispositions.

CREATE TABLE customer_return (
    return_id text COLLATE "C" PRIMARY KEY,
    order_id text COLLATE "C" NOT NULL,
    customer text COLLATE "C" NOT NULL,
    hold_id text NOT NULL,
    received_at timestamptz NOT NULL,
    received_by text NOT NULL
);
CREATE INDEX customer_return_order ON customer_return (order_id, customer);

CREATE TABLE return_unit (
    return_id text COLLATE "C" NOT NULL,
    sku text COLLATE "C" NOT NULL,
    serial text COLLATE "C" NOT NULL,
    location text COLLATE "C" NOT NULL,
    reason text NOT NULL,
    received_at timestamptz NOT NULL,
    received_by text NOT NULL,
    disposition text CHECK (disposition IN ('RESTOCK', 'SCRAP', 'RETURN_TO_VENDOR')),
    disposed_reason text,
    disposed_at timestamptz,
    disposed_by text,
    PRIMARY KEY (return_id, sku, serial)
);

CREATE TABLE shipped_lot (
    order_id text COLLATE "C" NOT NULL,
    customer text COLLATE "C" NOT NULL,
    sku text COLLATE "C" NOT NULL,
    lot text COLLATE "C" NOT NULL,
    shipped numeric NOT NULL,
    returned numeric NOT NULL,
    PRIMARY KEY (order_id, customer, sku, lot),
    CHECK (0 <= returned AND returned <= shipped)
);
COMMENT ON TABLE shipped_lot IS 'shipped and returned quantity of a lot by order and customer';

CREATE TABLE return_lot (
    return_id text COLLATE "C" NOT NULL,
    sku text COLLATE "C" NOT NULL,
    lot text COLLATE "C" NOT NULL,
    location text COLLATE "C" NOT NULL,
    quantity numeric NOT NULL,
    disposed numeric NOT NULL,
    reason text NOT NULL,
    received_at timestamptz NOT NULL,
    received_by text NOT NULL,
    PRIMARY KEY (return_id, sku, lot, location),
    CHECK (0 <= disposed AND disposed <= quantity)
);

CREATE TABLE lot_disposition (
    return_id text COLLATE "C" NOT NULL,
    sku text COLLATE "C" NOT NULL,
    lot text COLLATE "C" NOT NULL,
    location text COLLATE "C" NOT NULL,
    quantity numeric NOT NULL CHECK (quantity > 0),
    disposition text NOT NULL CHECK (disposition IN ('RESTOCK', 'SCRAP', 'RETURN_TO_VENDOR')),
    reason text NOT NULL,
    disposed_at timestamptz NOT NULL,
    disposed_by text NOT NULL
);
COMMENT ON TABLE lot_disposition IS 'parts of a returned quantity may have different dispositions';
CREATE INDEX lot_disposition_return ON lot_disposition (return_id, sku, lot);
