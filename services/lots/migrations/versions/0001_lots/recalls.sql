-- Recalls with their products, lots, units, criteria for later receipts, and customer contacts.

CREATE TABLE recall (
    recall text COLLATE "C" PRIMARY KEY,
    reason text NOT NULL,
    notice text NOT NULL,
    mock boolean NOT NULL,
    opened_at timestamptz NOT NULL,
    opened_by text NOT NULL,
    closed_at timestamptz,
    closed_by text,
    closed_reason text,
    request jsonb  -- the command, repeated for products whose tracking changes
);

CREATE TABLE recall_product (
    recall text COLLATE "C" NOT NULL,
    sku text COLLATE "C" NOT NULL,
    tracking text NOT NULL,
    answered_at timestamptz,
    PRIMARY KEY (recall, sku)
);

CREATE TABLE recall_lot (
    recall text COLLATE "C" NOT NULL,
    sku text COLLATE "C" NOT NULL,
    lot text COLLATE "C" NOT NULL,
    PRIMARY KEY (recall, sku, lot)
);

-- Criteria for lots received later: a term or range of the notice in lower case, or a lot number as listed.
CREATE TABLE recall_criterion (
    recall text COLLATE "C" NOT NULL,
    kind text NOT NULL CHECK (kind IN ('TERM', 'RANGE', 'LOT')),
    first text COLLATE "C" NOT NULL,
    last text COLLATE "C" NOT NULL,
    skus text[] NOT NULL  -- empty for any product
);
CREATE INDEX recall_criterion_first ON recall_criterion (kind, first);

-- the latest state of each unit reported by the serials service
CREATE TABLE recall_unit (
    recall text COLLATE "C" NOT NULL,
    sku text COLLATE "C" NOT NULL,
    serial text COLLATE "C" NOT NULL,
    lot text,
    status text NOT NULL,
    adjustment text,
    on_hold boolean NOT NULL,
    location text,
    order_id text,
    shipment text,
    customer text,
    customer_name text,
    contact text,
    shipped_at timestamptz,
    PRIMARY KEY (recall, sku, serial)
);

CREATE TABLE recall_contact (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    recall text COLLATE "C" NOT NULL,
    shipment text COLLATE "C" NOT NULL,
    sku text COLLATE "C" NOT NULL,
    lot_or_serial text COLLATE "C" NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('NOTIFIED', 'RETURNED', 'DESTROYED', 'UNREACHABLE')),
    note text NOT NULL,
    contacted_at timestamptz NOT NULL,
    contacted_by text NOT NULL
);
CREATE INDEX recall_contact_line ON recall_contact (recall, shipment, sku, lot_or_serial, id);

-- customer contacts of shipped orders
CREATE TABLE consignee (
    shipment text COLLATE "C" NOT NULL,
    order_id text COLLATE "C" NOT NULL,
    customer text COLLATE "C" NOT NULL,
    customer_name text NOT NULL,
    contact text NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (shipment, order_id)
);
