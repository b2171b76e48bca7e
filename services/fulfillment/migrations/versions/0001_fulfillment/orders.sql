-- Orders, their lines and demands, and the log of an order.

CREATE TABLE sales_order (
    order_id text COLLATE "C" PRIMARY KEY,
    warehouse text NOT NULL,
    customer text COLLATE "C" NOT NULL,
    customer_name text NOT NULL,
    ship_to text NOT NULL,
    contact text NOT NULL,
    priority smallint NOT NULL,
    backorders text NOT NULL CHECK (backorders IN ('ALLOWED', 'REFUSED', 'SHIP_COMPLETE')),
    placed_at timestamptz NOT NULL,
    status text NOT NULL CHECK (status IN ('WAITING', 'OPEN', 'COMPLETE', 'CANCELLED')),
    packing integer NOT NULL,  -- counts the changes that end a dispatch check of the order
    digest bytea NOT NULL,     -- of the message that placed it, to tell a repeat from another order of the same id
    min_life_days integer NOT NULL DEFAULT 0
);
CREATE INDEX sales_order_customer ON sales_order (customer, order_id);
CREATE INDEX sales_order_open ON sales_order (warehouse, priority DESC, placed_at) WHERE status IN ('OPEN', 'WAITING');
-- the list of orders by status, without walking through all that are complete
CREATE INDEX sales_order_unfinished ON sales_order (status, order_id) WHERE status IN ('OPEN', 'WAITING', 'CANCELLED');

CREATE TABLE order_line (
    order_id text COLLATE "C" NOT NULL,
    line text COLLATE "C" NOT NULL,
    position integer NOT NULL,
    sku text COLLATE "C" NOT NULL,
    ordered numeric(13, 6) NOT NULL,
    serials text[] NOT NULL,
    allocated numeric(13, 6) NOT NULL CHECK (allocated >= 0),
    picked numeric(13, 6) NOT NULL CHECK (picked >= 0),
    packed numeric(13, 6) NOT NULL CHECK (packed BETWEEN 0 AND picked),
    shipped numeric(13, 6) NOT NULL CHECK (shipped >= 0),
    waiting boolean NOT NULL,
    cancelled boolean NOT NULL,
    lots text[] NOT NULL DEFAULT '{}',
    single_lot boolean NOT NULL DEFAULT false,
    PRIMARY KEY (order_id, line),
    CHECK (allocated + picked + shipped <= ordered)
);
CREATE INDEX order_line_waiting ON order_line (sku) WHERE waiting;

CREATE TABLE demand (
    demand text COLLATE "C" PRIMARY KEY,
    order_id text COLLATE "C" NOT NULL,
    line text COLLATE "C" NOT NULL,
    sku text COLLATE "C" NOT NULL,
    tracking text NOT NULL,
    quantity numeric(13, 6) NOT NULL,
    shortfall text NOT NULL,
    serials text[] NOT NULL,
    answered boolean NOT NULL,
    given numeric(19, 6) NOT NULL,  -- total ever allocated to it
    closed boolean NOT NULL,
    withdrawn boolean NOT NULL,
    instead_of text,                -- of an exchange: the unit given back
    outcome text NOT NULL,
    lots text[] NOT NULL DEFAULT '{}'
);
CREATE INDEX demand_order ON demand (order_id);

-- Events that arrived before their order; they are applied when it is placed.
CREATE TABLE overtaking (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id text COLLATE "C" NOT NULL,
    event jsonb NOT NULL
);
CREATE INDEX overtaking_order ON overtaking (order_id);

CREATE TABLE order_log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id text COLLATE "C" NOT NULL,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    what text NOT NULL,
    detail jsonb NOT NULL,
    source text NOT NULL,
    message text NOT NULL
);
CREATE INDEX order_log_order ON order_log (order_id, id);
