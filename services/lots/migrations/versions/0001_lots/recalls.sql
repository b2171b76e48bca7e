-- Recalls: their products, lots and units, their criteria for later arrivals, and the calls to customers.

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
    asked jsonb  -- the request, to send it again to the service that owns a product's stock later
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

-- What open recalls match in lots that arrive later: a word or range of a notice in lower case, or a lot as named.
CREATE TABLE recall_sought (
    recall text COLLATE "C" NOT NULL,
    kind text NOT NULL CHECK (kind IN ('WORD', 'RANGE', 'LOT')),
    first text COLLATE "C" NOT NULL,
    last text COLLATE "C" NOT NULL,
    skus text[] NOT NULL  -- empty: of any product
);
CREATE INDEX recall_sought_first ON recall_sought (kind, first);

-- each unit as serials last reported it
CREATE TABLE recall_unit (
    recall text COLLATE "C" NOT NULL,
    sku text COLLATE "C" NOT NULL,
    serial text COLLATE "C" NOT NULL,
    lot text,
    status text NOT NULL,
    adjustment text,
    held boolean NOT NULL,
    location text,
    order_id text,
    shipment text,
    customer text,
    customer_name text,
    contact text,
    shipped_at timestamptz,
    PRIMARY KEY (recall, sku, serial)
);

CREATE TABLE recall_mark (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    recall text COLLATE "C" NOT NULL,
    shipment text COLLATE "C" NOT NULL,
    sku text COLLATE "C" NOT NULL,
    item text COLLATE "C" NOT NULL,
    mark text NOT NULL CHECK (mark IN ('NOTIFIED', 'RETURNED', 'DESTROYED', 'UNREACHABLE')),
    note text NOT NULL,
    at timestamptz NOT NULL,
    actor text NOT NULL
);
CREATE INDEX recall_mark_line ON recall_mark (recall, shipment, sku, item, id);

-- whom to call about the goods of a shipment
CREATE TABLE consignee (
    shipment text COLLATE "C" NOT NULL,
    order_id text COLLATE "C" NOT NULL,
    customer text COLLATE "C" NOT NULL,
    customer_name text NOT NULL,
    contact text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (shipment, order_id)
);
